import Agents
import Foundation
import Groundwork
import Questions
import Tournaments

/// A tournament as one HTML file that needs nothing else: its tables, and every question with its answer.
public enum TournamentPage {
    public static let fileName = "report.html"

    /// - Parameter folder: the tournament's, with its matches.
    /// - Throws: `FileError` for a match that cannot be read.
    public static func html(of result: TournamentResult, in folder: String) throws -> String {
        let matches = try result.matches.map { played -> Markup in
            let path = "\(folder)/\(played.file)"
            guard let match = try? JSONDecoder().decode(MatchResult.self, from: WholeFile.read(path)) else {
                throw FileError(path: path, action: "read", reason: "it holds no match")
            }
            let title = "Match \(played.match): " + match.teams.map { "\($0.name) \(ReportText.plain($0.total))" }.joined(separator: " – ")
            return .details(title, match.innings.flatMap(inning))
        }
        let sections = result.sections.map { section in
            PageSection(
                id: section.title.lowercased().replacingOccurrences(of: " ", with: "-"), title: section.title,
                content: [PageTable(section.title, section.header, texts: section.rows).markup] + section.notes.map { .paragraph([Markup($0)], class: "note") })
        } + [PageSection(id: "questions", title: "Questions and answers", content: matches)]
        return ReportPage.page("Tournament: \(result.teams.joined(separator: ", "))", [
            Markup("h1", ["Tournament"]), .paragraph([Markup(result.verdict)], class: "verdict"), ReportPage.contents(sections),
        ] + sections.map(\.markup))
    }

    private static func inning(_ inning: Inning) -> [Markup] {
        let title = "\(inning.asker) asks, \(inning.answerer) answers: \(inning.correct) of \(inning.passing) right"
        let rows = inning.entries.map { entry in
            let question = entry.question.question ?? Reply.question(entry.question.output)
            let answer = entry.answer.flatMap { $0.answer ?? Reply.answer($0.output) }
            let lines = question.map { [$0.question] + $0.choices } ?? [entry.question.output]
            return [Markup.all(lines.flatMap { [Markup($0), Markup("br", [])] })] + [
                question?.answer ?? "–", answer?.answer ?? "–", answer?.reasoning ?? "",
                ([entry.outcome.rawValue] + entry.rejections + entry.reasons).joined(separator: ": "), String(format: "%.2f", entry.question.seconds),
                entry.answer.map { String(format: "%.2f", $0.seconds) } ?? "–",
            ].map { Markup($0) }
        }
        let said = [inning.questionFailure, inning.answerFailure, inning.questionLog, inning.answerLog].compactMap { $0 }
        return [
            PageTable(title, ["question", "declared", "answered", "reasoning", "outcome", "s to ask", "s to answer"], rows).markup,
        ] + said.map { Markup("pre", [Markup($0)]) }
    }
}
