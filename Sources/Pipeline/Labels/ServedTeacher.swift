import Distillation
import Foundation
import Groundwork
import Teachers
import Transformers

/// A teacher that is reached over HTTP.
public enum ServedTeacher: Sendable {
    /// Servers that speak OpenAI's protocol, as `URL[,model=…,key-env=…,weight=…]`; all are taken to be the same teacher.
    case endpoints([String])
    /// A llama.cpp server that is started on a GGUF file and ended with its labels.
    case llamaServer(model: String, slots: Int, maximumTokens: Int, threads: Int?)

    /// Room for the prompt beside the tokens of a reply, in tokens.
    private static let promptRoom = 2048

    /// - Throws: what is wrong with a setting before anything is started.
    public static func check(endpoints: [String]) throws {
        for text in endpoints { _ = try EndpointSettings(parsing: text) }
    }

    /// Starts the server or looks at the endpoints, and waits until they answer.
    public func open(
        sampling: Sampling, maximumTokens: Int, seed: UInt64, rules: AskingRules, vocabulary: DenseVocabulary?,
        notice: @escaping @Sendable (String) -> Void
    ) throws -> LabelMaker {
        .served(try Blocking.run {
            let respondent = try await respondent(notice)
            do {
                return try RespondentTeacher(
                    respondent, sampling: sampling, maximumTokens: maximumTokens, seed: seed, rules: rules, vocabulary: vocabulary)
            } catch {
                await respondent.close()
                throw error
            }
        })
    }

    private func respondent(_ notice: @escaping @Sendable (String) -> Void) async throws -> any Respondent {
        switch self {
        case .endpoints(let texts):
            return try await TeacherPool.open(texts.map { try EndpointSettings(parsing: $0) }, notice: notice)
        case .llamaServer(let model, let slots, let maximumTokens, let threads):
            return try await LlamaServer.start(
                gguf: model, slots: slots, contextPerSlot: maximumTokens + Self.promptRoom, threads: threads, notice: notice)
        }
    }
}
