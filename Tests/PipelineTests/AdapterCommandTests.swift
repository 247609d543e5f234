import Checkpoints
import Distillation
import Evaluation
import Foundation
import Groundwork
import Merging
import Testing

import Pipeline

/// `retort train --find-lr`.
@Suite struct LearningRateCommandTests {
    private func findRate(_ folder: String, _ options: [String]) throws -> (command: Command, lines: [Substring], curve: LearningRateRange) {
        let (_, questions) = try writeQuestions(in: folder)
        let command = try Command(
            ["train", "--find-lr", "--model", tinyModel, "--questions", questions, "--seed", "3", "--device", "cpu", "--json", "curve.json"] + options,
            folder: folder)
        #expect(command.status == 0, "\(command.errors)")
        return (command, command.output.split(separator: "\n"), try RunFolder(folder).readJSON(LearningRateRange.self, from: "curve.json"))
    }

    @Test func theCurveIsPrintedWithASuggestionAndNoAdapterIsWritten() throws {
        try withFolder { folder in
            let (command, lines, curve) = try findRate(folder, ["--rank", "2", "--style", "letter", "--steps", "24"])
            #expect(curve.points.count == 24 && !curve.diverged)
            for (index, point) in curve.points.enumerated() {
                #expect(abs(log10(point.learningRate) - (-6 + 6 * Double(index) / 23)) < 1e-9)
            }
            let bottom = try #require(curve.points.min { $0.smoothed < $1.smoothed }), last = try #require(curve.points.last)
            #expect(bottom.smoothed < 0.95 * curve.points[0].smoothed && bottom.smoothed < last.smoothed)
            let lowest = try #require(curve.lowest), steepest = try #require(curve.steepest), suggestion = try #require(curve.suggestion)
            #expect(lowest == bottom.learningRate && suggestion == min(steepest, lowest / 10))

            try #require(lines.count == 26, "\(command.output)")
            for (line, point) in zip(lines.dropFirst(), curve.points) {
                #expect(line.hasPrefix(String(format: "%9.2e  %8.4f  ", point.learningRate, point.smoothed) + "█"), "\(line)")
            }
            #expect(lines[25].hasPrefix(String(format: "suggested learning rate: %.1e (", suggestion)), "\(lines[25])")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["curve.json", "questions.jsonl"])
        }
    }

    /// The test trains: what it starts from must not be what it changes.
    @Test func aTrainedAdapterIsTriedAndLeftAsItIs() throws {
        try withFolder { folder in
            let copy = folder + "/adapter"
            try FileManager.default.copyItem(atPath: tinyAdapter, toPath: copy)
            let (command, lines, curve) = try findRate(folder, ["--adapter", copy, "--steps", "8", "--activation-memory", "1K"])
            let warnings = command.errors.split(separator: "\n").filter { $0.hasPrefix("warning: activations may take 1.00 kB, but a pass of ") }
            #expect(warnings.count == 1, "\(command.errors)")
            #expect(curve.points.count == 8 && lines.count == 10, "\(command.output)")
            #expect(curve.points.contains { $0.smoothed != curve.points[0].smoothed })
            // So short a test tells nothing here, and says so.
            #expect(curve.suggestion == nil && curve.lowest == nil && lines.last?.hasPrefix("no suggestion: ") == true, "\(command.output)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["adapter", "curve.json", "questions.jsonl"])
            let files = try FileManager.default.contentsOfDirectory(atPath: copy).sorted()
            #expect(files == ["adapter_config.json", "adapter_model.safetensors"])
            for file in files { #expect(try WholeFile.read("\(copy)/\(file)") == WholeFile.read("\(tinyAdapter)/\(file)"), "\(file)") }
        }
    }
}

/// `retort merge --select`.
@Suite struct SelectCommandTests {
    /// An adapter and its opposite: their sum is the base again, whatever the questions.
    @Test func theRaceIsToldAndItsWinnerIsWhatLiesThere() throws {
        try withFolder { folder in
            let (_, questions) = try writeQuestions(in: folder)
            let opposite = folder + "/opposite", out = folder + "/winner"
            let turned = try Command(["merge", "--method", "linear", "--weights=-1", "-o", opposite, "--", tinyAdapter])
            #expect(turned.status == 0, "\(turned.errors)")
            func select(json: String) throws -> Command {
                try Command([
                    "merge", "--select", questions, "--model", tinyModel, "--device", "cpu", "--keep-all", "--candidates", "ties", "-o", out,
                    "--json", folder + "/" + json, tinyAdapter, opposite,
                ])
            }
            let command = try select(json: "race.json")
            #expect(command.status == 0, "\(command.errors)")
            let report = try RunFolder(out).readJSON(SelectionReport.self, from: SelectionReport.fileName)
            #expect(try WholeFile.read(folder + "/race.json") == WholeFile.read("\(out)/\(SelectionReport.fileName)"))
            let finalists = Dictionary(uniqueKeysWithValues: report.finalists.map { ($0.name, $0) })
            #expect(Set(finalists.keys) == ["base", "adapter", "opposite", "cat", "linear", "ties"])
            #expect(report.finalists.allSatisfy { $0.accuracy.count == 16 })
            let base = try #require(finalists["base"]), single = try #require(report.finalists.first { $0.kind == .specialist })
            for name in ["cat", "linear"] {
                let sum = try #require(finalists[name])
                #expect(sum.isBaseline && sum.accuracy == base.accuracy && abs(sum.logLikelihood - base.logLikelihood) < 1e-4, "\(name)")
            }
            #expect(abs(single.logLikelihood - base.logLikelihood) > 1e-3)
            #expect(zip(report.finalists, report.finalists.dropFirst()).allSatisfy {
                ($0.accuracy.successes, $0.logLikelihood) >= ($1.accuracy.successes, $1.logLikelihood)
            })
            let merge = try #require(report.finalists.first { $0.kind == .merge })
            let winner = merge.accuracy.successes > single.accuracy.successes ? merge : single
            #expect(report.winner == winner.name && report.winnerKind == winner.kind)

