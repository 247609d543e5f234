/// A team's submission: the folder that a contest's runner drives with `python -m agents.question_agent` and
/// `python -m agents.answer_agent`. Writes and checks the folder, and speaks the line protocol by which its thin Python files use the
/// bundled program. The Python files stand under `Python/` and are part of the program; what they do with the protocol they say themselves.
/// Imports Agents and what they stand on, and Pipeline for the version.
import Foundation

/// The names inside a submission's folder.
public enum SubmissionLayout {
    public static let manifest = "manifest.json"
    public static let binary = "bin/retort"
    public static let adapter = "adapter"
    public static let model = "model"
    public static let topics = "assets/topics.json"
    public static let pool = "assets/pool.json"
    public static let questionSettings = "qgen.yaml"
    public static let answerSettings = "agen.yaml"
    public static let readme = "README.md"

    /// The Python files with their paths in the folder. They are embedded, so that the program alone can write a submission.
    public static var pythonFiles: [(path: String, text: String)] {
        [
            ("agents/__init__.py", PackageResources.__init___py), ("agents/engine.py", PackageResources.engine_py),
            ("agents/files.py", PackageResources.files_py), ("agents/question_model.py", PackageResources.question_model_py),
            ("agents/question_agent.py", PackageResources.question_agent_py),
            ("agents/answer_model.py", PackageResources.answer_model_py), ("agents/answer_agent.py", PackageResources.answer_agent_py),
        ].map { ($0.0, String(decoding: $0.1, as: UTF8.self)) }
    }
}

/// Why a submission cannot be written or used.
public enum SubmissionError: Error, CustomStringConvertible, Sendable {
    case exists(String)
    case binary(path: String, reason: String)
    case file(path: String, reason: String, remedy: String)
    case modelNotFound(reference: String, reason: String)
    case check(command: String, folder: String, reason: String)

    public var description: String {
        switch self {
        case .exists(let path):
            "\(path) exists already; give another folder, or replace it with --force"
        case .binary(let path, let reason):
            "\(path) cannot be the submission's program: \(reason); give a built retort with --binary"
        case .file(let path, let reason, let remedy):
            "\(path): \(reason); \(remedy)"
        case .modelNotFound(let reference, let reason):
            "the submission's base model \(reference) cannot be opened (\(reason)); set RETORT_MODEL to its GGUF file or folder"
        case .check(let command, let folder, let reason):
            "the submission in \(folder) is written, but `\(command)` there failed: \(reason)"
        }
    }
}
