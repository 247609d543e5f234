/// Who plays whom, how often, by which rules.
public struct TournamentPlan: Codable, Sendable, Hashable {
    public enum Format: String, Codable, Sendable, Hashable, CaseIterable {
        /// Everybody against everybody.
        case roundRobin = "round-robin"
        /// Who loses is out.
        case knockOut = "knock-out"
    }

    public var rules: TournamentRules
    public var format: Format
    /// Matches that two teams play when they meet.
    public var matches: Int
    public var seed: UInt64

    public init(rules: TournamentRules = TournamentRules(), format: Format = .roundRobin, matches: Int = 1, seed: UInt64 = 0) {
        (self.rules, self.format, self.matches, self.seed) = (rules, format, matches, seed)
    }
}

/// A team's place among all.
public struct Standing: Codable, Sendable, Hashable {
    public var team: String
    /// Counted from 1; teams that nothing tells apart share one.
    public var place: Int
    public var played: Int
    public var won: Int
    public var drawn: Int
    public var lost: Int
    /// A win is 1, a draw ½.
    public var points: Double
    /// Of a match's question score, in per cent; the mean over its matches.
    public var questionScore: Double
    /// Of a match's answer score, in per cent; the mean over its matches.
    public var answerScore: Double
    /// In a knock-out, the round in which it lost, counted from 1; nil for the winner and in other formats.
    public var outInRound: Int?
}
