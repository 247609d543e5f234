import Foundation

/// A match as ratings see it: who met, and what share of the point the first one got.
package struct RatedGame: Hashable {
    package let first: Int
    package let second: Int
    /// 1 for a win of the first, ½ for a draw, 0 for a loss.
    package let score: Double

    package init(first: Int, second: Int, score: Double) { (self.first, self.second, self.score) = (first, second, score) }
}

/// Ratings on Elo's scale, where 400 points more mean odds of ten to one.
public enum Ratings {
    /// Where Elo's numbers begin, and what the others have as their mean.
    public static let start = 1500.0
    /// How far one match moves an Elo number at most.
    public static let step = 32.0

    /// Elo's running numbers: after each match, in order, both move by `step` times the difference of the result to the expected one.
    package static func elo(_ games: [RatedGame], teams: Int) -> [Double] {
        var ratings = [Double](repeating: start, count: teams)
        for game in games {
            let expected = 1 / (1 + pow(10, (ratings[game.second] - ratings[game.first]) / 400))
            let change = step * (game.score - expected)
            ratings[game.first] += change
            ratings[game.second] -= change
        }
        return ratings
    }

    /// The ratings that make all results together likeliest, whatever their order (Bradley and Terry 1952), by Hunter's iteration (2004):
    ///
    ///     p[i] ← wins[i] / Σ_j met[i][j] / (p[i] + p[j])
    ///
    /// A draw is half a win for each. Every two teams that met are taken to have drawn once more: without that a team that won
    /// everything would have no finite rating. The mean is `start`.
    package static func bradleyTerry(_ games: [RatedGame], teams: Int) -> [Double] {
        var met = [[Double]](repeating: [Double](repeating: 0, count: teams), count: teams)
        var wins = [Double](repeating: 0, count: teams)
        for game in games {
            if met[game.first][game.second] == 0 {
                wins[game.first] += 0.5
                wins[game.second] += 0.5
                met[game.first][game.second] = 1
                met[game.second][game.first] = 1
            }
            met[game.first][game.second] += 1
            met[game.second][game.first] += 1
            wins[game.first] += game.score
            wins[game.second] += 1 - game.score
        }
        var strength = [Double](repeating: 1, count: teams)
        for _ in 0..<10_000 {
            var largest = 0.0
            for team in 0..<teams where wins[team] > 0 {
                let pull = (0..<teams).reduce(0.0) { $0 + (met[team][$1] == 0 ? 0 : met[team][$1] / (strength[team] + strength[$1])) }
                let next = wins[team] / pull
                largest = max(largest, abs(log(next / strength[team])))
                strength[team] = next
            }
            if largest < 1e-10 { break }
        }
        let points = strength.map { 400 * log10($0) }
        let mean = points.reduce(0, +) / Double(max(1, teams))
        return points.map { start + $0 - mean }
    }
}
