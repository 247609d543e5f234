import Questions
import Transformers

/// Steers one answer.
///
/// First the prompt is read, a piece at a time, so that a question which cannot be read in time is refused in time. Then the
/// reply is opened and the four letters are scored: from here on there is an answer. In letter mode that is all. With the
/// letter first an explanation follows as far as the clock and the limits allow. With the reasoning first the stream is wound
/// back, the reasoning is sampled until the model closes it, a limit is reached, or the clock says that closing must begin, and
/// the letters are scored behind it; where not even that pass has time, the first pass's letter stands.
///
/// The decoder need not compute what follows the letter: the reply's JSON is assembled from what is known.
public final class AnswerGuide: Guide {
    private let vocabulary: AgentVocabulary
    private let mode: AnswerMode
    private let limits: AnswerLimits
    private let deadline: Deadline
    private let pieces: Pieces
    private let learns: Bool
    private let isExtra: Bool

    private enum Stage {
        case reading, pieceScore, pieceRead, firstScore, firstScored, reasoningOpening, writing, correcting, linking, score
        case scored, finished
    }
    private var stage = Stage.reading
    private var reading: PromptReading
    private var handedOver: Duration?
    private var costs: AnswerCosts
    private var writer: StringWriter
    private var reasoning = ""
    /// The tokens of a reasoning that had to be shortened after it was written.
    private var corrected: [Int]?
    private var firstPass: [Float] = []
    private var secondPass: [Float]?
    /// Set when the guide has finished, unless there is a refusal.
    public private(set) var result: AnswerResult?
    /// Set in place of a result where the prompt could not be read in time.
    public private(set) var refusal: AnswerRefusal?

    /// - Parameters:
    ///   - mode: a vote is made of several guides, each of them a reasoning with its letter.
    ///   - reading: what stands before the reply; the stream begins with its first piece.
    ///   - handedOver: when the stream went to the decoder, if it is the first of its request and so waits for no other: what
    ///     prompts have in common is read before any guide is asked. Only such a guide learns the machine's speed.
    ///   - speed: what the machine is known to need; nil to find out on the way.
    ///   - isExtra: a further voice of a vote: it begins only if it can come to its letter, as there is an answer without it.
    public init(
        vocabulary: AgentVocabulary, mode: AnswerMode = .standard, limits: AnswerLimits = .tournament, sampling: Sampling = .greedy,
        deadline: Deadline = .unlimited, reading: PromptReading = PromptReading([]), handedOver: Duration? = nil,
        speed: AnswerSpeed? = nil, isExtra: Bool = false
    ) {
        self.vocabulary = vocabulary
        self.mode = mode
        self.limits = limits
        self.deadline = deadline
        self.reading = reading
        self.handedOver = handedOver
        learns = handedOver != nil
        self.isExtra = isExtra
        costs = AnswerCosts(known: speed)
        pieces = Pieces(vocabulary.coding)
        writer = StringWriter(
            vocabulary, sampling: sampling, wordLimit: limits.words,
            tokenLimit: min(limits.newTokens - pieces.skeleton(mode), limits.checkedTokens - 1))
    }

    /// The fixed pieces of a reply in tokens, each tokenised alone as in training.
    struct Pieces {
        let answerOpening: [Int]
        let reasoningOpening: [Int]
        let explanationOpening: [Int]
        let link: [Int]
        let closing: [Int]

        init(_ coding: any TokenCoding) {
            answerOpening = coding.plain(AnswerFormat.answerOpening)
            reasoningOpening = coding.plain(AnswerFormat.reasoningOpening)
            explanationOpening = coding.plain(AnswerFormat.explanationOpening)
            link = AnswerFormat.answerLink.flatMap { coding.plain($0) }
            closing = coding.plain(AnswerFormat.closing)
        }

        /// Tokens of a reply with an empty reasoning: what `max_new_tokens` must leave room for.
        func skeleton(_ mode: AnswerMode) -> Int {
            let fixed = switch mode {
            case .letter: answerOpening
            case .answerFirst: answerOpening + explanationOpening
            case .reasonFirst, .vote: reasoningOpening + link
            }
            return fixed.count + 1 + closing.count
        }
    }

