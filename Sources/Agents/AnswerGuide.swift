import Questions
import Transformers

/// The longest reply of the answer agent.
public struct AnswerLimits: Sendable, Hashable {
    /// Words of the reasoning.
    public var words: Int
    /// Tokens of the reasoning and the letter together, as a tournament counts them.
    public var checkedTokens: Int
    /// Tokens of the whole reply: `max_new_tokens`.
    public var newTokens: Int

    public init(words: Int = AnswerFormat.wordLimit, checkedTokens: Int = 511, newTokens: Int = 512) {
        self.words = words
        self.checkedTokens = checkedTokens
        self.newTokens = newTokens
    }

    public static let tournament = AnswerLimits()
}

/// What came of one answer.
public struct AnswerResult: Sendable, Hashable {
    public let letter: Letter
    /// log p of A, B, C, D right behind the prompt, normalised over the four.
    public let firstPassLogProbabilities: [Float]
    /// log p of the four where the letter stands; those of the first pass where time allowed no more.
    public let logProbabilities: [Float]
    /// Empty in letter mode.
    public let reasoning: String
    public let json: String
    /// Tokens of the reply.
    public let tokens: Int
    public let ending: Ending
    /// False where the letter is that of the first pass because the clock allowed no other.
    public let letterFollowsReasoning: Bool
    /// From the request to the moment when the guide had its reply.
    public let duration: Duration
}

/// Steers one answer.
///
/// In letter mode the reply is opened and the four letters are scored: one pass of the model. In reason mode that comes first
/// too, so that there is an answer from then on; then the stream is wound back, the reasoning is sampled until the model closes
/// it, a limit is reached, or the clock says that closing must begin, and the letters are scored behind it. Where not even that
/// pass has time, the first pass's letter stands.
///
/// The decoder need not compute what follows the letter: the guide assembles the JSON.
public final class AnswerGuide: Guide {
    public enum Mode: String, Codable, Sendable, CaseIterable {
        case letter, reason
    }

    private let vocabulary: AgentVocabulary
    private let mode: Mode
    private let limits: AnswerLimits
    private let deadline: Deadline
    private let answerOpening: [Int]
    private let reasoningOpening: [Int]
    private let link: [Int]
    private let closing: [Int]

    private enum Stage { case opening, firstScore, firstScored, reasoningOpening, writing, correcting, linking, score, scored, finished }
    private var stage = Stage.opening
    private var writer: StringWriter
    private var pace = Pace()
    private var reasoning = ""
    /// The tokens of a reasoning that had to be shortened after it was written.
    private var corrected: [Int]?
    private var firstPass: [Float] = []
    private var secondPass: [Float]?
    /// Set when the guide has finished.
    public private(set) var result: AnswerResult?

    public init(
        vocabulary: AgentVocabulary, mode: Mode = .reason, limits: AnswerLimits = .tournament, sampling: Sampling = .greedy,
        deadline: Deadline = .unlimited
    ) {
        self.vocabulary = vocabulary
        self.mode = mode
        self.limits = limits
        self.deadline = deadline
        let coding = vocabulary.coding
        answerOpening = coding.plain(AnswerFormat.answerOpening)
        reasoningOpening = coding.plain(AnswerFormat.reasoningOpening)
        link = AnswerFormat.answerLink.flatMap { coding.plain($0) }
        closing = coding.plain(AnswerFormat.closing)
        let skeleton = reasoningOpening.count + link.count + 1 + closing.count
        writer = StringWriter(
            vocabulary, sampling: sampling, wordLimit: limits.words,
            tokenLimit: min(limits.newTokens - skeleton, limits.checkedTokens - 1))
    }

    /// Tokens of a reply with an empty reasoning: what `max_new_tokens` must leave room for.
    static func skeleton(_ coding: any TokenCoding) -> Int {
        ([AnswerFormat.reasoningOpening, Letter.A.rawValue, AnswerFormat.closing] + AnswerFormat.answerLink)
            .reduce(0) { $0 + coding.count($1) }
    }

