import Agents
import ArgumentParser
import Checkpoints
import Foundation
import Groundwork
import Pipeline
import Questions
import Tokenizers
import Tournaments
import Transformers

struct TournamentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tournament",
        abstract: "Let teams ask and answer each other's questions by the rules, every reply clocked and kept.",
        discussion: """
            A team is NAME=MODEL[,adapter=DIR][,mode=M][,settings=DIR], NAME=http://…[,model=NAME][,key-env=VARIABLE] for an \
            OpenAI-compatible server, or NAME=cmd:DIR[,python=PROGRAM][,startup=SECONDS] for a submission that is run as a tournament \
            runs it. The same command continues a tournament that was stopped.
            """)

    @Option(help: ArgumentHelp("Who plays; at least twice, in the order of the seeds.", valueName: "NAME=…"))
    var team: [String] = []

    @Option(help: ArgumentHelp("Topics: {\"Area\": [\"topic\", …], …}.", valueName: "file"))
    var topics: String

    @Option(help: ArgumentHelp("What each question agent is asked for in a match.", valueName: "questions"))
    var questionsPerInning = 20

    @Option(help: "round-robin: everybody against everybody; knock-out: who loses is out.")
    var format = TournamentPlan.Format.roundRobin

    @Option(help: ArgumentHelp("Matches that two teams play when they meet, each with its own random numbers.", valueName: "count"))
    var matches = 1

    @Option(help: ArgumentHelp("Time for each question.", valueName: "seconds"))
    var questionSeconds = 10.0

    @Option(help: ArgumentHelp("Time for each answer.", valueName: "seconds"))
    var answerSeconds = 6.0

    @Option(help: ArgumentHelp("Closed questions that decide between the answer agents where totals are equal.", valueName: "file"))
    var benchmark: String?

    @Option(help: ArgumentHelp("Whose tokenizer counts tokens for the format checks. (default: the first team's model)", valueName: "model"))
    var tokenizer: String?

    @Option(help: "Another seed draws other topics and other replies.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("The folder for every question, answer and result.", valueName: "dir"))
    var out = "tournament"

    @Option(help: ArgumentHelp("Write what happens as JSON lines to this file too, '-' for standard output.", valueName: "path"))
    var events: String?

    @Option(help: "Keep the models' weights as int8 (decoding on a CPU) or nf4. (default: as --dtype says)")
    var quantization: Quantization?

    @OptionGroup var compute: ComputeOptions
    @OptionGroup var json: JSONOptions

    func validate() throws {
        if team.count < 2 { throw ValidationError("A tournament needs two teams or more: --team NAME=… for each.") }
        let descriptions: [TeamDescription]
        do { descriptions = try team.map(TeamDescription.init(parsing:)) } catch { throw ValidationError("\(error)") }
        let names = descriptions.map(\.name)
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw ValidationError("\(TournamentError.twice(name: twice))")
        }
        let hasModel = descriptions.contains { if case .model = $0.player { true } else { false } }
        if tokenizer == nil, !hasModel { throw ValidationError("No team has a model here, so --tokenizer MODEL must say who counts tokens.") }
        if questionsPerInning < 1 { throw ValidationError("--questions-per-inning is a number of at least 1.") }
        if matches < 1 { throw ValidationError("--matches is a number of at least 1.") }
        for (name, value) in [("question-seconds", questionSeconds), ("answer-seconds", answerSeconds)] where !(value > 0 && value < 86_400) {
            throw ValidationError("--\(name) is a number of seconds above 0.")
        }
        if events == "-", json.path == "-" { throw ValidationError("Only one of --events and --json can be standard output.") }
    }

    func run() throws {
        let topics = try Topic.read(topics)
        let benchmark = try benchmark.map { try QuestionFile.read($0) } ?? []
        try compute.applyThreads()
        let teams = TournamentTeams(compute: compute, quantization: quantization)
        defer { teams.close() }
        // What is wrong with a server or a command is found before a model is loaded.
        let descriptions = try team.map(TeamDescription.init(parsing:))
        var entrants: [String: Tournament.Entrant] = [:]
        for isModel in [false, true] {
            for description in descriptions {
                if case .model = description.player { if !isModel { continue } } else if isModel { continue }
                entrants[description.name] = try teams.team(description)
            }
        }
        let coder = try tokenizer.map { ($0, try Tokenizer.load(from: Checkpoint.open($0))) } ?? teams.tokenizer.map { ($0.name, $0.coder) }
        guard let coder else { throw ValidationError("No team has a model here, so --tokenizer MODEL must say who counts tokens.") }
        let plan = TournamentPlan(
            rules: TournamentRules(questions: questionsPerInning, questionSeconds: questionSeconds, answerSeconds: answerSeconds),
            format: format, matches: matches, seed: seed)
        let tournament = try Tournament(
            plan, entrants: descriptions.compactMap { entrants[$0.name] }, topics: topics, benchmark: benchmark, folder: out,
            tokenizer: (coder.0 as NSString).lastPathComponent, tokens: { coder.1.tokens(of: $0).count })
        let show = try TournamentShow(questions: questionsPerInning, matches: tournament.matchCount, events: events)
        let result = try tournament.run(report: show.show)
        try WholeFile.write(TournamentPage.html(of: result, in: out), to: "\(out)/\(TournamentPage.fileName)")
        if events == "-" { Console.note(result.text) } else if json.path != "-" { print(result.text) }
        Console.note("every question and answer is in \(out)/events.jsonl, and to be read in \(out)/\(TournamentPage.fileName)")
        try json.write(result)
    }
}

