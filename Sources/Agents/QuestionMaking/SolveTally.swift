import Groundwork
import Questions

/// What several independent solves of one question say, each under its own order of the choices.
public struct SolveTally: Codable, Sendable, Hashable {
    public private(set) var solves = 0
    /// How many solves chose each choice, in the question's own order.
    public private(set) var votes = [0, 0, 0, 0]
    /// The mean probability of each choice.
    public private(set) var probabilities = [0.0, 0, 0, 0]

    public init() {}

    /// - Parameters:
    ///   - order: `order[place]` is the question's own choice that stood at a place.
    ///   - logProbabilities: of the four letters as they stood.
    package mutating func add(order: [Int], logProbabilities: [Float]) {
        guard logProbabilities.count == 4 else { return }
        let likely = Letter.likeliest(logProbabilities).index
        let top = Double(logProbabilities[likely])
        let weights = logProbabilities.map { $0.isNaN || !top.isFinite ? 0 : exponential(Double($0) - top) }
        let sum = weights.reduce(0, +)
        votes[order[likely]] += 1
        for (place, weight) in weights.enumerated() {
            let share = sum > 0 ? weight / sum : 0.25
            probabilities[order[place]] = (probabilities[order[place]] * Double(solves) + share) / Double(solves + 1)
        }
        solves += 1
    }

    /// The share of the solves that chose `letter`.
    public func agreement(on letter: Letter) -> Double { solves == 0 ? 0 : Double(votes[letter.index]) / Double(solves) }

    public func probability(of letter: Letter) -> Double { probabilities[letter.index] }

    /// The choice with the most votes, among equals the more probable one.
    public var favourite: Letter {
        Letter.allCases.max { (votes[$0.index], probabilities[$0.index]) < (votes[$1.index], probabilities[$1.index]) } ?? .A
    }
}

/// Orders of four choices such that over four of them every choice stands at every place once: what a model thinks of a place
/// cancels.
package enum ChoiceOrders {
    /// - Parameter seed: draws the orders; the same one gives the same.
    package static func drawn(_ count: Int, seed: UInt64) -> [[Int]] {
        var orders: [[Int]] = []
        var random = CounterRandom(seed: seed, phase: "orders")
        while orders.count < count {
            let base = random.shuffled([0, 1, 2, 3])
            for turn in random.shuffled([0, 1, 2, 3]) { orders.append((0..<4).map { base[($0 + turn) % 4] }) }
        }
        return Array(orders.prefix(count))
    }
}
