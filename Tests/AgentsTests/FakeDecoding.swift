import Agents
import Groundwork
import Synchronization
import Testing
import Transformers

/// A clock that moves only when it is told to.
final class ManualClock: Sendable {
    private let time = Mutex(Duration.seconds(1000))

    func advance(by duration: Duration) { time.withLock { $0 += duration } }
    var requests: RequestClock { RequestClock { [self] in time.withLock { $0 } } }
}

/// What a fake model wants to say: the token it likes best among those that the mask allows.
typealias Preference = (_ random: inout CounterRandom, _ stream: [Int], _ allowed: (Int) -> Bool) -> Int

enum Preferences {
    /// Anything at all, each token equally often.
    static func anything(_ size: Int) -> Preference {
        { random, _, allowed in
            for _ in 0..<10_000 {
                let id = random.next(below: size)
                if allowed(id) { return id }
            }
            return (0..<size).first(where: allowed)!
        }
    }

    /// Always these tokens, the first that is allowed; something else only where none is.
    static func always(_ wanted: [Int], size: Int) -> Preference {
        { random, stream, allowed in wanted.first(where: allowed) ?? anything(size)(&random, stream, allowed) }
    }

    /// Anything but these tokens, as long as there is anything else.
    static func never(_ unwanted: Set<Int>, size: Int) -> Preference {
        { random, stream, allowed in
            for _ in 0..<200 {
                let id = random.next(below: size)
                if allowed(id) && !unwanted.contains(id) { return id }
            }
            return anything(size)(&random, stream, allowed)
        }
    }
}

/// Runs guides without a model, one stream after the other, and checks that they keep to the decoder's rules.
final class FakeDecoding {
    let coding: FakeCoding
    var preference: Preference
    /// log p of the four letters, by the stream before them.
    var scores: (_ random: inout CounterRandom, _ stream: [Int]) -> [Float]
    /// What a pass costs, by its tokens and whether the prompt is among them; time passes when the model computes.
    var cost: (_ random: inout CounterRandom, _ tokens: Int, _ isFirst: Bool) -> Duration = { _, _, _ in .zero }
    var clock: ManualClock?
    /// What stood behind the prompt when each stream was finished.
    private(set) var replies: [[Int]] = []
    private(set) var prompts: [[Int]] = []
    private(set) var passes = 0

    init(_ coding: FakeCoding, preference: Preference? = nil) {
        self.coding = coding
        self.preference = preference ?? Preferences.anything(coding.vocabularySize)
        scores = { random, _ in (0..<4).map { _ in Float(random.normal()) } }
    }

    func run(_ streams: [Stream]) throws {
        for stream in streams { try run(stream) }
    }

    private func run(_ stream: Stream) throws {
        var random = CounterRandom(seed: stream.seed, phase: "fake")
        var tokens: [Int] = []
        var pending = stream.prompt.count
        var isFirst = true
        prompts.append(stream.prompt)
        func compute() {
            guard pending > 0 else { return }
            passes += 1
            clock?.advance(by: cost(&random, pending, isFirst))
            isFirst = false
            pending = 0
        }
        for _ in 0..<20_000 {
            switch try stream.guide.next() {
            case .append(let ids):
                #expect(!ids.isEmpty)
                tokens += ids
                pending += ids.count
            case .sample(_, let mask):
                compute()
                let allowed: (Int) -> Bool = { mask?.allows($0) ?? true }
                let id = preference(&random, tokens, allowed)
                try #require(allowed(id))
                tokens.append(id)
                pending += 1
                try stream.guide.sampled(id)
            case .score(let ids):
                #expect(ids.count == 4)
                compute()
                try stream.guide.scored(scores(&random, tokens))
            case .likeliest:
                Issue.record("no agent asks for the likeliest tokens")
            case .rewind(let count):
                try #require(count > 0 && count <= tokens.count, "a guide rewinds no further than the prompt's end")
                tokens.removeLast(count)
                pending = max(0, pending - count)
            case .finish:
                replies.append(tokens)
                return
            }
        }
        Issue.record("the guide does not end")
    }
}
