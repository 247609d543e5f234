import Groundwork

/// What an answer is sampled with: by its question's name, so that it is the same whatever was asked before it or is kept already.
enum AnswerSeed {
    static func of(_ id: String, _ seed: UInt64) -> UInt64 {
        var random = CounterRandom(seed: seed, phase: "answer to \(id)")
        return random.next()
    }
}
