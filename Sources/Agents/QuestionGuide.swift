import Groundwork
import Questions
import Transformers

/// The longest reply of the question agent.
public struct QuestionLimits: Sendable, Hashable {
    /// Words of the explanation.
    public var words: Int
    /// Tokens of question, answer and choices together, as a tournament counts them (their sum less 15 stays under 130).
    public var checkedTokens: Int
    /// The same with the explanation.
    public var totalTokens: Int
    /// Tokens of the whole reply: `max_new_tokens`.
    public var newTokens: Int

    public init(words: Int = AnswerFormat.wordLimit, checkedTokens: Int = 144, totalTokens: Int = 1024, newTokens: Int = 1024) {
        self.words = words
        self.checkedTokens = checkedTokens
        self.totalTokens = totalTokens
        self.newTokens = newTokens
    }

    public static let tournament = QuestionLimits()
}

/// What came of one question.
public struct QuestionResult: Sendable, Hashable {
    public let question: AgentQuestion
    public let json: String
    /// Tokens of the reply.
    public let tokens: Int
    public let ending: Ending
    /// Whether the model wrote the question and the four choices and chose the letter. Otherwise the JSON is valid all the
    /// same, but somewhere the clock or the model left a gap that the guide filled.
    public let isWhole: Bool
    /// Choices that said nothing or repeated an earlier one to the end, and were replaced.
    public let repairedChoices: Int
    /// log p of A, B, C, D where the letter stands; empty if time did not allow to score them.
    public let letterLogProbabilities: [Float]
    public let duration: Duration
}

/// Steers one question: topic forced, question and four different choices sampled, the letter chosen by score, an explanation
/// sampled, all within the tournament's limits and before the deadline.
///
/// Each text gets a share of the tokens and of the time that are left when it begins, so that a slow machine writes a shorter
/// question rather than none. A choice that repeats an earlier one is wound back and sampled again with other first tokens,
/// twice; then it is replaced by a fixed rule.
public final class QuestionGuide: Guide {
    /// The smallest room for a choice's text.
    private static let choiceTokens = 8
    private static let questionTokens = 12
    /// Kept for the explanation where `max_new_tokens` is scarce.
    private static let explanationTokens = 24

    private let vocabulary: AgentVocabulary
    private let topic: String
    private let sampling: Sampling
    private let letterTemperature: Double
    private let seed: UInt64
    private let limits: QuestionLimits
    private let deadline: Deadline

    private enum Stage { case opening, writing, letter, letterScored, finished }
    private var stage = Stage.opening
    /// 0 the question, 1 … 4 the choices, 5 the explanation.
    private var part = 0
    private var writer: StringWriter
    private var partEnd: Duration?
    private var partTokens = 0
    private var pace = Pace()
    private var queue: [Demand] = []
    /// Tokens in the stream behind the prompt.
    private var length = 0
    /// Those of them that the model has yet to compute.
    private var uncomputed = 0

    private var questionText = ""
    private var choices: [String] = []
    private var explanation = ""
    private var scores: [Float] = []
    private var letter = Letter.A
    private var attempts = 0
    private var bannedStarts: Set<Int> = []
    private var repairedChoices = 0
    private var isWhole = true
    /// Set when the guide has finished.
    public private(set) var result: QuestionResult?

    /// - Parameters:
    ///   - letterTemperature: 0 takes the likeliest letter; otherwise it is drawn from the four's probabilities.
    ///   - seed: of the letter's draw; the texts are drawn with the stream's.
    public init(
        vocabulary: AgentVocabulary, topic: String, limits: QuestionLimits = .tournament, sampling: Sampling = .greedy,
        letterTemperature: Double = 0, seed: UInt64 = 0, deadline: Deadline = .unlimited
    ) {
        self.vocabulary = vocabulary
        let topic = AnswerFormat.sanitise(topic)
        self.topic = StringWriter.saysSomething(topic) ? topic : "general knowledge"
        self.sampling = sampling
        self.letterTemperature = letterTemperature
        self.seed = seed
        self.limits = limits
        self.deadline = deadline
        writer = StringWriter(vocabulary, sampling: sampling, tokenLimit: 0)
    }

    private var coding: any TokenCoding { vocabulary.coding }

    /// The fewest new tokens in which a question on `topic` has room.
    package static func leastTokens(topic: String, _ coding: any TokenCoding) -> Int {
        skeletonAfterQuestion(coding) + coding.count(QuestionFormat.opening(topic: topic)) + questionTokens + 4 * choiceTokens
    }

    /// Forced tokens behind the question's text: quotes, openings, letter, closing.
    private static func skeletonAfterQuestion(_ coding: any TokenCoding) -> Int {
        let fixed = Letter.allCases.map { QuestionFormat.choiceOpening($0) }
            + [QuestionFormat.answerLink, QuestionFormat.explanationOpening, QuestionFormat.closing, Letter.A.rawValue]
        return 6 + fixed.reduce(0) { $0 + coding.count($1) }
    }

