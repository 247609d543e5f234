import Foundation
import Groundwork
import Tokenizers
import Transformers

/// A text that was continued, with the times it took.
struct Completion: Encodable {
    let text: String
    let ids: [Int]
    let promptTokens: Int
    let finish: String
    /// From the prompt to the last token.
    let seconds: Double
    let tokensPerSecond: Double
    /// From the prompt to the first token. What all prompts of a file begin with is computed before.
    let promptSeconds: Double?
    /// From the start of the process to the first token, loading included; nil where the system does not tell.
    let firstTokenSeconds: Double?
    /// Of the tokens behind the first; nil where there are none.
    let decodeTokensPerSecond: Double?

    enum CodingKeys: String, CodingKey {
        case text, ids, finish, seconds
        case promptTokens = "prompt_tokens"
        case tokensPerSecond = "tokens_per_second"
        case promptSeconds = "prompt_seconds"
        case firstTokenSeconds = "first_token_seconds"
        case decodeTokensPerSecond = "decode_tokens_per_second"
    }

    init(_ guide: FreeText, promptTokens: Int, tokenizer: Tokenizer) {
        let ids = guide.ids, prompt = guide.seconds(to: guide.first), whole = guide.seconds(to: guide.last) ?? 0
        text = tokenizer.decode(ids, skippingSpecial: true)
        self.ids = ids
        self.promptTokens = promptTokens
        finish = guide.ended ? "end" : "length"
        seconds = whole
        tokensPerSecond = Double(ids.count) / max(whole, 1e-9)
        promptSeconds = prompt
        firstTokenSeconds = guide.firstInProcess
        // The token that ends a turn costs a step and is not among the ids.
        let steps = ids.count + (guide.ended ? 1 : 0) - 1
        decodeTokensPerSecond = prompt.flatMap { steps > 0 ? Double(steps) / max(whole - $0, 1e-9) : nil }
    }
}

/// Samples until the model ends its turn or the limit is reached, and looks at the clock on the way.
final class FreeText: Guide {
    private let sampling: Sampling
    private let limit: Int
    private let ends: Set<Int>
    private(set) var ids: [Int] = []
    private(set) var ended = false
    private(set) var began: ContinuousClock.Instant?
    private(set) var first: ContinuousClock.Instant?
    private(set) var last: ContinuousClock.Instant?
    private(set) var firstInProcess: Double?
    /// Is told of every token of the text; what it throws ends the text.
    var each: ((Int) throws -> Void)?
    /// Why the text was ended from outside.
    private(set) var fault: (any Error)?

    /// - Parameter ends: the tokens that end the text, none of them part of it; empty to go on to the limit.
    init(sampling: Sampling, limit: Int, ends: Set<Int>) {
        self.sampling = sampling
        self.limit = limit
        self.ends = ends
    }

    func stop(_ reason: any Error) { fault = fault ?? reason }

    var isDone: Bool { ended || fault != nil || ids.count >= limit }

    func seconds(to time: ContinuousClock.Instant?) -> Double? {
        guard let began, let time else { return nil }
        return (time - began) / .seconds(1)
    }

    func next() -> Demand {
        if began == nil { began = .now }
        return isDone ? .finish : .sample(sampling, nil)
    }

    func sampled(_ token: Int) {
        last = .now
        if first == nil {
            first = last
            firstInProcess = ProcessTime.sinceStart
        }
        if ends.contains(token) {
            ended = true
        } else {
            ids.append(token)
            do { try each?(token) } catch { stop(error) }
        }
    }

    func scored(_ logProbabilities: [Float]) { preconditionFailure("free text demands no scores") }
}

enum ProcessTime {
    /// Seconds since this process was started, to a hundredth, from /proc; nil where there is none.
    static var sinceStart: Double? {
        // The second field is the program's name in parentheses and may hold anything; the start stands 20 fields behind it.
        guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let uptime = try? String(contentsOfFile: "/proc/uptime", encoding: .utf8),
            let now = uptime.split(separator: " ").first.flatMap({ Double($0) }),
            let fields = stat.lastIndex(of: ")").map({ stat[$0...].split(separator: " ") }), fields.count > 20,
            let ticks = Double(fields[20])
        else { return nil }
        return now - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// Prompts for `retort complete --prompts`: JSONL, each line a string or an object with a string "prompt".
enum PromptFile {
    private struct Line: Decodable {
        let prompt: String

        private enum Key: CodingKey { case prompt }

        init(from decoder: any Swift.Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                prompt = text
            } else {
                prompt = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .prompt)
            }
        }
    }

    /// - Parameter path: '-' for standard input.
    static func read(_ path: String) throws -> [String] {
        let name = path == "-" ? "standard input" : path
        let data = path == "-" ? FileHandle.standardInput.readDataToEndOfFile() : try WholeFile.read(path)
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        let prompts = try lines.filter { $1.contains { !" \t\r".utf8.contains($0) } }.map { index, text in
            let number = index + 1
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(text)) else {
                throw LineError(source: name, number: number, reason: "this is neither a JSON string nor an object with a string \"prompt\"")
            }
            guard !line.prompt.isEmpty else { throw LineError(source: name, number: number, reason: "the prompt is empty") }
            return line.prompt
        }
        guard !prompts.isEmpty else { throw FileError(path: name, action: "take prompts from", reason: "it holds no line") }
        return prompts
    }
}
