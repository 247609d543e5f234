import ArgumentParser
import Foundation
import Merging

extension SignElection: ExpressibleByArgument {}

struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Merge adapters into one.",
        discussion: """
            TIES on the LoRA factors by PEFT's convention: trim each factor to its largest entries, elect a sign for each \
            parameter, average what agrees. The output is a PEFT adapter of the same rank, with the report merge.json beside it. \
            One adapter at weight 1 comes back unchanged.
            """)

    @Option(help: ArgumentHelp("\(MergeMethod.all.map(\.name).joined(separator: ", ")).", valueName: "method"))
    var method = MergeMethod.ties.name

    @Option(help: "Share of each factor's entries that trimming keeps.")
    var density = 0.8

    @Option(help: "The sign of each parameter by frequency (majority vote) or by total (summed magnitude).")
    var sign = SignElection.frequency

    @Option(parsing: .upToNextOption, help: ArgumentHelp("A weight for each adapter, in their order, separated by spaces or commas. (default: 1 each)", valueName: "weight"))
    var weights: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("The adapter folder to write.", valueName: "dir"))
    var output: String

    @Argument(help: ArgumentHelp("PEFT adapter folders.", valueName: "adapter"))
    var adapters: [String]

    @OptionGroup var json: JSONOptions

    /// `--weights 1 2 -o out a b`, `--weights 1,2 a b`; folders that follow the weights without an option between are adapters.
    private func split() -> (weights: [Double], adapters: [String]) {
        var numbers: [Double] = []
        var folders: [String] = []
        for item in weights {
            let parts = item.split(separator: ",").map { Double($0.trimmingCharacters(in: .whitespaces)) }
            let found = parts.compactMap { $0 }
            if folders.isEmpty, !parts.isEmpty, found.count == parts.count, !FileManager.default.fileExists(atPath: item) {
                numbers += found
            } else {
                folders.append(item)
            }
        }
        return (numbers, folders + adapters)
    }

    func run() throws {
        let (numbers, folders) = split()
        if !numbers.isEmpty, numbers.count != folders.count {
            throw ValidationError("\(numbers.count) weights for \(folders.count) adapters; give one for each, or none.")
        }
        let inputs = folders.enumerated().map { MergeInput(folder: $1, weight: numbers.isEmpty ? 1 : numbers[$0]) }
        let report = try AdapterMerge.run(
            inputs, settings: MergeSettings(method: .named(method), density: density, sign: sign), to: output)
        print(report.summary)
        print("adapter in \(output)")
        try json.write(report)
    }
}
