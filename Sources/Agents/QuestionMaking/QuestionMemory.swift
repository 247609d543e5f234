import Datasets
import Groundwork
import Questions
import Synchronization

/// What a set of questions remembers while it grows: the letters so far, the questions asked, and what the pool has given.
/// One request makes its own unless it is handed one, as by a caller that asks for the questions of a set one by one. It grows with every
/// question.
public final class QuestionMemory: Sendable {
    private struct State {
        var letters = [0, 0, 0, 0]
        var asked = KnownQuestions()
        var used: Set<Int> = []
    }

    private let state = Mutex(State())

    public init() {}

    /// The letter that the next question should have: one of the rarest so far.
    func nextLetter(seed: UInt64) -> Letter {
        state.withLock { state in
            let rarest = state.letters.min() ?? 0
            var random = CounterRandom(seed: seed, phase: "balance")
            return random.element(of: Letter.allCases.filter { state.letters[$0.index] == rarest })
        }
    }

    /// A question was given.
    func note(_ question: AgentQuestion) {
        state.withLock { state in
            if let letter = Letter(rawValue: question.answer) { state.letters[letter.index] += 1 }
            if let asked = question.asQuestion(id: "", source: "") { state.asked.insert(asked) }
        }
    }

    /// The questions given so far.
    var asked: KnownQuestions { state.withLock(\.asked) }

    /// One of `count` places that was not used yet, chosen by `choose` from those that are left; all are free again once none is left.
    func take(of count: Int, _ choose: ([Int]) -> Int) -> Int {
        state.withLock { state in
            if state.used.count >= count { state.used = [] }
            let index = choose((0..<count).filter { !state.used.contains($0) })
            state.used.insert(index)
            return index
        }
    }
}
