import ArgumentParser
import Foundation
import Groundwork
import Pipeline

/// The command line: `retort SUBCOMMAND …`. Subcommands are thin; what they do lives in the modules.
struct Retort: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retort",
        abstract: "Turns a general language model and stronger teachers into one small adapter that asks and answers four-choice questions.",
        discussion: """
            Progress goes to standard error, results to standard output. Exit codes: 0 done, 1 failed, 2 wrong use of the \
            command line or a recipe, 130 interrupted (the same command continues).
            """,
        version: RetortVersion.current,
        subcommands: [
            Run.self, Plan.self, ReportCommand.self, DataCommand.self, Generate.self, LabelCommand.self, Train.self, Merge.self,
            Export.self, Evaluate.self, BakeoffCommand.self, QuestionCommand.self, Answer.self, TournamentCommand.self, TuneCommand.self,
            Submit.self, AgentsCommand.self, Serve.self, Complete.self, Tokenize.self, Inspect.self, Doctor.self,
        ])
}

/// Runs a command line to its exit code.
enum CommandLineRun {
    static let failed: Int32 = 1, wrongUse: Int32 = 2, interrupted: Int32 = 130

    static func exitCode(for arguments: [String]) -> Int32 {
        if arguments.isEmpty {
            print(Retort.helpMessage())
            return 0
        }
        do {
            var command = try Retort.parseAsRoot(arguments)
            try command.run()
            try Console.finish()
            return 0
        } catch is ReaderGone {
            return 0
        } catch let code as ExitCode {
            return code.rawValue  // the command has said why
        } catch let error as Interrupted {
            report("\(error)")
            return interrupted
        } catch let error as RecipeError {
            report("\(error)")
            return wrongUse
        } catch let error as RunError {
            report("\(error)")
            if case .unknownPhase = error { return wrongUse }
            return failed
        } catch {
            return parserExit(error)
        }
    }

    /// Help and versions are no errors; wrong use is told in one line, with where to read more; anything else failed.
    private static func parserExit(_ error: any Error) -> Int32 {
        let code = Retort.exitCode(for: error)
        if code == .success {
            print(Retort.fullMessage(for: error))
            return 0
        }
        if code == .validationFailure {
            let usage = Retort.fullMessage(for: error).split(separator: "\n").last { $0.contains("--help") }
            let hint = usage.map { line in line.drop { $0 == " " } }.map { " (\($0))" } ?? ""
            report(Retort.message(for: error) + hint)
            return wrongUse
        }
        report("\(error)")
        return failed
    }

    static func report(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
        Console.note("error: \(line)")
    }
}
