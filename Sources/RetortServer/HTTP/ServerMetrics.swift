import Foundation
import Synchronization
import Transformers

/// What `/metrics` tells, in Prometheus' text format.
final class ServerMetrics: Sendable {
    private struct Histogram {
        static let bounds = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 60, 120]
        /// One for each bound and one above.
        var counts = [Int](repeating: 0, count: bounds.count + 1)
        var sum = 0.0

        mutating func add(_ seconds: Double) {
            counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
            sum += seconds
        }
    }

    private struct State {
        var answered: [String: [Int: Int]] = [:]
        var seconds: [String: Histogram] = [:]
        var late: [String: Int] = [:]
        var cancelled: [String: Int] = [:]
        var promptTokens = 0
        var writtenTokens = 0
    }

    private let state = Mutex(State())
    private let started = UnixTime.now

    func answered(_ path: String, _ status: Int) { state.withLock { $0.answered[path, default: [:]][status, default: 0] += 1 } }

    /// Work that was accepted has ended.
    func ended(_ path: String, _ request: RequestWork, _ problem: HTTPProblem?) {
        let tokens = request.tokens, elapsed = request.elapsed
        state.withLock { state in
            state.promptTokens += tokens.prompt
            state.writtenTokens += tokens.written
            if problem?.status.code == HTTPProblem.cancelled.status.code {
                state.cancelled[path, default: 0] += 1
            } else {
                state.seconds[path, default: Histogram()].add(elapsed / .seconds(1))
                if elapsed > request.limit || problem?.code == HTTPProblem.late.code { state.late[path, default: 0] += 1 }
            }
        }
    }

    func text(_ decoder: SharedDecoder.Status, _ queue: WorkQueue.Status) -> String {
        let state = state.withLock { $0 }
        var lines: [String] = []
        func metric(_ name: String, _ type: String, _ help: String, _ samples: [(String, String)]) {
            lines += ["# HELP retort_\(name) \(help)", "# TYPE retort_\(name) \(type)"]
            lines += samples.map { "retort_\(name)\($0.0.isEmpty ? "" : "{\($0.0)}") \($0.1)" }
        }
        func single(_ name: String, _ type: String, _ help: String, _ value: Int) { metric(name, type, help, [("", "\(value)")]) }
        func byPath(_ counts: [String: Int]) -> [(String, String)] { counts.sorted { $0.key < $1.key }.map { ("path=\"\($0)\"", "\($1)") } }

        metric("requests_total", "counter", "Requests by path and status.", state.answered.sorted { $0.key < $1.key }.flatMap { path, counts in
            counts.sorted { $0.key < $1.key }.map { ("path=\"\(path)\",status=\"\($0)\"", "\($1)") }
        })
        var samples: [(String, String)] = []
        for (path, histogram) in state.seconds.sorted(by: { $0.key < $1.key }) {
            var total = 0
            for (bound, count) in zip(Histogram.bounds.map { "\($0)" } + ["+Inf"], histogram.counts) {
                total += count
                samples.append(("path=\"\(path)\",le=\"\(bound)\"", "\(total)"))
            }
        }
        lines += ["# HELP retort_request_seconds From a request's arrival to the end of its work.", "# TYPE retort_request_seconds histogram"]
        lines += samples.map { "retort_request_seconds_bucket{\($0)} \($1)" }
        for (path, histogram) in state.seconds.sorted(by: { $0.key < $1.key }) {
            lines.append("retort_request_seconds_sum{path=\"\(path)\"} \(histogram.sum)")
            lines.append("retort_request_seconds_count{path=\"\(path)\"} \(histogram.counts.reduce(0, +))")
        }
        metric("deadline_misses_total", "counter", "Requests whose work ended after their deadline.", byPath(state.late))
        metric("cancelled_total", "counter", "Requests whose client went away.", byPath(state.cancelled))
        single("queue_waiting", "gauge", "Requests that wait for a thread.", queue.waiting)
        single("queue_places", "gauge", "Requests that may wait.", queue.places)
        single("requests_busy", "gauge", "Requests that are worked on.", queue.busyThreads)
        single("slots", "gauge", "Streams that can be decoded side by side.", decoder.slots)
        single("slots_busy", "gauge", "Streams that are decoded.", decoder.busySlots)
        single("streams_waiting", "gauge", "Streams that wait for a slot.", decoder.waitingStreams)
        single("rounds_total", "counter", "Passes of the decoder.", decoder.rounds)
        single("computed_tokens_total", "counter", "Tokens that went through the model.", decoder.computedTokens)
        single("reused_tokens_total", "counter", "Tokens of prompts that a slot held already.", decoder.reusedTokens)
        single("prompt_tokens_total", "counter", "Tokens of prompts.", state.promptTokens)
        single("written_tokens_total", "counter", "Tokens that the model wrote.", state.writtenTokens)
        single("resident_bytes", "gauge", "Memory of the process.", ProcessMemory.resident)
        single("start_time_seconds", "gauge", "When the process started, since 1970.", started)
        return lines.joined(separator: "\n") + "\n"
    }
}

enum UnixTime {
    static var now: Int { Int(Date().timeIntervalSince1970) }
}

enum ProcessMemory {
    /// Bytes that the process holds in memory, from /proc; 0 where there is none.
    static var resident: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