    public func next() throws -> Demand {
        while true {
            switch stage {
            case .opening:
                stage = .firstScore
                pace.begin(at: deadline.clock.now())
                return .append(answerOpening)
            case .firstScore:
                return .score(vocabulary.letterTokens)
            case .firstScored:
                if mode == .letter || isShort(of: writingSteps) {
                    finish()
                } else {
                    stage = .reasoningOpening
                    return .rewind(answerOpening.count)
                }
            case .reasoningOpening:
                stage = .writing
                pace.begin(at: deadline.clock.now())
                return .append(reasoningOpening)
            case .writing:
                if isShort(of: writingSteps) { writer.stop(.deadline) }
                if let demand = writer.next() {
                    if case .sample = demand { pace.begin(at: deadline.clock.now()) }
                    return demand
                }
                stage = .linking
                reasoning = shortened(writer.text)
                if reasoning != writer.text {
                    stage = .correcting
                    corrected = coding.plain(reasoning)
                    return .rewind(writer.tokens.count)
                }
            case .correcting:
                stage = .linking
                if let corrected, !corrected.isEmpty { return .append(corrected) }
            case .linking:
                if isShort(of: Pace.steps(over: (corrected?.count ?? 0) + link.count)) {
                    finish()
                } else {
                    stage = .score
                    pace.begin(at: deadline.clock.now())
                    return .append(link)
                }
            case .score:
                return .score(vocabulary.letterTokens)
            case .scored:
                finish()
            case .finished:
                return .finish
            }
        }
    }

    private var coding: any TokenCoding { vocabulary.coding }

    /// What was sampled may split a text otherwise than the tokenizer does, by which the tournament counts.
    private func shortened(_ text: String) -> String {
        let letterTokens = coding.count(Letter.A.rawValue)
        return StringWriter.shortened(text) { coding.count($0) + letterTokens <= limits.checkedTokens }
    }

    /// One more token, and behind it the letter.
    private var writingSteps: Int { Pace.steps(over: 1) + Pace.steps(over: link.count) }

    private func isShort(of steps: Int) -> Bool {
        deadline.isShort(of: pace.reserve(steps: steps))
    }

    public func sampled(_ token: Int) throws {
        guard stage == .writing else { throw AgentError.decoder("a token was sampled where none was demanded") }
        pace.end(at: deadline.clock.now())
        try writer.sampled(token)
    }

    public func scored(_ logProbabilities: [Float]) throws {
        guard logProbabilities.count == Letter.allCases.count else {
            throw AgentError.decoder("\(logProbabilities.count) scores came for four letters")
        }
        switch stage {
        case .firstScore:
            pace.end(at: deadline.clock.now())
            firstPass = logProbabilities
            stage = .firstScored
        case .score:
            secondPass = logProbabilities
            stage = .scored
        default:
            throw AgentError.decoder("scores came where none were demanded")
        }
    }

    private func finish() {
        stage = .finished
        let scores = secondPass ?? firstPass
        let letter = Letter.likeliest(scores)
        var json: String
        var tokens = 1 + closing.count
        if mode == .letter {
            json = AnswerFormat.answerOpening
            tokens += answerOpening.count
        } else {
            json = AnswerFormat.reasoningOpening + reasoning + AnswerFormat.answerLink.joined()
            tokens += reasoningOpening.count + (corrected ?? writer.tokens).count + link.count
        }
        json += letter.rawValue + AnswerFormat.closing
        result = AnswerResult(
            letter: letter, firstPassLogProbabilities: firstPass, logProbabilities: scores, reasoning: reasoning, json: json,
            tokens: tokens, ending: mode == .letter ? .letterOnly : writer.ending ?? .deadline,
            letterFollowsReasoning: secondPass != nil, duration: deadline.elapsed)
    }
}

extension Letter {
    /// The letter with the highest of four scores; the first of equals. A score that is no number loses.
    public static func likeliest(_ scores: [Float]) -> Letter {
        var best = Letter.A
        var highest = -Float.infinity
        for (letter, score) in zip(Letter.allCases, scores) where score > highest {
            best = letter
            highest = score
        }
        return best
    }
}