extension TournamentPlan.Format: ExpressibleByArgument {}

/// Shows a tournament as it goes: progress, a line for each inning and match, and the events as JSON where they are wanted.
private final class TournamentShow {
    private let lines: LineFile?
    private let isStandardOutput: Bool
    private let questions: Int
    private let matches: Int
    private var progress: Groundwork.Progress?
    /// Matches of an earlier run, and all that have ended.
    private var earlier = 0, ended = 0
    private var begun: Int?

    init(questions: Int, matches: Int, events: String?) throws {
        (self.questions, self.matches) = (questions, matches)
        isStandardOutput = events == "-"
        lines = try events.flatMap { $0 == "-" ? nil : try LineFile(appendingTo: $0) }
    }

    /// Replies of a match: two innings of questions and answers.
    private var replies: Int { 4 * questions }

    func show(_ event: TournamentEvent) throws {
        if isStandardOutput || lines != nil {
            let line = try JSONText.line(event)
            try lines?.append(line)
            if isStandardOutput { try Console.write(line + "\n") }
        }
        switch event {
        case .tournamentBegins, .tournamentEnds, .inningBegins: break
        case .matchBegins(let match):
            begun = match.match
            Console.note("match \(match.match) of \(matches): \(match.first) – \(match.second)")
            progress = progress ?? Groundwork.Progress("replies", total: matches * replies, alreadyDone: earlier * replies, unit: "replies")
        case .question, .answer: progress?.advance()
        case .inningEnds(let inning):
            // A question that did not pass has no answer to wait for.
            progress?.advance(to: ended * replies + inning.inning * 2 * questions)
            Console.note(
                "  \(inning.asker) asks \(inning.answerer): \(inning.passing) of \(inning.requested) questions pass, \(inning.correct) answered right"
                    + [inning.questionFailure, inning.answerFailure].compactMap { $0 }.map { "; \($0)" }.joined())
        case .matchEnds(let match):
            ended += 1
            let totals = match.teams.map { "\($0.name) \(String(format: "%.0f", $0.total))" }.joined(separator: ", ")
            let winner = match.winner.map { "\($0) wins (\(match.decision.rawValue))" } ?? "no winner (\(match.decision.rawValue))"
            if begun == match.match {
                Console.note("  \(totals): \(winner)")
            } else {
                earlier += 1
                Console.note("match \(match.match) of \(matches), played before: \(totals): \(winner)")
            }
        }
    }
}
