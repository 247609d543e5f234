/// How a student learns from questions and from teachers: labels (reasoning and the scores of the four letters), training examples
/// tokenised segment by segment, the distillation loss with its gradient, the optimiser and the trainer that survives being killed.
/// May import Groundwork, ContentHash, Torch, Checkpoints, Tokenizers, Transformers and Questions; knows nothing of agents,
/// evaluation or recipes.

/// What can go wrong between a question and a trained adapter: what, where, and what to do about it.
public enum DistillationError: Error, CustomStringConvertible {
    /// A line of a label file that cannot be read.
    case badLabel(path: String, line: Int, reason: String)
    /// A label file that another teacher, prompt or set of parameters began.
    case otherProvenance(path: String, line: Int, differences: [String])
    /// A tokenizer that cannot write the answer format token by token.
    case unsuitableTokenizer(String)
    /// A teacher that gave nothing usable.
    case badTeacher(String)
    /// A setting outside its range.
    case badSetting(name: String, value: String, expected: String)
    /// There is nothing to train on.
    case noExamples(String)
    /// A loss or a gradient that is not a number; the weights were not touched.
    case notFinite(step: Int, what: String)
    /// A weight that an update made no number; nothing of it was written.
    case notFiniteWeight(step: Int, name: String)
    /// A training that its probes found broken, and that no retry mended.
    case collapsed(step: Int, retries: Int, reason: String, cause: String, goodStep: Int)
    /// A checkpoint of training with other settings or examples.
    case otherTraining(path: String, differences: [String])
    /// A checkpoint that cannot be read.
    case badCheckpoint(path: String, reason: String)

    public var description: String {
        switch self {
        case .badLabel(let path, let line, let reason):
            "\(path), line \(line): not a label (\(reason)); remove the line or choose a new file"
        case .otherProvenance(let path, let line, let differences):
            "\(path), line \(line), holds labels made otherwise (\(differences.joined(separator: "; "))); "
                + "labels are never mixed: choose a new file, or use the settings that made this one"
        case .unsuitableTokenizer(let reason):
            "this tokenizer cannot write the answer format: \(reason); choose another base model"
        case .badTeacher(let reason):
            "the teacher gave no usable label: \(reason); check the model with `retort complete` first"
        case .badSetting(let name, let value, let expected):
            "\(name) is \(value), but must be \(expected)"
        case .noExamples(let reason):
            "nothing to train on: \(reason)"
        case .notFinite(0, let what):
            "\(what) is not a finite number before the first step: the model, or the adapter that the training starts from, is broken"
        case .notFinite(let step, let what):
            "step \(step): \(what) is not a finite number; the weights are those of step \(step - 1). "
                + "Lower the learning rate or the adapter's scale and start again from the last checkpoint"
        case .notFiniteWeight(let step, let name):
            "after step \(step) \(name) holds what is no finite number, so it is not written. Lower the learning rate or the adapter's scale and "
                + "start again, from the last checkpoint if there is one"
        case .collapsed(let step, let retries, let reason, let cause, let goodStep):
            "the training collapsed at step \(step) (\(reason))"
                + (retries > 0 ? ", after \(retries) \(retries == 1 ? "retry" : "retries") with smaller steps" : "")
                + "; its last good checkpoint is of step \(goodStep). Likely cause: \(cause)"
        case .otherTraining(let path, let differences):
            "\(path) was begun with other settings (\(differences.joined(separator: "; "))); "
                + "delete the folder or choose a new one, or use the settings it was begun with"
        case .badCheckpoint(let path, let reason):
            "\(path) is not a usable training checkpoint (\(reason)); delete the folder to start afresh"
        }
    }
}
