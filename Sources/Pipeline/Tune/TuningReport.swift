import Agents
import Evaluation
import Foundation

/// What a search found.
public struct TuningReport: Codable {
    /// One that replied to all questions.
    public struct Finalist: Codable, Sendable {
        public let name: String
        public let point: TuningPoint
        /// Shares of all questions, with Wilson's interval: right, or fit to be asked.
        public let succeeded: Proportion
        public let late: Int
        public let invalid: Int
        public let meanSeconds: Double
        public let slowestSeconds: Double
        public let meanTokens: Double
        /// First the standard, second this one, on the same questions with the same seeds; p is corrected for all that were tried
        /// (Holm). Nil for the standard.
        public let againstStandard: Finding?

        enum CodingKeys: String, CodingKey {
            case name, point, succeeded, late, invalid
            case meanSeconds = "mean_seconds"
            case slowestSeconds = "slowest_seconds"
            case meanTokens = "mean_tokens"
            case againstStandard = "against_standard"
        }
    }

    /// Why the chosen one was chosen.
    public enum Reason: String, Codable, Sendable {
        /// The paired test says so.
        case better
        /// No evidence that it is better, but it did no worse and is cheaper.
        case cheaper
        /// Nothing is shown to be better, or the standard did best.
        case standard
    }

    public let agent: Tuning.Agent
    public let model: String
    public let questions: Int
    public let deadline: Double
    public let seed: UInt64
    /// Ways of generating that were tried, the standard included.
    public let tried: Int
    package let rungs: [Race<TuningScore>.Rung]
    /// The best first.
    public let finalists: [Finalist]
    public let standard: String
    public let best: String
    public let chosen: String
    public let reason: Reason
    public let output: String

    init(
        _ tuning: Tuning, byName: [String: TuningPoint], trials: [String: [TuningTrial]], finalists names: [String],
        rungs: [Race<TuningScore>.Rung]
    ) {
        (agent, model, deadline, seed, output) = (tuning.agent, tuning.model, tuning.deadline, tuning.seed, tuning.output)
        (questions, tried, self.rungs, standard) = (tuning.questions.count, byName.count, rungs, tuning.standard.name)
        let standardName = tuning.standard.name
        let base = trials[standardName] ?? []
        // Those that were sent home were looked at too, on the questions they had.
        let findings = Finding.family(
            trials.filter { $0.key != standardName }.mapValues { PairedComparison(zip(base, $0).map { ($0.succeeded, $1.succeeded) }) },
            minimumQuestions: PairedComparison.minimumQuestions)
        finalists = names.map { name in
            let mine = trials[name] ?? []
            let count = Double(max(1, mine.count))
            return Finalist(
                name: name, point: byName[name] ?? tuning.standard, succeeded: Proportion(mine.count(where: \.succeeded), of: mine.count),
                late: mine.count(where: \.isLate), invalid: mine.count { !$0.isValid }, meanSeconds: mine.reduce(0) { $0 + $1.seconds } / count,
                slowestSeconds: mine.map(\.seconds).max() ?? 0, meanTokens: mine.reduce(0) { $0 + Double($1.tokens) } / count,
                againstStandard: findings[name])
        }
        best = names.first ?? standardName
        let own = finalists.first { $0.name == standardName }
        func isCheaper(_ one: Finalist) -> Bool {
            own.map { one.succeeded.successes >= $0.succeeded.successes && one.meanTokens < $0.meanTokens && one.meanSeconds < $0.meanSeconds } ?? false
        }
        if let winner = finalists.first, winner.againstStandard?.verdict == .better {
            (chosen, reason) = (winner.name, .better)
        } else if let cheaper = finalists.filter(isCheaper).min(by: { $0.meanTokens < $1.meanTokens }) {
            (chosen, reason) = (cheaper.name, .cheaper)
        } else {
            (chosen, reason) = (standardName, .standard)
        }
    }

    private var measure: String { agent == .answer ? "right" : "valid" }

    /// What may be said about the choice.
    public var verdict: String {
        let finding = finalists.first { $0.name == best }?.againstStandard
        var lines: [String] = []
        switch reason {
        case .better:
            lines.append("The best is \(best). Against the default, \(standard): \(finding?.sentence ?? "").")
        case .cheaper:
            lines.append("NO EVIDENCE that anything tried is better than the default, \(standard).")
            if let finding { lines.append("The best, \(best), against it: \(finding.sentence).") }
            lines.append("\(chosen) did no worse with fewer tokens and less time, so it is kept.")
        case .standard:
            if let finding {
                lines.append("NO EVIDENCE that anything tried is better than the default, \(standard), so the default is kept.")
                lines.append("The best, \(best), against it: \(finding.sentence).")
            } else {
                lines.append("The default, \(standard), did best and is kept.")
            }
        }
        lines.append("p is corrected for all \(tried - 1) that were compared with the default (McNemar, Holm).")
        lines.append("The choice was made on these questions, so its share on them flatters it; measure it on others.")
        return lines.joined(separator: "\n")
    }

    /// Who replied to everything, and the verdict.
    public var text: String { table + "\n\n" + verdict }

    private var table: String {
        let rows = finalists.map { one in
            [
                (one.name == chosen ? "* " : "  ") + one.name + (one.name == standard ? " (default)" : ""), Text.percent(one.succeeded.value),
                Text.interval(one.succeeded), "\(one.late)", "\(one.invalid)", String(format: "%.1f", one.meanTokens),
                String(format: "%.2f", one.meanSeconds), String(format: "%.2f", one.slowestSeconds),
                one.againstStandard.map { Text.signedPoints($0.pair.difference) } ?? "–",
                one.againstStandard.map { Text.pValue($0.correctedP) } ?? "–", one.againstStandard?.word ?? "–",
            ]
        }
        return Text.table(
            ["  after \(questions) questions", measure, "95 % interval", "late", "malformed", "tokens", "s", "slowest s", "points", "p", "against default"],
            rows)
    }

    /// What a rung decided.
    static func text(_ rung: Race<TuningScore>.Rung, standard: String) -> String {
        let rows = rung.standings.map { standing in
            [
                standing.name + (standing.name == standard ? " (default)" : ""), "\(standing.score.succeeded)",
                String(format: "%.1f", Double(standing.score.tokens) / Double(max(1, rung.questions))), standing.stays ? "stays" : "out",
            ]
        }
        return Text.table(["after \(rung.questions) questions", "good", "tokens", ""], rows)
    }

    /// The chosen settings under what was measured.
    func settingsFile() throws -> String {
        let one = finalists.first { $0.name == chosen }
        let point = one?.point
        var comment = ["Written by retort tune --agent \(agent.rawValue), seed \(seed).", "model: \(model)"]
        if let one {
            comment.append(
                "\(measure): \(Text.percent(one.succeeded.value)) (95 % interval \(Text.interval(one.succeeded))) of \(questions) under a deadline of "
                    + "\(deadline) s; late \(one.late), malformed \(one.invalid)")
            comment.append(String(format: "tokens %.1f, seconds %.2f (slowest %.2f) a reply", one.meanTokens, one.meanSeconds, one.slowestSeconds))
        }
        comment.append("\(tried) ways of generating were tried.")
        comment += verdict.split(separator: "\n").map(String.init)
        var settings = point?.settings ?? .answers
        settings.mode = point?.mode
        settings.candidates = point?.candidates
        return try SettingsFile.text(settings, comment: comment)
    }
}
