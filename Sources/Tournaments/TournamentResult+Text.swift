import Evaluation
import Foundation

extension TournamentResult {
    /// For a terminal.
    public var text: String {
        sections.map { section in
            ([section.title] + [Text.table(section.header, section.rows)] + section.notes).joined(separator: "\n")
        }.joined(separator: "\n\n") + "\n\n" + verdict
    }

    /// The same as Markdown.
    public var markdown: String {
        let parts = sections.map { section in
            let lines = [section.header, section.header.indices.map { $0 == 0 ? "---" : "---:" }] + section.rows
            return (["## \(section.title)", ""] + lines.map { "| " + $0.joined(separator: " | ") + " |" }
                + (section.notes.isEmpty ? [] : [""] + section.notes)).joined(separator: "\n")
        }
        return (["# Tournament", verdict] + parts).joined(separator: "\n\n")
    }

    /// Who won, and what the numbers can bear.
    public var verdict: String {
        let format = "\(plan.format.rawValue), \(matches.count) \(matches.count == 1 ? "match" : "matches") of 2 × \(plan.rules.questions) questions"
        guard let winner else { return "No winner (\(format))." }
        var text = "\(winner) wins (\(format))."
        let unsure = headToHead.filter { ($0.first == winner || $0.second == winner) && $0.difference.lower <= 0 && $0.difference.upper >= 0 }
        if !unsure.isEmpty {
            let names = unsure.map { $0.first == winner ? $0.second : $0.first }
            text += " No evidence that it is stronger than \(names.joined(separator: ", ")): the interval of the difference includes 0."
        }
        return text
    }

    /// One table of the result.
    package struct Section {
        package let title: String
        package let header: [String]
        package let rows: [[String]]
        package var notes: [String] = []
    }

    package var sections: [Section] {
        [standingsSection, ratingsSection, headToHeadSection, matchesSection]
    }

    private var standingsSection: Section {
        let isKnockOut = plan.format == .knockOut
        return Section(
            title: "Standings",
            header: ["team", "place", "played", "won", "drawn", "lost", isKnockOut ? "out in round" : "points", "question score", "answer score"],
            rows: standings.map { row in
                [
                    row.team, "\(row.place)", "\(row.played)", "\(row.won)", "\(row.drawn)", "\(row.lost)",
                    isKnockOut ? row.outInRound.map { "\($0)" } ?? "–" : Self.number(row.points), Self.number(row.questionScore),
                    Self.number(row.answerScore),
                ]
            })
    }

    private var ratingsSection: Section {
        func interval(_ estimate: Estimate) -> String { String(format: "%.0f to %.0f", estimate.lower, estimate.upper) }
        return Section(
            title: "Ratings",
            header: ["team", "rating", "95 % interval", "Elo", "95 % interval"],
            rows: ratings.map { row in
                [row.team, String(format: "%.0f", row.rating.value), interval(row.rating), String(format: "%.0f", row.elo.value), interval(row.elo)]
            },
            notes: [
                "The rating is Bradley and Terry's, by all matches together in whatever order, on Elo's scale. Elo moves match by match "
                    + String(format: "(K = %.0f, from %.0f, in the order below).", Ratings.step, Ratings.start)
                    + " Intervals: bootstrap over the questions of each inning, \(redrawings) redrawings.",
            ])
    }

    private var headToHeadSection: Section {
        Section(
            title: "Head to head",
            header: ["teams", "won", "drawn", "lost", "total", "difference", "95 % interval", "ahead in"],
            rows: headToHead.map { row in
                [
                    "\(row.first) – \(row.second)", "\(row.won)", "\(row.drawn)", "\(row.lost)",
                    "\(Self.number(row.firstTotal)) : \(Self.number(row.secondTotal))", String(format: "%+.1f", row.difference.value),
                    String(format: "%+.1f to %+.1f", row.difference.lower, row.difference.upper), Text.percent(row.firstAhead),
                ]
            })
    }

    private var matchesSection: Section {
        Section(
            title: "Matches",
            header: ["match", "round", "teams", "total", "winner", "decided by"],
            rows: matches.map { row in
                [
                    "\(row.match)", "\(row.round)", row.teams.map(\.name).joined(separator: " – "),
                    row.teams.map { Self.number($0.total) }.joined(separator: " : "), row.winner ?? "–", row.decision.rawValue,
                ]
            },
            notes: matches.flatMap { row in
                row.teams.compactMap { team in team.disqualification.map { "Match \(row.match): \(team.name) is disqualified: \($0)." } }
            })
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() ? String(format: "%.0f", value) : String(format: "%.1f", value)
    }
}
