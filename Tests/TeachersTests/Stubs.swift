import Distillation
import Foundation
import Teachers
import TestServers
import Tokenizers
import Transformers

/// Replies as servers write them, and requests as a test sends them.
enum Stubs {
    static func request(_ text: String, alternatives: Int = 4) -> TeacherRequest {
        TeacherRequest(
            messages: [Message(.user, text)], sampling: Sampling(temperature: 0.6, topP: 0.95), maximumTokens: 64, alternatives: alternatives,
            seed: 0x1234_5678_9abc_def0)
    }

    static let models = #"{"object":"list","data":[{"id":"stub","object":"model","owned_by":"someone"}]}"#

    /// The JSON of a token list, each token with itself and `others` as alternatives.
    static func places(_ tokens: [String], others: [(String, Double)] = [("x", -3)]) -> String {
        func place(_ token: String, _ logprob: Double, _ inner: String = "") -> String {
            "{\"token\":\(quoted(token)),\"bytes\":\(Array(token.utf8)),\"logprob\":\(logprob)\(inner)}"
        }
        let list = tokens.map { token in
            let alternatives = ([(token, -0.25)] + others).map { place($0.0, $0.1) }.joined(separator: ",")
            return place(token, -0.25, ",\"top_logprobs\":[\(alternatives)]")
        }
        return "{\"content\":[\(list.joined(separator: ","))]}"
    }

    static func completion(
        _ text: String, thinking: String? = nil, field: String = "reasoning_content", ending: String = "stop", logprobs: String = "null"
    ) -> String {
        let extra = thinking.map { ",\"\(field)\":\(quoted($0))" } ?? ""
        return """
            {"id":"1","object":"chat.completion","model":"stub-1","choices":[{"index":0,"finish_reason":"\(ending)",\
            "message":{"role":"assistant","content":\(quoted(text))\(extra)},"logprobs":\(logprobs)}],\
            "usage":{"prompt_tokens":7,"completion_tokens":3}}
            """
    }

    /// What was asked, read from a request's body.
    static func asked(_ request: StubServer.Request) -> String {
        let body = (try? JSONSerialization.jsonObject(with: request.body)) as? [String: Any]
        return ((body?["messages"] as? [[String: Any]])?.last?["content"] as? String) ?? ""
    }

    static var fastPace: AdaptiveLimit.Pace {
        var pace = AdaptiveLimit.Pace()
        pace.shortestPause = .milliseconds(2)
        pace.longestPause = .milliseconds(40)
        return pace
    }

    /// A thread of a test's blocks signals, and its child would inherit that.
    static func startUnblocked(_ process: Process) throws {
        var none = sigset_t(), old = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        try process.run()
    }

    static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(String(decoding: (try? encoder.encode([text])) ?? Data(), as: UTF8.self).dropFirst().dropLast())
    }
}