    public func next() throws -> Demand {
        while true {
            if !queue.isEmpty { return issue(queue.removeFirst()) }
            switch stage {
            case .opening:
                queue.append(.append(coding.plain(QuestionFormat.opening(topic: topic))))
                beginPart()
            case .writing:
                if mustStop { writer.stop(.deadline) }
                if let demand = writer.next() { return issue(demand) }
                settle()
            case .letter:
                if isShort(of: nextSteps) {
                    isWhole = false
                    finish(.deadline)
                } else {
                    return issue(.score(vocabulary.letterTokens))
                }
            case .letterScored:
                let token = vocabulary.letterTokens[letter.index]
                queue.append(.append([token] + coding.plain(QuestionFormat.explanationOpening)))
                part = 5
                beginPart()
            case .finished:
                return .finish
            }
        }
    }

    private func issue(_ demand: Demand) -> Demand {
        switch demand {
        case .append(let tokens):
            length += tokens.count
            uncomputed += tokens.count
            pace.begin(at: deadline.clock.now())
        case .rewind(let count):
            length -= count
            uncomputed = max(0, uncomputed - count)
        case .sample, .score, .likeliest: pace.begin(at: deadline.clock.now())
        case .finish: break
        }
        return demand
    }

    public func sampled(_ token: Int) throws {
        guard stage == .writing else { throw AgentError.decoder("a token was sampled where none was demanded") }
        pace.end(at: deadline.clock.now())
        length += 1
        uncomputed = 1
        try writer.sampled(token)
    }

    public func scored(_ logProbabilities: [Float]) throws {
        guard stage == .letter, logProbabilities.count == Letter.allCases.count else {
            throw AgentError.decoder("\(logProbabilities.count) scores came where those of four letters were due, or none")
        }
        pace.end(at: deadline.clock.now())
        uncomputed = 0
        scores = logProbabilities
        letter = Letter.drawn(logProbabilities, temperature: letterTemperature, seed: seed)
        stage = .letterScored
    }

    // MARK: Time

    /// The next pass of the model, over what is forced and not yet computed.
    private var nextSteps: Int { Pace.steps(over: uncomputed) }
    /// The pass that scores the letter.
    private var letterSteps: Int { Pace.steps(over: 1 + coding.count(QuestionFormat.answerLink)) }

    private func isShort(of steps: Int) -> Bool {
        deadline.isShort(of: pace.reserve(steps: steps))
    }

    /// Whether the text being written must end: its share of the time is over. The explanation's is all that is left.
    private var mustStop: Bool {
        if part == 5 { return isShort(of: nextSteps) }
        return isShort(of: nextSteps + letterSteps) || partEnd.map { deadline.clock.now() + (pace.slowest ?? .zero) > $0 } ?? false
    }

    // MARK: Texts

    /// Starts the text of the current part with its share of tokens and time.
    private func beginPart() {
        stage = .writing
        var words = Int.max
        if part == 5 { words = limits.words }
        partTokens = max(tokensForPart(), 0)
        writer = StringWriter(
            vocabulary, sampling: sampling, wordLimit: words, tokenLimit: partTokens, bannedStarts: bannedStarts)
        guard let remaining = deadline.remaining, part < 5 else {
            partEnd = nil
            return
        }
        // Half for the question; of the rest, equal shares for the choices that are left and for the explanation.
        let usable = remaining - pace.reserve(steps: nextSteps + letterSteps)
        partEnd = deadline.clock.now() + (part == 0 ? usable / 2 : usable / (6 - part))
    }

    /// The stream's length once all that is queued has been done.
    private var pendingLength: Int {
        queue.reduce(length) { length, demand in
            switch demand {
            case .append(let tokens): length + tokens.count
            case .rewind(let count): length - count
            case .sample, .score, .likeliest, .finish: length
            }
        }
    }

    /// - Returns: how many tokens the current part's text may take.
    private func tokensForPart() -> Int {
        let prefix = choicePrefix
        let choicesLeft = part == 0 ? 4 : 5 - part
        let pending = pendingLength
        if part == 5 {
            let checked = checkedTokens(questionText, choices)
            return min(limits.newTokens - pending - 1 - coding.count(QuestionFormat.closing), limits.totalTokens - checked)
        }
        // What the checks leave, and what max_new_tokens leaves behind the skeleton that is still to come.
        let checked = limits.checkedTokens - checkedTokens(questionText, choices)
        var skeleton = Self.skeletonAfterQuestion(coding)
        for letter in Letter.allCases.prefix(part) { skeleton -= 1 + coding.count(QuestionFormat.choiceOpening(letter)) }
        let new = limits.newTokens - pending - skeleton
        if part == 0 {
            return min(checked - 4 * (prefix + Self.choiceTokens), scarce(new - 4 * Self.choiceTokens))
        }
        return min(checked / choicesLeft - prefix, max(scarce(new) / choicesLeft, min(Self.choiceTokens, new / choicesLeft)))
    }

