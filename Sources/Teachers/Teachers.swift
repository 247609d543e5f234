/// Teachers behind HTTP: OpenAI-compatible endpoints, any number at once (`TeacherPool`), and a llama.cpp server that is started on a
/// GGUF file and stopped again (`LlamaServer`). Both are `Respondent`s; what is asked and what becomes of a reply is Distillation's.
/// May import Groundwork, ContentHash, Questions and Distillation; knows no recipes.

/// What is wrong with an endpoint's or a server's settings, before anything is asked.
public enum TeacherError: Error, CustomStringConvertible {
    /// `--endpoint` text that cannot be read.
    case badEndpoint(text: String, reason: String)
    /// The environment lacks the variable that should hold the key.
    case noKey(endpoint: String, variable: String)
    /// The model to ask for is not named, and the endpoint does not tell.
    case unknownModel(endpoint: String, reason: String)
    /// No llama.cpp server is to be found.
    case noServer(String)
    /// The llama.cpp server ended or did not become ready.
    case serverFailed(gguf: String, reason: String)

    public var description: String {
        switch self {
        case .badEndpoint(let text, let reason): "--endpoint \(text): \(reason)"
        case .noKey(let endpoint, let variable):
            "\(endpoint): the environment has no \(variable), which should hold its key; export it, or correct key-env"
        case .unknownModel(let endpoint, let reason):
            "\(endpoint) does not say which model to ask for (\(reason)); name it: --endpoint \(endpoint),model=NAME"
        case .noServer(let reason):
            "no llama.cpp server: \(reason); put llama-server on the PATH, name it in RETORT_LLAMA_SERVER, or run scripts/setup --llama"
        case .serverFailed(let gguf, let reason): "the llama.cpp server on \(gguf) failed: \(reason)"
        }
    }
}
