import Evaluation
import Foundation

/// A race of merges, as `select.json` beside the winner holds it.
public struct SelectionReport: Codable {
    public static let fileName = "select.json"

    public enum Kind: String, Codable, Sendable { case base, specialist, adapter, merge }

    /// A specialist on its own questions.
    public struct Specialist: Codable {
        public let name: String
        public let folder: String
        /// The domain or subject whose questions judged it; nil for all.
        public let own: String?
        public let isMerged: Bool
        /// First the base, second the specialist.
        public let againstBase: PairedComparison

        enum CodingKeys: String, CodingKey {
            case name, folder, own
            case isMerged = "merged"
            case againstBase = "against_base"
        }
    }

    /// One that has answered all questions.
    public struct Finalist: Codable {
        public let name: String
        public let kind: Kind
        public let isBaseline: Bool
        public let accuracy: Proportion
        public let logLikelihood: Double
        /// First the best baseline, second this one, as the best of all that were tried; nil for that baseline.
        public let againstBaseline: Finding?

        enum CodingKeys: String, CodingKey {
            case name, kind, accuracy
            case isBaseline = "baseline"
            case logLikelihood = "log_likelihood"
            case againstBaseline = "against_best_baseline"
        }
    }

    public let model: String
    public let style: String
    public let questions: Int
    /// SHA-256 of the questions in the order in which they were asked.
    public let questionsHash: String
    public let specialists: [Specialist]
    /// Candidates that cannot merge these adapters, and why.
    public let refused: [String: String]
    package let rungs: [MergeRace.Rung]
    /// The best first.
    public let finalists: [Finalist]
    public let bestBaseline: String
    public let bestSpecialist: String
    public let winner: String
    public let winnerKind: Kind
    public let verdict: String

    enum CodingKeys: String, CodingKey {
        case model, style, questions, specialists, refused, rungs, finalists, winner, verdict
        case questionsHash = "questions_sha256"
        case bestBaseline = "best_baseline"
        case bestSpecialist = "best_specialist"
        case winnerKind = "winner_kind"
    }

    /// Who was asked everything, and the verdict.
    public var text: String {
        let rows = finalists.map { finalist in
            let paired = finalist.againstBaseline
            return [
                (finalist.name == winner ? "* " : "  ") + finalist.name, finalist.isBaseline ? "baseline" : finalist.kind.rawValue,
                Text.percent(finalist.accuracy.value), Text.interval(finalist.accuracy), String(format: "%.3f", finalist.logLikelihood),
                paired.map { Text.signedPoints($0.pair.difference) } ?? "–", paired.map { Text.pValue($0.correctedP) } ?? "–",
                paired?.word ?? "best baseline",
            ]
        }
        let header = ["  after \(questions) questions", "", "accuracy", "95 % interval", "log-lik.", "points", "p (Bonferroni)", "against \(bestBaseline)"]
        return Text.table(header, rows) + "\n\n" + verdict
    }

    /// What a rung decided.
    static func text(_ rung: MergeRace.Rung) -> String {
        let rows = rung.standings.map { standing in
            [standing.name, "\(standing.score.correct)", String(format: "%.3f", standing.score.logLikelihood), standing.stays ? "stays" : "out"]
        }
        return Text.table(["after \(rung.questions) questions", "right", "log-lik.", ""], rows)
    }
}
