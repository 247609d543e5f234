/// Who meets whom. Teams are known by their index in the order of entry, which is the order of the seeds too.
package enum Schedule {
    /// Everybody against everybody once, by the circle method: one team stands still while the others move round it. With an odd
    /// number one team has a bye in each round.
    package static func roundRobin(_ count: Int) -> [[(first: Int, second: Int)]] {
        var circle = Array(0..<(count + count % 2))
        return (0..<max(0, circle.count - 1)).map { _ in
            defer { circle.insert(circle.removeLast(), at: 1) }
            return (0..<circle.count / 2).map { (min(circle[$0], circle[circle.count - 1 - $0]), max(circle[$0], circle[circle.count - 1 - $0])) }
                .filter { $0.1 < count }
        }
    }

    /// The first round of a knock-out, in the order of the bracket: neighbours' winners meet next. The best seeds meet last, and have
    /// the byes where there is no full number of teams.
    package static func bracket(_ count: Int) -> [(first: Int, second: Int?)] {
        var seeds = [0]
        while seeds.count < count { seeds = seeds.flatMap { [$0, 2 * seeds.count - 1 - $0] } }
        return stride(from: 0, to: seeds.count - 1, by: 2).map { (seeds[$0], seeds[$0 + 1] < count ? seeds[$0 + 1] : nil) }
    }
}
