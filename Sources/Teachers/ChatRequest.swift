import Distillation
import Foundation
import Tokenizers

/// What a server understands beyond OpenAI's own fields; told by `owned_by` in its list of models.
enum Dialect: String, Sendable {
    case llamaCpp = "llamacpp"
    case vLLM = "vllm"
    case sgLang = "sglang"
    case plain

    /// Likeliest tokens that may be asked for at each place: OpenAI's and vLLM's (by default) limit is 20.
    var mostAlternatives: Int { self == .llamaCpp ? 100 : 20 }
}

/// The body of a request to `/chat/completions`.
struct ChatRequest: Encodable {
    struct Message: Encodable {
        let role: String
        let content: String
    }

    struct ResponseFormat: Encodable {
        let type = "json_object"
    }

    let model: String
    let messages: [Message]
    let maximumTokens: Int
    let temperature: Double
    let topP: Double
    let seed: UInt64
    let logprobs: Bool?
    let topLogprobs: Int?
    let responseFormat: ResponseFormat?
    private(set) var topK: Int?
    private(set) var minP: Double?
    private(set) var repetitionPenalty: Double?
    private(set) var repeatPenalty: Double?
    private(set) var continueFinalMessage: Bool?
    private(set) var addGenerationPrompt: Bool?

    enum CodingKeys: String, CodingKey {
        case model, messages, temperature, seed, logprobs
        case maximumTokens = "max_tokens", topP = "top_p", topLogprobs = "top_logprobs", topK = "top_k", minP = "min_p"
        case repetitionPenalty = "repetition_penalty", repeatPenalty = "repeat_penalty"
        case continueFinalMessage = "continue_final_message", addGenerationPrompt = "add_generation_prompt"
        case responseFormat = "response_format"
    }

    init(_ request: TeacherRequest, model: String, dialect: Dialect, inJSON: Bool = false) {
        self.model = model
        messages = request.messages.map { Message(role: $0.role.rawValue, content: $0.text) }
        maximumTokens = request.maximumTokens
        let sampling = request.sampling
        temperature = sampling.temperature
        topP = sampling.topP
        // llama.cpp's seeds have 32 bits, and its largest one means "any".
        seed = (request.seed ^ request.seed >> 32) & 0x7fff_ffff
        logprobs = request.alternatives > 0 ? true : nil
        topLogprobs = request.alternatives > 0 ? min(request.alternatives, dialect.mostAlternatives) : nil
        responseFormat = inJSON ? ResponseFormat() : nil
        let penalty = sampling.repetitionPenalty == 1 ? nil : sampling.repetitionPenalty
        switch dialect {
        case .llamaCpp:
            // Its own defaults would cut the distribution: top_k 40, min_p 0.05.
            topK = sampling.topK
            minP = 0
            repeatPenalty = penalty
        case .vLLM, .sgLang:
            topK = sampling.topK == 0 ? -1 : sampling.topK
            repetitionPenalty = penalty
            if request.messages.last?.role == .assistant {
                continueFinalMessage = true
                addGenerationPrompt = dialect == .vLLM ? false : nil
            }
        case .plain:
            // Not OpenAI's own fields: a server that does not know them may refuse, which is better than sampling otherwise than asked.
            topK = sampling.topK == 0 ? nil : sampling.topK
            repetitionPenalty = penalty
        }
    }
}
