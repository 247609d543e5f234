/// What can be wrong with what an agent is given: its tokenizer, its settings, its topics, or the decoder that runs it.
public enum AgentError: Error, CustomStringConvertible, Sendable, Hashable {
    /// Guided decoding needs this text as one token.
    case notOneToken(text: String, tokens: [Int])
    /// No token of the vocabulary could stand in a JSON string.
    case emptyVocabulary
    case setting(key: String, value: String, allowed: String)
    case tooFewNewTokens(limit: Int, needed: Int, agent: String)
    /// A prompt that leaves no room for a reply in the model's context.
    case tooLong(what: String, tokens: Int, context: Int)
    case noQuestions(path: String)
    case noTopics
    case topicsFile(path: String, reason: String)
    /// A decoder that did not keep to what the guide demanded.
    case decoder(String)
    case unfinished(stream: String)
    case deadlineNotPositive(Duration)
    case reserveTooLong(Duration, deadline: Duration)

    public var description: String {
        switch self {
        case .notOneToken(let text, let tokens):
            "the tokenizer writes \"\(text)\" as \(tokens.count) tokens \(tokens); guided decoding needs it as one: use a byte-level BPE tokenizer"
        case .emptyVocabulary:
            "no token of the vocabulary can stand in a JSON string; check that the tokenizer belongs to the model"
        case .setting(let key, let value, let allowed):
            "\(key) is \(value); allowed is \(allowed)"
        case .tooFewNewTokens(let limit, let needed, let agent):
            "max_new_tokens is \(limit), but the \(agent)'s JSON needs at least \(needed); raise max_new_tokens or shorten the topic"
        case .tooLong(let what, let tokens, let context):
            "the prompt of \(what) has \(tokens) tokens; with its reply it does not fit into the model's context of \(context): shorten it"
        case .noQuestions(let path):
            "\(path) holds no question to answer; it is JSONL or a JSON array of {\"question\": \"…\", \"choices\": [four texts]}"
        case .noTopics:
            "there are no topics to ask about; give a topics file such as {\"Geography\": [\"capitals of the world\"]}"
        case .topicsFile(let path, let reason):
            "\(path) is no topics file: \(reason); it holds an object of lists, {\"Area\": [\"topic\", …], …}"
        case .decoder(let reason):
            "the decoder broke the guide's rules: \(reason)"
        case .unfinished(let stream):
            "the decoder returned before the \(stream) was finished"
        case .deadlineNotPositive(let duration):
            "the deadline is \(duration); it must be longer than nothing, such as 6 s"
        case .reserveTooLong(let reserve, let deadline):
            "the reserve of \(reserve) leaves nothing of the deadline of \(deadline); it must be shorter"
        }
    }
}
