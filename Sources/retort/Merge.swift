import ArgumentParser
import Foundation
import Merging

extension SignElection: ExpressibleByArgument {}
extension MergeSpace: ExpressibleByArgument {}
extension MergeConvention: ExpressibleByArgument {}
extension MergeRank: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Merge adapters into one.",
        discussion: """
            Without options TIES on the LoRA factors by PEFT's convention: trim each factor to its largest entries, elect a sign for \
            each parameter, average what agrees. The output is a PEFT adapter with scale 1, which every reader understands, and the \
            report merge.json beside it. One adapter at weight 1 comes back unchanged.

            Methods (docs/merging.md has papers and conventions):
            ties              trim, elect signs, average what agrees
            linear            the weighted sum
            cat               the exact weighted sum, of the sum of the ranks
            svd               the weighted sum of the deltas, cut to --rank
            dare_linear       drop at random, make up for it, sum
            dare_ties         drop at random, make up for it, elect signs
            della             drop at random, small entries sooner, elect signs; della_linear sums
            magnitude_prune   trim, sum
            breadcrumbs       drop small and largest entries, sum; breadcrumbs_ties elects signs
            sce               keep what varies, weigh by energy, elect signs
            iso_c             the sum with all singular values set to their mean

            With --select the methods compete: each merge answers held-out questions, the better half goes on to twice as many, and the \
            winner is written with the race in select.json. Each single adapter, cat and linear are always in the race. A candidate is \
            [start:][space:]method[:setting=value …], such as core:ties:density=0.5. A stopped race continues (OUT.select).
            """)

    @Option(help: ArgumentHelp("\(MergeMethod.all.map(\.name).joined(separator: ", ")). (default: ties)", valueName: "method"))
    var method: String?

    @Option(help: "What is merged: factors (A and B apart), delta (full products), core (in common bases), knots (in a common output basis). (default: the method's first)")
    var space: MergeSpace?

    @Option(help: "Whose definition: peft, mergekit or paper. (default: PEFT's where it has the method, else mergekit's)")
    var convention: MergeConvention?

    @Option(help: "Share of entries that count. (default: 0.8)")
    var density: Double?

    @Option(help: "The sign of each parameter by frequency (majority vote) or by total (summed magnitude). (default: frequency in PEFT's convention, else total)")
    var sign: SignElection?

    @Option(help: "Multiplies the merged change. (default: 1)")
    var lambda: Double?

    @Option(help: "Rank of the result, or full: as high as it takes to lose nothing; not for factors. (default: the largest of the adapters)")
    var rank: MergeRank?

    @Option(help: "For methods that drop at random. (default: 0)")
    var seed: UInt64?

    @Option(help: "della: how far the probability of keeping an entry departs from --density. (default: 0.15)")
    var epsilon: Double?

    @Option(help: "breadcrumbs: share of largest entries that is dropped. (default: 0.01)")
    var gamma: Double?

    @Option(help: "Layers merged at once. (default: 2)")
    var threads = 2

    @Option(parsing: .upToNextOption, help: ArgumentHelp("A weight for each adapter, in their order, separated by spaces or commas; where the first is negative, --weights=-1,1. (default: 1 each)", valueName: "weight"))
    var weights: [String] = []

    @Option(help: ArgumentHelp("The adapter from which all were trained on: what they learnt since is merged, and it is added back.", valueName: "dir"))
    var start: String?

    @OptionGroup(title: "Options of --select") var race: SelectOptions

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

    func validate() throws {
        guard threads >= 1 else { throw ValidationError("--threads is a number of at least 1.") }
        try race.validate(given: [
            ("method", method != nil), ("space", space != nil), ("convention", convention != nil), ("density", density != nil), ("sign", sign != nil),
            ("lambda", lambda != nil), ("rank", rank != nil), ("epsilon", epsilon != nil), ("gamma", gamma != nil),
        ], seed: seed ?? 0)
        if race.select != nil { return }
        let chosen: MergeSettings
        do {
            chosen = try settings()
            try chosen.check()
        } catch {
            throw ValidationError("\(error)")
        }
        let method = chosen.method
        for (name, isGiven, isUsed) in [
            ("density", density != nil, method.usesDensity), ("sign", sign != nil, method.usesSign), ("seed", seed != nil, method.usesSeed),
            ("epsilon", epsilon != nil, method.sparsification == .randomByRank),
            ("gamma", gamma != nil, method.sparsification == .magnitudeWithoutOutliers),
        ] where isGiven && !isUsed {
            throw ValidationError("--\(name) means nothing to the method \(method.name).")
        }
    }

    private func settings() throws -> MergeSettings {
        try MergeSettings(
            method: .named(method ?? MergeMethod.ties.name), space: space, convention: convention, density: density ?? 0.8, sign: sign, lambda: lambda ?? 1, rank: rank,
            seed: seed ?? 0, epsilon: epsilon ?? 0.15, gamma: gamma ?? 0.01)
    }

    func run() throws {
        let (numbers, folders) = split()
        if !numbers.isEmpty, numbers.count != folders.count {
            throw ValidationError("\(numbers.count) weights for \(folders.count) adapters; give one for each, or none.")
        }
        let inputs = folders.enumerated().map { MergeInput(folder: $1, weight: numbers.isEmpty ? 1 : numbers[$0]) }
        if let questions = race.select {
            return try json.write(race.run(questions, inputs, start: start, seed: seed ?? 0, threads: threads, output: output))
        }
        let report = try start.map {
            try AdapterMerge.run(inputs, relativeTo: $0, settings: settings(), to: output, threads: threads)
        } ?? AdapterMerge.run(inputs, settings: settings(), to: output, threads: threads)
        print(report.summary)
        print("adapter in \(output)")
        try json.write(report)
    }
}