    /// Keeps the explanation's room while what is left is enough for both.
    private func scarce(_ tokens: Int) -> Int { max(tokens - Self.explanationTokens, min(tokens, Self.questionTokens)) }

    /// Tokens of "A) " before a choice's text; the one more is for texts that join worse with it than they stand alone.
    private var choicePrefix: Int { coding.count("A) ") + 1 }

    /// Tokens as a tournament counts them for question, answer and choices.
    private func checkedTokens(_ question: String, _ choices: [String]) -> Int {
        coding.count(question) + coding.count(Letter.A.rawValue)
            + zip(Letter.allCases, choices).reduce(0) { $0 + coding.count("\($1.0)) \($1.1)") }
    }

    /// Takes the text that was just written, corrects it if it must be, and goes on to what follows.
    private func settle() {
        let written = writer.text
        var text = written
        if part == 5 {
            let checked = checkedTokens(questionText, choices)
            explanation = StringWriter.shortened(text) { checked + coding.count($0) <= limits.totalTokens }
            finish(writer.ending ?? .closed)
            return
        }
        if part == 0 {
            let room = limits.checkedTokens - 4 * (choicePrefix + Self.choiceTokens)
            text = StringWriter.shortened(text) { checkedTokens($0, []) <= room }
            if !StringWriter.saysSomething(text) {
                text = "Which of these is right?"
                isWhole = false
            }
            questionText = text
        } else {
            let fits = self.fits(in: partTokens)
            text = StringWriter.shortened(text, until: fits)
            if !ChoiceRepair.isNew(text, among: choices) {
                if resample() { return }
                text = ChoiceRepair.replacement(for: text, among: choices, fits: fits)
                repairedChoices += 1
                // The replacement of a repetition is one more distractor; that of a gap is not what the model would have said.
                if writer.ending == .deadline || written.isEmpty { isWhole = false }
            }
            choices.append(text)
        }
        // A gap that the clock left makes the question useless: no more time is spent on it.
        if (!isWhole && writer.ending == .deadline) || isShort(of: letterSteps) {
            abandon()
            return
        }
        follow(written: written, text: text)
    }

    /// Whether the next choice's text keeps to its share of what the checks leave, and to `tokens`.
    private func fits(in tokens: Int) -> (String) -> Bool {
        let room = (limits.checkedTokens - checkedTokens(questionText, choices)) / (4 - choices.count)
        let letter = Letter.allCases[choices.count]
        return { [coding] text in coding.count("\(letter)) \(text)") <= room && coding.count(text) <= tokens }
    }

    /// Queues the correction of what stands in the stream, and the forced text up to the next free one.
    private func follow(written: String, text: String) {
        attempts = 0
        bannedStarts = []
        var forced: [Int] = []
        if text != written {
            if !writer.tokens.isEmpty { queue.append(.rewind(writer.tokens.count)) }
            forced = coding.plain(text)
        }
        forced.append(vocabulary.quote)
        if part < 4 {
            part += 1
            forced += coding.plain(QuestionFormat.choiceOpening(Letter.allCases[part - 1]))
            queue.append(.append(forced))
            beginPart()
        } else {
            forced += coding.plain(QuestionFormat.answerLink)
            queue.append(.append(forced))
            stage = .letter
        }
    }

    /// Winds back to where the choice began, if there is time and room to try another beginning.
    private func resample() -> Bool {
        guard attempts < 2, writer.ending != .deadline, let first = writer.tokens.first, !isShort(of: 2 * letterSteps),
            partEnd.map({ deadline.clock.now() < $0 }) ?? true
        else { return false }
        attempts += 1
        bannedStarts.insert(first)
        queue.append(.rewind(writer.tokens.count))
        let end = partEnd
        beginPart()
        partEnd = end
        return true
    }

    // MARK: The end

    /// Closes the question where it stands, without another pass of the model.
    private func abandon() {
        isWhole = false
        while choices.count < 4 {
            choices.append(ChoiceRepair.replacement(for: "", among: choices, fits: fits(in: .max)))
            repairedChoices += 1
        }
        finish(.deadline)
    }

    private func finish(_ reason: Ending) {
        stage = .finished
        let question = AgentQuestion(
            topic: topic, question: questionText, choices: zip(Letter.allCases, choices).map { "\($0)) \($1)" },
            answer: letter.rawValue, explanation: explanation)
        result = QuestionResult(
            question: question, json: question.json, tokens: length + tokensOfTheEnd(), ending: reason, isWhole: isWhole,
            repairedChoices: repairedChoices, letterLogProbabilities: scores, duration: deadline.elapsed)
    }

    /// Forced tokens that close the reply and need no pass of the model.
    private func tokensOfTheEnd() -> Int { 1 + coding.count(QuestionFormat.closing) }
}
