import Foundation
import Questions
import Transformers

/// How a teacher comes to its label.
public enum TeacherWay: String, Codable, Sendable, CaseIterable {
    /// The teacher reasons in its own words through the answer format, then its four letters are scored.
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
    /// The most reasoning tokens the teacher may write.
    public var maximumTokens: Int
    public var seed: UInt64

    public init(
        teacher: String, way: TeacherWay, promptHash: String, sampling: Sampling, maximumTokens: Int, seed: UInt64
    ) {
        self.teacher = teacher
        self.way = way
        self.promptHash = promptHash
        self.sampling = sampling
        self.maximumTokens = maximumTokens
        self.seed = seed
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
        return found
    }
}

/// What a teacher says about one question.
public struct Label: Codable, Sendable, Hashable {
    /// Why the reasoning ended.
    public enum Ending: String, Codable, Sendable {
        /// The teacher closed its reasoning itself, or it was given.
        case finished
        /// The token limit cut it off.
        case tokenLimit
    }

    public var question: Question
    /// The reasoning text, fit to stand in a JSON string; empty when there is none.
    public var reasoning: String
    /// The teacher's log-probabilities of A, B, C, D where the answer stands, normalised over the four.
    public var letterLogProbabilities: [Double]
    /// The likeliest of the four.
    public var letter: Letter
    public var ending: Ending
    /// Reasoning tokens, counted by the teacher's tokenizer.
    public var tokens: Int
    /// Wall-clock seconds: this label's share of its batch.
    public var seconds: Double
    public var provenance: LabelProvenance

    public init(
        question: Question, reasoning: String, letterLogProbabilities: [Double], ending: Ending, tokens: Int,
        seconds: Double, provenance: LabelProvenance
    ) {
        precondition(letterLogProbabilities.count == 4, "a label scores four letters")
        self.question = question
        self.reasoning = reasoning
        self.letterLogProbabilities = letterLogProbabilities
        let best = letterLogProbabilities.indices.max { letterLogProbabilities[$0] < letterLogProbabilities[$1] } ?? 0
        letter = Letter.allCases[best]
        self.ending = ending
        self.tokens = tokens
        self.seconds = seconds
        self.provenance = provenance
    }

    /// What makes a decoded label unusable, if anything: labels are read from files that people edit.
    func flaw() -> String? {
        if letterLogProbabilities.count != 4 { return "\(letterLogProbabilities.count) letter scores instead of 4" }
        if !letterLogProbabilities.allSatisfy({ $0.isFinite && $0 <= 1e-6 }) {
            return "letter scores that are not finite log-probabilities"
        }
        let mass = letterLogProbabilities.reduce(0) { $0 + exp($1) }
        if abs(mass - 1) > 1e-3 { return "letter probabilities that sum to \(mass)" }
        if question.choices.count != 4 { return "\(question.choices.count) choices instead of 4" }
        return nil
    }
}
