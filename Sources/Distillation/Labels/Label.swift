import Foundation
import Questions
import Transformers

/// How a teacher comes to its label.
public enum TeacherWay: String, Codable, Sendable, CaseIterable {
    /// The teacher reasons in its own words, then its four letters are scored.
    case free
    /// The question's worked explanation stands as the reasoning and the teacher only scores the four letters behind it.
    /// One forward pass; what is left to do when no stronger teacher is at hand.
    case informed
}

/// Who made a label and how. Labels of different provenance never share a file.
public struct LabelProvenance: Codable, Sendable, Hashable {
    /// The model: a path or name with whatever fixes its content, such as a hash.
    public var teacher: String
    public var way: TeacherWay
    /// SHA-256 over the prompt as the teacher sees it, for a fixed question: any change of wording or template changes it.
    public var promptHash: String
    public var sampling: Sampling
    /// The most tokens the teacher may write: its reasoning alone in this process, thinking and reply together behind a server.
    public var maximumTokens: Int
    public var seed: UInt64
    public var asking: AskingRules

    public init(
        teacher: String, way: TeacherWay, promptHash: String, sampling: Sampling, maximumTokens: Int, seed: UInt64, asking: AskingRules = AskingRules()
    ) {
        self.teacher = teacher
        self.way = way
        self.promptHash = promptHash
        self.sampling = sampling
        self.maximumTokens = maximumTokens
        self.seed = seed
        self.asking = asking
    }

    /// Labels made before there were rules of asking were asked for once.
    public init(from decoder: any Swift.Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            teacher: try fields.decode(String.self, forKey: .teacher), way: try fields.decode(TeacherWay.self, forKey: .way),
            promptHash: try fields.decode(String.self, forKey: .promptHash), sampling: try fields.decode(Sampling.self, forKey: .sampling),
            maximumTokens: try fields.decode(Int.self, forKey: .maximumTokens), seed: try fields.decode(UInt64.self, forKey: .seed),
            asking: try fields.decodeIfPresent(AskingRules.self, forKey: .asking) ?? AskingRules())
    }

    /// The fields in which another provenance differs, as `name: there, here`.
    func differences(from other: LabelProvenance) -> [String] {
        var found: [String] = []
        func compare<T: Equatable>(_ name: String, _ field: KeyPath<LabelProvenance, T>) {
            if self[keyPath: field] != other[keyPath: field] {
                found.append("\(name) \(other[keyPath: field]) there, \(self[keyPath: field]) here")
            }
        }
        compare("teacher", \.teacher)
        compare("way", \.way)
        compare("prompt hash", \.promptHash)
        compare("temperature", \.sampling.temperature)
        compare("top-p", \.sampling.topP)
        compare("top-k", \.sampling.topK)
        compare("repetition penalty", \.sampling.repetitionPenalty)
        compare("maximum tokens", \.maximumTokens)
        compare("seed", \.seed)
        compare("rotations", \.asking.rotations)
        compare("further samples", \.asking.samples)
        compare("hint", \.asking.hint)
        compare("dense", \.asking.dense)
        return found
    }
}

/// What a teacher says about one question.
public struct Label: Codable, Sendable, Hashable {
    /// Why the teacher's text ended.
    public enum Ending: String, Codable, Sendable {
        /// The teacher closed its reasoning itself, or it was given.
        case finished
        /// The token limit cut it off.
        case tokenLimit
    }

    /// Which of the teacher's replies the label rests on.
    public enum Origin: String, Codable, Sendable {
        /// The first round; the scores are the mean over its rotations.
        case asked
        /// A reply that was right where the first round as a whole was not; the scores are that reply's alone.
        case repaired
        /// A reply to which the right answer had been given: its scores say nothing about the teacher.
        case hinted
    }

    /// As it stands in its file.
    public var question: Question
    /// The reasoning text, fit to stand in a JSON string; empty when there is none.
    public var reasoning: String
    /// The order of choices under which the reasoning was written: it may name letters.
    public var rotation: Int
    /// The teacher's log-probabilities of the four choices in the question's own order, normalised over the four; nil where it gave none.
    public var letterLogProbabilities: [Double]?
    /// The likeliest of the four, else the letter that the reply states; nil where it names none.
    public var letter: Letter?
    /// The teacher's letter in the first round, before any repair.
    public var firstLetter: Letter?
    public var origin: Origin
    public var ending: Ending
    /// Reasoning tokens, counted by the teacher's tokenizer.
    public var tokens: Int
    /// Wall-clock seconds of all its replies; of a batch, this label's share.
    public var seconds: Double
    public var dense: DenseReasoning?
    /// Every reply, the first round's first.
    public var answers: [TeacherAnswer]
    public var provenance: LabelProvenance

    public init(
        question: Question, reasoning: String, rotation: Int = 0, letterLogProbabilities: [Double]?, letter: Letter? = nil, firstLetter: Letter? = nil,
        origin: Origin = .asked, ending: Ending, tokens: Int, seconds: Double, dense: DenseReasoning? = nil, answers: [TeacherAnswer] = [],
        provenance: LabelProvenance
    ) {
        self.question = question
        self.reasoning = reasoning
        self.rotation = rotation
        self.letterLogProbabilities = letterLogProbabilities
        self.letter = letterLogProbabilities.flatMap { scores in
            scores.indices.max { scores[$0] < scores[$1] }.flatMap { Letter(index: $0) }
        } ?? letter
        self.firstLetter = firstLetter ?? self.letter
        self.origin = origin
        self.ending = ending
        self.tokens = tokens
        self.seconds = seconds
        self.dense = dense
        self.answers = answers
        self.provenance = provenance
    }

    /// Keys that older files lack have the value that was the only one then.
    public init(from decoder: any Swift.Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            question: try fields.decode(Question.self, forKey: .question), reasoning: try fields.decode(String.self, forKey: .reasoning),
            rotation: try fields.decodeIfPresent(Int.self, forKey: .rotation) ?? 0,
            letterLogProbabilities: try fields.decodeIfPresent([Double].self, forKey: .letterLogProbabilities),
            letter: try fields.decodeIfPresent(Letter.self, forKey: .letter),
            firstLetter: try fields.decodeIfPresent(Letter.self, forKey: .firstLetter),
            origin: try fields.decodeIfPresent(Origin.self, forKey: .origin) ?? .asked, ending: try fields.decode(Ending.self, forKey: .ending),
            tokens: try fields.decode(Int.self, forKey: .tokens), seconds: try fields.decode(Double.self, forKey: .seconds),
            dense: try fields.decodeIfPresent(DenseReasoning.self, forKey: .dense),
            answers: try fields.decodeIfPresent([TeacherAnswer].self, forKey: .answers) ?? [],
            provenance: try fields.decode(LabelProvenance.self, forKey: .provenance))
    }

    /// What makes a decoded label unusable, if anything: labels are read from files that people edit.
    func flaw() -> String? {
        if !(0..<4).contains(rotation) { return "a rotation of \(rotation) instead of 0 to 3" }
        guard let scores = letterLogProbabilities else { return dense?.flaw() }
        if scores.count != 4 { return "\(scores.count) letter scores instead of 4" }
        if !scores.allSatisfy({ $0.isFinite && $0 <= 1e-6 }) { return "letter scores that are not finite log-probabilities" }
        let mass = scores.reduce(0) { $0 + exp($1) }
        if abs(mass - 1) > 1e-3 { return "letter probabilities that sum to \(mass)" }
        return dense?.flaw()
    }
}
