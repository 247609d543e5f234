/// Successive halving (Jamieson and Talwalkar 2016, arXiv:1502.07943): all contestants answer a few questions, the better half goes
/// on to twice as many. All of a rung have answered the same questions.
package struct Race<Score: Comparable & Codable> {
    /// One round: how many questions each had answered by its end, and who went on.
    package struct Rung: Codable {
        package let questions: Int
        /// The best first.
        package let standings: [Standing]
    }

    package struct Standing: Codable {
        package let name: String
        package let score: Score
        /// Whether it goes on. Baselines always do.
        package let stays: Bool
        /// First the best of the rung, second this one; nil for the best itself.
        package let againstBest: PairedComparison?

        enum CodingKeys: String, CodingKey {
            case name, score, stays
            case againstBest = "against_best"
        }
    }

    /// The fewest questions by which somebody may be sent home.
    package static var fewestQuestions: Int { 16 }

    /// Questions answered by the end of each rung: doubling up to all, so that a halving in each would leave two; fewer rungs where
    /// the first would be too short to say anything.
    package static func rungs(questions: Int, contestants: Int) -> [Int] {
        var sizes = [questions]
        var remaining = contestants
        while remaining > 2, sizes[0] / 2 >= fewestQuestions {
            sizes.insert(sizes[0] / 2, at: 0)
            remaining = (remaining + 1) / 2
        }
        return sizes
    }

    /// - Parameters:
    ///   - contestants: in the order that decides between equals.
    ///   - baselines: those of them that are never sent home and take nobody's place.
    ///   - score: of a contestant's records.
    ///   - isRight: of one record, for the paired comparison with the best.
    ///   - records: of the first so many questions.
    ///   - finished: called at the end of each rung.
    /// - Returns: the rungs; who stays in the last of them is a finalist.
    package static func run<Record>(
        _ contestants: [String], baselines: Set<String>, sizes: [Int], score: ([Record]) -> Score, isRight: (Record) -> Bool,
        records: (_ contestant: String, _ rung: Int, _ count: Int) throws -> [Record], finished: (Rung) throws -> Void
    ) throws -> [Rung] {
        var remaining = contestants
        var rungs: [Rung] = []
        for (number, size) in sizes.enumerated() {
            let results = try remaining.map { (name: $0, records: try records($0, number, size)) }
            let ranked = results.map { (name: $0.name, score: score($0.records), records: $0.records) }
                .enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }.map(\.element)
            let challengers = ranked.map(\.name).filter { !baselines.contains($0) }
            let isLast = number == sizes.count - 1
            let kept = Set(challengers.prefix(isLast ? challengers.count : (challengers.count + 1) / 2)).union(baselines)
            let rung = Rung(questions: size, standings: ranked.enumerated().map { index, entry in
                Standing(
                    name: entry.name, score: entry.score, stays: kept.contains(entry.name),
                    againstBest: index == 0 ? nil : PairedComparison(zip(ranked[0].records, entry.records).map { (isRight($0), isRight($1)) }))
            })
            rungs.append(rung)
            try finished(rung)
            remaining = remaining.filter(kept.contains)
        }
        return rungs
    }
}
