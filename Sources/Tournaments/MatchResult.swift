import Agents

/// One question of an inning and what became of it.
public struct InningEntry: Codable, Sendable, Hashable {
    public enum Outcome: String, Codable, Sendable, Hashable, CaseIterable {
        case correct, wrong, late, missing, malformed
        /// The question did not pass the check and was not put.
        case notAsked = "not-asked"
    }

    public var question: QuestionRecord
    /// Why the question did not pass.
    public var rejections: [String]
    public var answer: AnswerRecord?
    public var outcome: Outcome
    /// Why the answer was malformed.
    public var reasons: [String]

    init(question: QuestionRecord, rejections: [String]) {
        self.question = question
        self.rejections = rejections
        outcome = rejections.isEmpty ? .missing : .notAsked
        reasons = []
    }
}

/// One inning: every question with its clocked answer.
public struct Inning: Codable, Sendable, Hashable {
    public var number: Int
    public var asker: String
    public var answerer: String
    public var requested: Int
    public var entries: [InningEntry] = []
    /// Why the question agent gave nothing, if it failed.
    public var questionFailure: String?
    /// Why the answer agent gave nothing, if it failed.
    public var answerFailure: String?
    /// What the agents said beside their replies, such as the end of a process's standard error.
    public var questionLog: String?
    public var answerLog: String?

    init(number: Int, asker: String, answerer: String, requested: Int) {
        self.number = number
        self.asker = asker
        self.answerer = answerer
        self.requested = requested
    }

    /// N of the scores: the questions that passed the format check.
    public var passing: Int { entries.count { $0.rejections.isEmpty } }
    public var correct: Int { entries.count { $0.outcome == .correct } }

    /// In per cent; 0 where no question passed.
    public var answerScore: Double { passing == 0 ? 0 : 100 * Double(correct) / Double(passing) }
    /// In per cent; 0 where no question passed.
    public var questionScore: Double { passing == 0 ? 0 : 100 * Double(passing - correct) / Double(passing) }

    func event(match: Int) -> TournamentEvent.InningEnds {
        .init(
            match: match, inning: number, asker: asker, answerer: answerer, requested: requested, passing: passing, correct: correct,
            questionScore: questionScore, answerScore: answerScore, questionFailure: questionFailure, answerFailure: answerFailure,
            questionLog: questionLog, answerLog: answerLog)
    }
}

/// What one team reached.
public struct TeamResult: Codable, Sendable, Hashable {
    public var name: String
    /// Share of its questions that the opponent got wrong, in per cent.
    public var questionScore: Double
    /// Share of the opponent's questions that it got right, in per cent.
    public var answerScore: Double
    public var total: Double
    /// Nil for a team that may win.
    public var disqualification: String?

    init(name: String, asked: Inning, answered: Inning, rules: TournamentRules) {
        self.name = name
        questionScore = asked.questionScore
        answerScore = answered.answerScore
        total = asked.questionScore + answered.answerScore
        if Double(asked.passing) < rules.leastPassing * Double(asked.requested) {
            disqualification = "\(asked.passing) of \(asked.requested) questions passed the format check"
        }
    }
}

/// A whole match, with everything that was asked and answered.
public struct MatchResult: Codable, Sendable, Hashable {
    public enum Decision: String, Codable, Sendable, Hashable {
        case score, disqualification, benchmark, draw
        /// Both teams are disqualified.
        case none
    }

    public var rules: TournamentRules
    public var seed: UInt64
    public var teams: [TeamResult]
    public var innings: [Inning]
    /// The answer agents' scores on the closed benchmark, in the teams' order, if it was needed.
    public var benchmark: [Double]?
    /// Nil if nobody won.
    public var winner: String?
    public var decision = Decision.draw

    init(rules: TournamentRules, seed: UInt64, teams: [TeamResult], innings: [Inning]) {
        self.rules = rules
        self.seed = seed
        self.teams = teams
        self.innings = innings
    }

    /// Whether both teams may win and have the same total, up to rounding.
    var isTied: Bool {
        teams.allSatisfy { $0.disqualification == nil } && abs(teams[0].total - teams[1].total) < 1e-9
    }

    func event(match: Int) -> TournamentEvent.MatchEnds {
        .init(match: match, teams: teams, winner: winner, decision: decision, benchmark: benchmark)
    }

    mutating func decide() {
        let able = teams.filter { $0.disqualification == nil }
        switch able.count {
        case 0: decision = .none
        case 1: (decision, winner) = (.disqualification, able[0].name)
        default:
            if !isTied {
                (decision, winner) = (.score, teams[0].total > teams[1].total ? teams[0].name : teams[1].name)
            } else if let benchmark, benchmark[0] != benchmark[1] {
                (decision, winner) = (.benchmark, benchmark[0] > benchmark[1] ? teams[0].name : teams[1].name)
            } else {
                decision = .draw
            }
        }
    }
}
