import Agents
import Questions

/// Something that happened in a tournament, told when it happens. As JSON each is one flat object whose `event` names its kind:
///
///     {"event": "answer", "match": 1, "inning": 2, "number": 7, "outcome": "correct", "right": "B", …}
///
/// Matches, innings and questions are counted from 1. A `match-ends` without its `match-begins` is of an earlier run of the same
/// tournament, which is not played again.
public enum TournamentEvent: Codable, Sendable, Hashable {
    case tournamentBegins(TournamentBegins)
    case matchBegins(MatchBegins)
    case inningBegins(InningBegins)
    case question(QuestionAsked)
    case answer(AnswerJudged)
    case inningEnds(InningEnds)
    case matchEnds(MatchEnds)
    case tournamentEnds(TournamentEnds)

    public struct TournamentBegins: Codable, Sendable, Hashable {
        public var plan: TournamentPlan
        public var teams: [String]
        /// How many will be played in all.
        public var matches: Int
    }

    public struct MatchBegins: Codable, Sendable, Hashable {
        public var match: Int
        public var first: String
        public var second: String
        public var seed: UInt64
        public var rules: TournamentRules
    }

    public struct InningBegins: Codable, Sendable, Hashable {
        public var match: Int
        public var inning: Int
        public var asker: String
        public var answerer: String
        /// Questions that the asker is asked for.
        public var requested: Int
    }

    public struct QuestionAsked: Codable, Sendable, Hashable {
        public var match: Int
        public var inning: Int
        public var number: Int
        public var record: QuestionRecord
        /// Why it does not pass and is not put; empty if it is.
        public var rejections: [String]
    }

    public struct AnswerJudged: Codable, Sendable, Hashable {
        public var match: Int
        public var inning: Int
        /// Of the question.
        public var number: Int
        /// Nil if none came.
        public var record: AnswerRecord?
        public var right: Letter
        public var outcome: InningEntry.Outcome
        /// Why it is malformed.
        public var reasons: [String]
    }

    public struct InningEnds: Codable, Sendable, Hashable {
        public var match: Int
        public var inning: Int
        public var asker: String
        public var answerer: String
        public var requested: Int
        public var passing: Int
        public var correct: Int
        /// In per cent.
        public var questionScore: Double
        public var answerScore: Double
        /// Why an agent gave nothing, and what it said.
        public var questionFailure: String?
        public var answerFailure: String?
        public var questionLog: String?
        public var answerLog: String?
    }

    public struct MatchEnds: Codable, Sendable, Hashable {
        public var match: Int
        public var teams: [TeamResult]
        /// Nil if nobody won.
        public var winner: String?
        public var decision: MatchResult.Decision
        /// The answer agents' scores on the closed benchmark in per cent, if it was needed.
        public var benchmark: [Double]?
    }

    public struct TournamentEnds: Codable, Sendable, Hashable {
        /// The best first.
        public var standings: [Standing]
        /// Nil where the first places are equal.
        public var winner: String?
    }

    /// The kinds by their names in JSON.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case tournamentBegins = "tournament-begins"
        case matchBegins = "match-begins"
        case inningBegins = "inning-begins"
        case question, answer
        case inningEnds = "inning-ends"
        case matchEnds = "match-ends"
        case tournamentEnds = "tournament-ends"
    }

    public var kind: Kind {
        switch self {
        case .tournamentBegins: .tournamentBegins
        case .matchBegins: .matchBegins
        case .inningBegins: .inningBegins
        case .question: .question
        case .answer: .answer
        case .inningEnds: .inningEnds
        case .matchEnds: .matchEnds
        case .tournamentEnds: .tournamentEnds
        }
    }

    private enum CodingKeys: String, CodingKey { case event }

    public init(from decoder: any Decoder) throws {
        switch try decoder.container(keyedBy: CodingKeys.self).decode(Kind.self, forKey: .event) {
        case .tournamentBegins: self = .tournamentBegins(try TournamentBegins(from: decoder))
        case .matchBegins: self = .matchBegins(try MatchBegins(from: decoder))
        case .inningBegins: self = .inningBegins(try InningBegins(from: decoder))
        case .question: self = .question(try QuestionAsked(from: decoder))
        case .answer: self = .answer(try AnswerJudged(from: decoder))
        case .inningEnds: self = .inningEnds(try InningEnds(from: decoder))
        case .matchEnds: self = .matchEnds(try MatchEnds(from: decoder))
        case .tournamentEnds: self = .tournamentEnds(try TournamentEnds(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .event)
        switch self {
        case .tournamentBegins(let event): try event.encode(to: encoder)
        case .matchBegins(let event): try event.encode(to: encoder)
        case .inningBegins(let event): try event.encode(to: encoder)
        case .question(let event): try event.encode(to: encoder)
        case .answer(let event): try event.encode(to: encoder)
        case .inningEnds(let event): try event.encode(to: encoder)
        case .matchEnds(let event): try event.encode(to: encoder)
        case .tournamentEnds(let event): try event.encode(to: encoder)
        }
    }
}
