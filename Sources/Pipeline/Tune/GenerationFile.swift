import Agents
import Foundation
import Groundwork
import Yams

/// A `qgen.yaml` or `agen.yaml`: how an agent generates, by the names of transformers' `GenerationConfig`, and what only Retort's
/// agents know.
public struct GenerationFile: Sendable, Hashable {
    public static let questions = "qgen.yaml"
    public static let answers = "agen.yaml"

    public var settings: AgentSettings
    /// Of the answer agent; nil where the file does not say.
    public var mode: AnswerGuide.Mode?
    /// Drafts of the question agent; nil where the file does not say.
    public var candidates: Int?

    public init(settings: AgentSettings, mode: AnswerGuide.Mode? = nil, candidates: Int? = nil) {
        (self.settings, self.mode, self.candidates) = (settings, mode, candidates)
    }

    private struct Extras: Decodable {
        let mode: String?
        let candidates: Int?
    }

    /// - Throws: `FileError` with the path and what is wrong.
    public static func read(_ path: String) throws -> GenerationFile {
        let data = try WholeFile.read(path)
        func wrong(_ reason: String) -> FileError { FileError(path: path, action: "read generation settings from", reason: reason) }
        do {
            let extras = try YAMLDecoder().decode(Extras.self, from: data)
            let mode = try extras.mode.map { name in
                guard let mode = AnswerGuide.Mode(rawValue: name) else {
                    throw wrong("there is no mode '\(name)'; there are \(AnswerGuide.Mode.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                return mode
            }
            if let candidates = extras.candidates, candidates < 1 { throw wrong("candidates is \(candidates); it is a number of at least 1") }
            return GenerationFile(settings: try YAMLDecoder().decode(AgentSettings.self, from: data), mode: mode, candidates: extras.candidates)
        } catch let error as FileError {
            throw error
        } catch let error as AgentError {
            throw wrong("\(error)")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context), DecodingError.dataCorrupted(let context) {
            // Yams wraps what the settings themselves object to.
            if let objection = context.underlyingError as? AgentError { throw wrong("\(objection)") }
            throw wrong(context.codingPath.last.map { "\($0.stringValue) is not what it should be" } ?? "it is no YAML of names and values")
        } catch {
            throw wrong("it is no YAML of names and values")
        }
    }

    /// - Parameter comment: lines that stand above the settings.
    public func text(comment: [String]) -> String {
        var lines = comment.map { $0.isEmpty ? "#" : "# " + $0 }
        lines += ["max_new_tokens: \(settings.maxNewTokens)", "do_sample: \(settings.doSample)"]
        // Where nothing is sampled, transformers warns of settings that mean nothing.
        if settings.doSample {
            lines += ["temperature: \(settings.temperature)", "top_p: \(settings.topP)"]
            if settings.topK > 0 { lines.append("top_k: \(settings.topK)") }
        }
        lines.append("repetition_penalty: \(settings.repetitionPenalty)")
        if let mode { lines.append("mode: \(mode.rawValue)") }
        if let candidates { lines.append("candidates: \(candidates)") }
        return lines.joined(separator: "\n") + "\n"
    }
}