            let lines = command.output.split(separator: "\n")
            #expect(lines[0].hasPrefix("  after 16 questions "))
            for (line, finalist) in zip(lines.dropFirst(), report.finalists) {
                #expect(line.hasPrefix((finalist.name == report.winner ? "* " : "  ") + finalist.name + " "), "\(line)")
                #expect(line.contains(String(format: " %.1f %%  ", finalist.accuracy.value * 100)), "\(line)")
            }
            #expect(command.output.hasSuffix("\n\n\(report.verdict)\nadapter in \(out)\n"))

            #expect(try FileManager.default.contentsOfDirectory(atPath: out).sorted() == [
                "adapter_config.json", "adapter_model.safetensors", AdapterMerge.reportName, SelectionReport.fileName,
            ])
            let choice = try #require(RunFolder(out).readJSON(MergeReport.self, from: AdapterMerge.reportName).choice)
            #expect(choice.winner == report.winner && choice.questions == 16 && Set(choice.tried) == Set(finalists.keys).subtracting(["base"]))
            let answers = try FileManager.default.contentsOfDirectory(atPath: out + ".select/answers")
            #expect(answers.count == 6)
            for file in answers { #expect(try LineFile.read("\(out).select/answers/\(file)").count == 16, "\(file)") }
            let evaluated = try Command([
                "evaluate", "--model", tinyModel, "--adapter", out, "--questions", questions, "--device", "cpu", "--json", folder + "/evaluated.json",
            ])
            #expect(evaluated.status == 0, "\(evaluated.errors)")
            #expect(try RunFolder(folder).readJSON(Evaluated.self, from: "evaluated.json").result.overall == winner.accuracy)

            // All answers are kept, so that the model is not needed again.
            let again = try select(json: "again.json")
            #expect(again.status == 0 && again.output == command.output && !again.errors.contains("loading"), "\(again.errors)")
            #expect(try WholeFile.read(folder + "/again.json") == WholeFile.read(folder + "/race.json"))
        }
    }

    @Test func withoutItsQuestionsNothingIsBegun() throws {
        try withFolder { folder in
            let command = try Command(
                ["merge", "--select", "absent.jsonl", "--model", tinyModel, "-o", "winner", tinyAdapter, tinyAdapter], folder: folder)
            #expect(command.status == 1 && command.output.isEmpty)
            #expect(command.errors == "error: cannot read absent.jsonl: no such file\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}

/// `retort merge` as a process: what it takes.
@Suite struct MergeMemoryTests {
    /// Layers flow through one after another: five times as many take no more memory. If they were kept, the result's alone would
    /// take 50 MB more, the adapters' own another 100.
    @Test func memoryDoesNotGrowWithTheNumberOfLayers() throws {
        try withFolder { folder in
            func peak(layers: Int) throws -> Int {
                let adapters = try (0..<2).map { index in
                    let path = "\(folder)/\(layers)-\(index)"
                    try writeAdapter(layers: layers, seed: index, to: path)
                    return path
                }
                let program = """
                    import resource, subprocess, sys
                    subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
                    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
                    """
                let merge = Process(), output = Pipe()
                merge.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                merge.arguments = ["python3", "-c", program, Command.binary, "merge", "--threads", "2", "-o", "\(folder)/\(layers)"] + adapters
                merge.standardOutput = output
                try merge.run()
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                merge.waitUntilExit()
                return try #require(Int(text.filter(\.isNumber))) << 10
            }
            let few = try peak(layers: 6), many = try peak(layers: 30)
            #expect(many - few < 16 << 20, "\(few) and \(many) bytes")
        }
    }

    /// Random factors of rank 32 for projections of 1,024 by 4,096: 2.1 MB a layer in float32.
    private func writeAdapter(layers: Int, seed: Int, to folder: String) throws {
        let rank = 32, modules = (0..<layers).flatMap { layer in
            ["gate_proj", "down_proj"].map { "model.layers.\(layer).mlp.\($0)" }
        }
        let entries = modules.flatMap { module in
            let (input, output) = module.hasSuffix("down_proj") ? (4_096, 1_024) : (1_024, 4_096)
            return [
                Safetensors.Entry(AdapterFile.tensorName(module, .a), .float32, [rank, input]),
                Safetensors.Entry(AdapterFile.tensorName(module, .b), .float32, [output, rank]),
            ]
        }
        let configuration = AdapterConfiguration(rank: rank, alpha: Double(rank), targetModules: ["gate_proj", "down_proj"])
        try AdapterFile.write(configuration, entries, to: folder) { entry, sink in
            var random = CounterRandom(seed: UInt64(seed), phase: entry.name)
            let values = (0..<entry.shape[0] * entry.shape[1]).map { _ in Float(random.uniform() - 0.5) }
            try values.withUnsafeBytes { try sink($0) }
        }
    }
}
