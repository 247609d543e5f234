import ArgumentParser
import Foundation
import Groundwork
import Pipeline

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Carry out a recipe: collect, label, train, merge, validate, tournament, report.",
        discussion: """
            Each phase writes files into the run folder; a run that was stopped continues where it was, and one whose recipe or \
            files changed repeats just what the change reaches. Any key of the recipe can be set as key.path=value, for example \
            train.batch=4.
            """)

    @Argument(help: "The recipe, a YAML file.")
    var recipe: String

    @Argument(help: ArgumentHelp("Settings that override the recipe's.", valueName: "key.path=value"))
    var overrides: [String] = []

    @Option(help: ArgumentHelp("The run folder. (default: runs/NAME, with the recipe's name)", valueName: "dir"))
    var out: String?

    @Option(help: ArgumentHelp("Repeat just this phase, on the files that lie there ('train' means all of train:…).", valueName: "phase"))
    var only: String?

    @Option(help: ArgumentHelp("Repeat this phase and all that follow.", valueName: "phase"))
    var from: String?

    @Flag(help: "Say what would be done and why, without doing it; needs no model.")
    var dryRun = false

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if only != nil, from != nil { throw ValidationError("--only and --from exclude each other.") }
    }

    func run() throws {
        let recipe = try Recipe.read(recipe, overrides: overrides)
        let folder = RunFolder(out ?? "runs/\(recipe.name)")
        let choice = PhaseChoice(only: only, from: from)
        if dryRun {
            let plan = try RecipeRun(recipe: recipe, folder: folder).plan(choice)
            print(plan.text)
            try json.write(plan)
            return
        }
        do {
            let result = try RecipeRun(recipe: recipe, folder: folder, say: Console.note).execute(choice)
            print(result.text)
            try json.write(result)
        } catch let error as Interrupted {
            Console.note("\nStopped. To continue: \(continuation)")
            throw error
        }
    }

    /// The command that goes on where this one was stopped.
    private var continuation: String {
        (["retort"] + CommandLine.arguments.dropFirst()).map { word in
            word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,".contains($0) } ? word : "'\(word.replacingOccurrences(of: "'", with: "'\\''"))'"
        }.joined(separator: " ")
    }
}
