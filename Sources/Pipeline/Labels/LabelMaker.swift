import Checkpoints
import Distillation
import Foundation
import Groundwork
import Questions
import Tokenizers

/// A teacher at hand, whichever engine it runs on.
public enum LabelMaker {
    /// In this process, with the number of questions handed to it at once.
    case native(any Teacher, batch: Int)
    /// One that converses: a server, or several. It is closed when its labels are made.
    case served(RespondentTeacher)

    public var provenance: LabelProvenance {
        switch self {
        case .native(let teacher, _): teacher.provenance
        case .served(let teacher): teacher.provenance
        }
    }

    /// - Returns: how many labels were made now.
    @discardableResult
    public func label(_ source: QuestionSource, into path: String, title: String = "labelling") throws -> Int {
        switch self {
        case .native(let teacher, let batch):
            return try Labelling(batch: batch, title: title).run(source, by: teacher, into: path)
        case .served(let teacher):
            return try Blocking.run {
                do {
                    let made = try await Labelling(title: title).run(source, by: teacher, into: path)
                    await teacher.respondent.close()
                    return made
                } catch {
                    await teacher.respondent.close()
                    throw error
                }
            }
        }
    }

    /// The vocabulary of a checkpoint, without its weights.
    public static func vocabulary(of checkpoint: String) throws -> DenseVocabulary {
        DenseVocabulary(try Tokenizer.load(from: Checkpoint.open(checkpoint)))
    }
}