    public func next() throws -> Demand {
        while true {
            switch stage {
            case .reading:
                guard canRead() else { continue }
                costs.begin(at: handedOver ?? deadline.clock.now())
                handedOver = nil
                stage = reading.isLast ? .firstScore : .pieceScore
                if reading.isLast { return .append(pieces.answerOpening) }
            case .pieceRead:
                stage = .reading
                return .append(reading.advance())
            case .firstScored:
                if mode == .letter || !hasTimeToWrite {
                    finish()
                } else if mode == .answerFirst {
                    stage = .writing
                    return .append([vocabulary.letterTokens[Letter.likeliest(firstPass).index]] + pieces.explanationOpening)
                } else {
                    stage = .reasoningOpening
                    return .rewind(pieces.answerOpening.count)
                }
            case .reasoningOpening:
                stage = .writing
                return .append(pieces.reasoningOpening)
            case .writing:
                if !hasTimeToWrite { writer.stop(.deadline) }
                // Behind an explanation nothing is computed, so what closed it may stay in the stream.
                if let demand = writer.ending != nil && !mode.endsWithLetter ? nil : writer.next() {
                    if case .sample = demand { costs.begin(at: deadline.clock.now()) }
                    return demand
                }
                stage = .linking
                reasoning = shortened(writer.text)
                if reasoning != writer.text {
                    corrected = coding.plain(reasoning)
                    if mode.endsWithLetter {
                        stage = .correcting
                        return .rewind(writer.tokens.count)
                    }
                }
            case .correcting:
                stage = .linking
                if let corrected, !corrected.isEmpty { return .append(corrected) }
            case .linking:
                if !mode.endsWithLetter || !hasTimeToClose {
                    finish()
                } else {
                    stage = .score
                    costs.beginClosing(over: closingTokens, at: deadline.clock.now())
                    return .append(pieces.link)
                }
            case .pieceScore, .firstScore, .score:
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

    /// For one more token, and behind it the letter.
    private var hasTimeToWrite: Bool {
        !deadline.isShort(of: costs.writing(closing: mode.endsWithLetter ? pieces.link.count : 0))
    }

    private var hasTimeToClose: Bool {
        !deadline.isShort(of: costs.closing(over: closingTokens), spendsReserve: true)
    }

    private var closingTokens: Int { (corrected?.count ?? 0) + pieces.link.count }

    public func sampled(_ token: Int) throws {
        guard stage == .writing else { throw AgentError.decoder("a token was sampled where none was demanded") }
        costs.stepped(at: deadline.clock.now())
        try writer.sampled(token)
    }

    public func scored(_ logProbabilities: [Float]) throws {
        guard logProbabilities.count == Letter.allCases.count else {
            throw AgentError.decoder("\(logProbabilities.count) scores came for four letters")
        }
        switch stage {
        case .pieceScore:
            costs.read(reading.next, at: deadline.clock.now())
            stage = .pieceRead
        case .firstScore:
            costs.read(reading.next + reading.beside, at: deadline.clock.now())
            firstPass = logProbabilities
            stage = .firstScored
        case .score:
            costs.closed(at: deadline.clock.now())
            secondPass = logProbabilities
            stage = .scored
        default:
            throw AgentError.decoder("scores came where none were demanded")
        }
    }

    /// What this answer showed of the machine's speed.
    var speed: AnswerSpeed? {
        guard learns, var speed = costs.speed(mode) else { return nil }
        speed.hesitation = min(speed.hesitation, AnswerSpeed.longestHesitation(within: deadline.limit))
        return speed
    }

    /// Whether the next piece of the prompt and the rest can be read in time; if not, there is a refusal from now on.
    func canRead() -> Bool {
        var cost = costs.reading(reading.next, then: reading.rest)
        if isExtra { cost += costs.writing(closing: pieces.link.count) }
        guard deadline.isShort(of: cost) else { return true }
        stage = .finished
        let limit = deadline.limit.map { "\($0.inSeconds) s" } ?? "the time"
        refusal = AnswerRefusal(
            .noTime,
            "the question and what stands before it have \(reading.total) tokens, which cannot be read within \(limit)")
        return false
    }

    private func finish() {
        stage = .finished
        let scores = secondPass ?? firstPass
        result = AnswerResult(
            letter: Letter.likeliest(scores), firstPassLogProbabilities: firstPass, logProbabilities: scores,
            reasoning: reasoning, mode: mode,
            tokens: pieces.skeleton(mode) + (corrected ?? writer.tokens).count, ending: mode == .letter ? .letterOnly : writer.ending ?? .deadline,
            letterFollowsReasoning: secondPass != nil, duration: deadline.elapsed)
    }
}
