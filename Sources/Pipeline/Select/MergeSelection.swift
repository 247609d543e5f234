import Checkpoints
import ContentHash
import Evaluation
import Foundation
import Groundwork
import Merging
import Questions

/// Tries ways of merging on held-out questions and keeps the best.
///
/// First the base and each specialist answer all questions; a specialist that is not better than the base on its own questions is
/// left out of the merges. Then the merges race (`MergeRace`). In the race to its end, whatever they score, are the baselines: each
/// single specialist, `cat`, `linear`, and the adapters of `baselines`. A merge wins that is more often right than each single adapter;
/// else the best of these is copied.
public struct MergeSelection {
    /// An adapter that may be merged.
    public struct Specialist {
        public var folder: String
        public var weight: Double
        /// The domain or subject whose questions judge it. Nil: the domain or subject that a part of its folder's name names; all
        /// questions if there is none.
        public var own: String?

        public init(folder: String, weight: Double = 1, own: String? = nil) {
            (self.folder, self.weight, self.own) = (folder, weight, own)
        }
    }

    /// Answers questions with one adapter on the model, or with the bare base, and says how many it has answered.
    public typealias Examinee = (_ questions: [Question], _ progress: @escaping (Int) -> Void) throws -> [EvaluationRecord]

    public var specialists: [Specialist]
    /// Adapters that no merge made, such as one trained on all domains' data together.
    public var baselines: [String] = []
    /// The adapter from which the specialists were trained on, for candidates that are relative to it.
    public var start: String?
    public var candidates: [MergeCandidate]
    /// Whether a candidate that cannot merge these adapters ends the selection, and is not merely left out.
    public var isStrict = true
    public var keepsAll = false
    public var questions: [Question]
    /// How many of the questions are asked at most; nil for all.
    public var budget: Int?
    public var threads = 2
    public var output: String
    /// The model with its content (`ModelIdentity`) and how it is asked: answers of another model or style are not taken for these.
    public var model: String
    public var style: String
    /// Puts an adapter on the model; nil for the bare base.
    public var examine: (_ adapter: String?) throws -> Examinee
    public var say: (String) -> Void

    public init(
        specialists: [Specialist], candidates: [MergeCandidate], questions: [Question], output: String, model: String, style: String,
        examine: @escaping (_ adapter: String?) throws -> Examinee, say: @escaping (String) -> Void
    ) {
        (self.specialists, self.candidates, self.questions, self.output) = (specialists, candidates, questions, output)
        (self.model, self.style, self.examine, self.say) = (model, style, examine, say)
    }

    /// Runs the race, or what is left of it, and writes the winner with `select.json` and `merge.json` to `output`.
    ///
    /// - Throws: `SelectionError`, `MergeError`, `CheckpointError`, `FileError`, `Interrupted`, and what asking throws. The answers so far
    ///   and the merged adapters still in the race are in a folder named as `output` with `.select` behind.
    public func run() throws -> SelectionReport {
        try SelectionRun(self).run()
    }
}
