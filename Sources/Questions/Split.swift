import Groundwork

/// Splits that depend on the questions' content alone: neither on their order nor on what else is in the file.
///
/// A question's place follows from its fingerprint, so the same question with its choices rearranged or its spacing changed
/// falls on the same side, and adding questions never moves one from held-out to training.
public enum Split {
    /// About `fraction` of the questions are held out; the order stays.
    /// - Parameter fraction: between 0 and 1.
    public static func deterministic(
        _ questions: [Question], heldOut fraction: Double, seed: UInt64
    ) -> (training: [Question], heldOut: [Question]) {
        precondition((0...1).contains(fraction), "a fraction lies between 0 and 1")
        var sides: (training: [Question], heldOut: [Question]) = ([], [])
        for question in questions {
            if position(of: question.fingerprint, seed: seed) < fraction {
                sides.heldOut.append(question)
            } else {
                sides.training.append(question)
            }
        }
        return sides
    }

    /// Holds out those `count` different questions that come first by position, with all their copies; the order stays.
    /// Fewer if there are fewer.
    public static func holdingOut(
        _ count: Int, of questions: [Question], seed: UInt64
    ) -> (training: [Question], heldOut: [Question]) {
        precondition(count >= 0, "a count is not negative")
        let order = Set(questions.map(\.fingerprint))
            .map { (position: position(of: $0, seed: seed), fingerprint: $0) }
            .sorted { ($0.position, $0.fingerprint) < ($1.position, $1.fingerprint) }
        let chosen = Set(order.prefix(count).map(\.fingerprint))
        return (
            questions.filter { !chosen.contains($0.fingerprint) }, questions.filter { chosen.contains($0.fingerprint) }
        )
    }

    /// A question's place in `[0, 1)`, uniform over questions.
    public static func position(of fingerprint: Fingerprint, seed: UInt64) -> Double {
        var random = CounterRandom(seed: seed ^ fingerprint.high, phase: "split", step: fingerprint.low)
        return random.uniform()
    }
}

extension Sequence<Question> {
    /// The first of every group of equal fingerprints, in order.
    public func withoutRepeats(excluding: Set<Fingerprint> = []) -> [Question] {
        var seen = excluding
        return filter { seen.insert($0.fingerprint).inserted }
    }

    public var fingerprints: Set<Fingerprint> { Set(map(\.fingerprint)) }
}
