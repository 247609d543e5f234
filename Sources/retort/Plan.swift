import ArgumentParser
import Foundation
import Groundwork
import Pipeline

struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a recipe needs in memory, time and money, before anything is loaded.",
        discussion: """
            Read are the recipe, the model's shape (config.json, a GGUF file's header, or the recipe's model.shape) and a sample of the \
            questions; no weights. Any key of the recipe can be set as key.path=value, for example train.batch=2.
            """)

    @Argument(help: "The recipe, a YAML file.")
    var recipe: String

    @Argument(help: ArgumentHelp("Settings that override the recipe's.", valueName: "key.path=value"))
    var overrides: [String] = []

    @Option(help: ArgumentHelp("mi300x, h200, h100, a100, cpu (this machine, measured for a second), or a memory size such as 48G. (default: cpu, unless the recipe asks for a GPU)", valueName: "name"))
    var device: String?

    @Option(help: ArgumentHelp("What an hour of the device costs, in whatever currency.", valueName: "amount"))
    var price: Double?

    @Option(help: "The share of the device's dense peak that is reached, 0 to 1. (default: 0.4 on a GPU, 0.7 on a CPU)")
    var efficiency: Double?

    @Option(help: ArgumentHelp("Plan for the model of this config.json, or of a built-in shape (\(PlanModel.builtIn.keys.sorted().joined(separator: ", "))), in place of the recipe's.", valueName: "file"))
    var config: String?

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if let device, device != "cpu", PlanDevice.named(device) == nil {
            throw ValidationError("'\(device)' is no device: write \(PlanDevice.names.joined(separator: ", ")) or a memory size such as 48G.")
        }
        if let price, !(price >= 0 && price.isFinite) { throw ValidationError("--price is a number of at least 0.") }
        if let efficiency, !(0.001...1).contains(efficiency) { throw ValidationError("--efficiency is a share from 0.001 to 1.") }
    }

    func run() throws {
        let recipe = try Recipe.read(recipe, overrides: overrides)
        guard let device = try ResourcePlan.device(named: device, for: recipe) else { throw ValidationError("'\(device ?? "")' is no device.") }
        let plan = try ResourcePlan.make(recipe, config: config, device: device, efficiency: efficiency, pricePerHour: price)
        if json.path != "-" { print(plan.text) }
        try json.write(plan)
    }
}
