import Checkpoints
import Groundwork
import Tokenizers
import Transformers

/// OpenAI's JSON for one completion, whole or in chunks.
struct ChatReply: Sendable {
    private let id = "chatcmpl-" + String(UInt64.random(in: 0...UInt64.max), radix: 36) + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    private let created = UnixTime.now
    let model: String
    let tokenizer: Tokenizer

    private func object(_ kind: String, _ choices: [JSONValue], usage: JSONValue?) -> JSONValue {
        var object = JSONObject([
            ("id", .string(id)), ("object", .string(kind)), ("created", .integer(created)), ("model", .string(model)),
            ("choices", .array(choices)),
        ])
        object["usage"] = usage
        return .object(object)
    }

    func whole(_ text: String, _ likelihoods: [ChatPiece.Likelihood]?, finish: String, prompt: Int, written: Int) -> JSONValue {
        let choice = JSONObject([
            ("index", .integer(0)), ("message", .object(JSONObject([("role", .string("assistant")), ("content", .string(text))]))),
            ("logprobs", logprobs(likelihoods)), ("finish_reason", .string(finish)),
        ])
        return object("chat.completion", [.object(choice)], usage: usage(prompt, written))
    }

    /// - Parameter usage: null in every chunk but the last where usage is wanted, else nil.
    func chunk(
        role: Bool = false, text: String? = nil, _ likelihood: ChatPiece.Likelihood? = nil, finish: String? = nil, usage: JSONValue? = nil
    ) -> JSONValue {
        var delta = JSONObject()
        if role { delta["role"] = .string("assistant") }
        delta["content"] = text.map { .string($0) }
        let choice = JSONObject([
            ("index", .integer(0)), ("delta", .object(delta)), ("logprobs", logprobs(likelihood.map { [$0] })),
            ("finish_reason", finish.map { .string($0) } ?? .null),
        ])
        return object("chat.completion.chunk", [.object(choice)], usage: usage)
    }

    func usageChunk(_ prompt: Int, _ written: Int) -> JSONValue { object("chat.completion.chunk", [], usage: usage(prompt, written)) }

    private func usage(_ prompt: Int, _ written: Int) -> JSONValue {
        .object(JSONObject([
            ("prompt_tokens", .integer(prompt)), ("completion_tokens", .integer(written)), ("total_tokens", .integer(prompt + written)),
        ]))
    }

    private func logprobs(_ likelihoods: [ChatPiece.Likelihood]?) -> JSONValue {
        guard let likelihoods else { return .null }
        return .object(JSONObject([
            ("content", .array(likelihoods.map { likelihood in
                var entry = entry(likelihood.token)
                entry["top_logprobs"] = .array(likelihood.likeliest.map { .object(self.entry($0)) })
                return .object(entry)
            }))
        ]))
    }

    private func entry(_ token: TokenLikelihood) -> JSONObject {
        let bytes = tokenizer.bytes(of: token.token)
        return JSONObject([
            ("token", .string(String(decoding: bytes, as: UTF8.self))), ("logprob", .number(Double(token.logProbability))),
            ("bytes", .array(bytes.map { .integer(Int($0)) })),
        ])
    }
}
