/// Finds the name a user probably meant.
enum NearestName {
    /// The candidate with the smallest edit distance, if it is near enough to be a likely slip:
    /// at most a third of the longer name's letters, or two.
    static func of(_ name: String, among candidates: [String]) -> String? {
        let wanted = folded(name)
        let ranked = candidates.map { ($0, distance(wanted, folded($0))) }
        guard let best = ranked.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }) else { return nil }
        return best.1 <= max(2, max(name.count, best.0.count) / 3) ? best.0 : nil
    }

    /// Case and the choice of separator are not worth a distance.
    private static func folded(_ name: String) -> [Character] {
        Array(name.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 })
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    static func distance(_ a: [Character], _ b: [Character]) -> Int {
        guard !a.isEmpty else { return b.count }
        guard !b.isEmpty else { return a.count }
        var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
        for i in 0...a.count { rows[i][0] = i }
        for j in 0...b.count { rows[0][j] = j }
        for i in 1...a.count {
            for j in 1...b.count {
                rows[i][j] = min(
                    rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
                }
            }
        }
        return rows[a.count][b.count]
    }
}
