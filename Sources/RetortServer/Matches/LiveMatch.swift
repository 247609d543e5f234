import Agents
import Foundation
import Groundwork
import Synchronization
import Tournaments
import Transformers

/// A match that is being played between two of the server's models, and everything that happened in it so far.
final class LiveMatch: Sendable {
    private struct State {
        var events: [String] = []
        var isOver = false
        var readers: [UInt64: AsyncStream<String>.Continuation] = [:]
        var nextReader: UInt64 = 0
    }

    let id: String
    private let work: RequestWork
    private let state = Mutex(State())

    init() {
        id = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        work = RequestWork(limit: .seconds(24 * 3_600))
    }

    var isOver: Bool { state.withLock { $0.isOver } }

    func stop() { work.cancellation.request() }

    /// Everything from the beginning, and then what happens, as texts of server-sent events.
    func events() -> AsyncStream<String> {
        let (events, told) = AsyncStream<String>.makeStream()
        let number = state.withLock { state -> UInt64? in
            for event in state.events { told.yield(event) }
            if state.isOver { return nil }
            state.nextReader += 1
            state.readers[state.nextReader] = told
            return state.nextReader
        }
        guard let number else {
            told.finish()
            return events
        }
        told.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.readers.removeValue(forKey: number) } }
        return events
    }

    private func tell(_ text: String) {
        state.withLock { state in
            state.events.append(text)
            for reader in state.readers.values { reader.yield(text) }
        }
    }

    private func end() {
        let readers = state.withLock { state in
            state.isOver = true
            return Array(state.readers.values)
        }
        for reader in readers { reader.finish() }
    }

    /// Plays on a thread of its own, beside the requests: its streams take their turns with theirs.
    func play(_ fields: MatchFields, _ models: ServedModels, _ settings: ServerSettings) {
        let thread = Thread { [self] in
            do {
                try RequestWork.$current.withValue(work) { try playing(fields, models, settings) }
            } catch {
                let problem = work.cancellation.isRequested ? HTTPProblem(.serviceUnavailable, "the match was stopped", code: "stopped") : HTTPProblem(error)
                tell(ServerSentEvent.text("error", problem.json))
            }
            end()
        }
        thread.name = "match"
        thread.stackSize = 2 << 20
        thread.start()
    }

    private func playing(_ fields: MatchFields, _ models: ServedModels, _ settings: ServerSettings) throws {
        let work = work
        func team(_ name: String, _ adapter: Int) throws -> Team {
            Team(
                name: name, questionAgent: try models.questionAgent(adapter, settings.asking),
                answerAgent: try models.agents(adapter).answerAgent(settings.answering))
        }
        let names = fields.teams.map { models.names[$0] }
        let second = names[0] == names[1] ? names[1] + " (2)" : names[1]
        let rules = TournamentRules(
            questions: fields.questions, questionSeconds: settings.questionDeadline / .seconds(1),
            answerSeconds: settings.answerDeadline / .seconds(1))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        _ = try Match(rules: rules, tokens: models.vocabulary.coding.count).play(
            team(names[0], fields.teams[0]), team(second, fields.teams[1]), topics: fields.topics, seed: fields.seed
        ) { event in
            // An agent that was stopped is to the match one that failed: the match itself has to end.
            if work.cancellation.isRequested { throw HTTPProblem.cancelled }
            tell(ServerSentEvent.text(event.kind.rawValue, String(decoding: try encoder.encode(event), as: UTF8.self)))
        }
    }
}

/// The one match that is played at a time.
final class LiveMatches: Sendable {
    private let last = Mutex<LiveMatch?>(nil)

    func match(_ id: String) -> LiveMatch? { last.withLock { $0?.id == id ? $0 : nil } }

    /// - Throws: `HTTPProblem` while another is played.
    func begin() throws(HTTPProblem) -> LiveMatch {
        let match = LiveMatch()
        let other = last.withLock { last -> LiveMatch? in
            if let playing = last, !playing.isOver { return playing }
            last = match
            return nil
        }
        if let other {
            throw HTTPProblem(.conflict, "a match is being played: watch it at /v1/tournaments/\(other.id)/events", code: "match_running")
        }
        return match
    }

    func stop() { last.withLock { $0 }?.stop() }
}
