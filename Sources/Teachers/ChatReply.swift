import Distillation
import Foundation
import Tokenizers

/// A server's reply that cannot be used.
struct Malformed: Error {
    let reason: String
}

/// The body of a reply of `/chat/completions`.
struct ChatReply: Decodable {
    struct Choice: Decodable {
        struct Message: Decodable {
            let content: String?
            let reasoning_content: String?
            let reasoning: String?
        }

        let message: Message
        let finish_reason: String?
        let logprobs: LogProbabilities?
    }

    struct LogProbabilities: Decodable {
        let content: [Place]?

        enum CodingKeys: CodingKey { case content }

        init(from decoder: any Decoder) throws {
            // Where there is an object there is its list, if only null: another shape must not pass for "none".
            content = try decoder.container(keyedBy: CodingKeys.self).decode([Place]?.self, forKey: .content)
        }
    }

    /// A token, and at a place of the reply those that might have stood there.
    struct Place: Decodable {
        let token: String
        let bytes: [UInt8]?
        let logprob: Double?
        let top_logprobs: [Place]?

        /// The token's own bytes: a token may end inside a character, which its text cannot show.
        var spelling: [UInt8] { bytes ?? Array(token.utf8) }
        var text: String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? token }
    }

    struct Usage: Decodable {
        let prompt_tokens: Int?
        let completion_tokens: Int?
    }

    let choices: [Choice]
    let usage: Usage?
    let model: String?

    /// - Throws: `Malformed`, `RespondentError.refused` where a filter of the server's held the reply back.
    static func read(_ body: Data, to request: TeacherRequest, model: String, seconds: Double) throws -> TeacherReply {
        let reply: ChatReply
        do {
            reply = try JSONDecoder().decode(ChatReply.self, from: body)
        } catch {
            throw Malformed(reason: "not a chat completion: \(Self.reason(error))")
        }
        guard let choice = reply.choices.first else { throw Malformed(reason: "a chat completion without choices") }
        let ending: TeacherReply.Ending
        switch choice.finish_reason {
        case "stop", "eos", "eos_token", "stop_sequence": ending = .finished
        case "length", "max_tokens": ending = .tokenLimit
        case "content_filter": throw RespondentError.refused("the server's content filter held the reply back")
        case let other: throw Malformed(reason: "a chat completion that ended by \(other ?? "nothing")")
        }
        let thinking = [choice.message.reasoning_content, choice.message.reasoning].compactMap { $0 }.first { !$0.isEmpty }
        guard choice.message.content != nil || thinking != nil else { throw Malformed(reason: "a chat completion without content") }
        let places = request.alternatives > 0 ? choice.logprobs?.content ?? [] : []
        let given = request.messages.last.flatMap { $0.role == .assistant ? $0.text : nil } ?? ""
        let (text, written) = try Spelling(places).part(of: choice.message.content ?? "", behind: given, thinking: thinking != nil)
        return TeacherReply(
            text: text, thinking: thinking, tokens: try written.map(token), ending: ending,
            promptTokens: max(0, reply.usage?.prompt_tokens ?? 0), completionTokens: max(0, reply.usage?.completion_tokens ?? places.count), model: reply.model ?? model, seconds: seconds)
    }

    private static func token(_ place: Place) throws -> TeacherReply.Token {
        guard let logProbability = place.logprob, logProbability <= 0.01 else {
            throw Malformed(reason: "a token whose log-probability is \(place.logprob.map { "\($0)" } ?? "missing")")
        }
        var seen: Set<[UInt8]> = []
        var alternatives: [TeacherReply.Alternative] = []
        for other in (place.top_logprobs ?? []).sorted(by: { $0.logprob ?? -.infinity > $1.logprob ?? -.infinity }) {
            // What has no probability is written as null; a token listed twice counts once, with its larger value.
            guard let value = other.logprob, seen.insert(other.spelling).inserted else { continue }
            guard value <= 0.01 else { throw Malformed(reason: "an alternative whose log-probability is \(value)") }
            alternatives.append(.init(text: other.text, logProbability: min(0, value)))
        }
        return TeacherReply.Token(text: place.text, logProbability: min(0, logProbability), alternatives: alternatives)
    }

    private static func reason(_ error: any Error) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? "." + $0.stringValue }.joined()
        }
        switch error {
        case DecodingError.keyNotFound(let key, let context): return "\(path(context)) has no \(key.stringValue)"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            return "\(path(context)) is not what it should be"
        default: return "no JSON"
        }
    }
}

/// Finds a reply's text among the tokens that were written: servers list all of them, thinking and end tokens included, strip white
/// space from the text, and may put the given beginning of the reply before it.
private struct Spelling {
    private let places: [ChatReply.Place]
    private let bytes: [UInt8]

    init(_ places: [ChatReply.Place]) {
        self.places = places.filter { !$0.spelling.isEmpty }
        bytes = self.places.flatMap(\.spelling)
    }

    /// - Parameters:
    ///   - given: the beginning of the reply that was in the request.
    ///   - thinking: whether tokens before the text may belong to thinking.
    /// - Returns: what was written as text, and its tokens.
    func part(of text: String, behind given: String, thinking: Bool) throws -> (String, ArraySlice<ChatReply.Place>) {
        let rest = !given.isEmpty && text.hasPrefix(given) ? String(text.dropFirst(given.count)) : nil
        if places.isEmpty { return (rest ?? text, []) }
        for candidate in [text, rest].compactMap({ $0 }) {
            if let range = find(candidate, thinking: thinking) { return (candidate, places[range]) }
        }
        // A server that gives no bytes cannot show a character that several tokens make up.
        if !thinking, places.contains(where: { $0.bytes == nil && $0.token.contains("\u{FFFD}") }) { return (rest ?? text, places[...]) }
        throw Malformed(reason: "log-probabilities of other tokens than its text")
    }

    private func find(_ text: String, thinking: Bool) -> Range<Int>? {
        if Array(text.utf8) == bytes { return 0..<places.count }
        let wanted = Array(text.trimmingCharacters(in: .whitespacesAndNewlines).utf8)
        guard !wanted.isEmpty else { return thinking ? places.count..<places.count : (bytes.allSatisfy(Self.isSpace) ? 0..<places.count : nil) }
        guard bytes.count >= wanted.count else { return nil }
        let starts = thinking
            ? Array(stride(from: bytes.count - wanted.count, through: 0, by: -1)) : [bytes.firstIndex { !Self.isSpace($0) } ?? 0]
        guard let start = starts.first(where: { bytes[$0...].starts(with: wanted) }) else { return nil }
        let end = start + wanted.count
        var position = 0, range: (first: Int, last: Int)?
        for (index, place) in places.enumerated() {
            let next = position + place.spelling.count
            if next > start, position < end { range = (range?.first ?? index, index) }
            position = next
        }
        return range.map { ($0.first)..<($0.last + 1) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
