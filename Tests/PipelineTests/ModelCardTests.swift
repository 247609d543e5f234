import Checkpoints
import Foundation
import Groundwork
import Testing

import Pipeline

/// The card that goes with an exported adapter, and `retort export --run`, which writes it.
@Suite struct ModelCardTests {
    private func card(_ sample: SampleRun) throws -> String {
        try withExtendedLifetime(sample) {
            try ModelCard.text(title: "card", adapter: AdapterFile.read(tinyAdapter), base: nil, isMerged: false, run: sample.run)
        }
    }

    /// What stands in the card's only fenced block.
    private func recipe(_ card: String) throws -> [String] {
        let lines = card.components(separatedBy: "\n")
        let fences = lines.indices.filter { lines[$0].trimmingCharacters(in: .whitespaces).hasPrefix("```") }
        try #require(fences.count == 2 && lines[fences[0]] == "```yaml" && lines[fences[1]] == "```", "\(card)")
        return Array(lines[fences[0] + 1..<fences[1]])
    }

    /// A run whose phases ended in the order given.
    private func run(_ phases: [(name: String, settings: [String: String])]) throws -> SampleRun {
        var entries: [String: Any] = [:]
        for (index, phase) in phases.enumerated() {
            entries[phase.name] = [
                "settings": phase.settings, "settingsHash": "hash-\(index)", "inputs": [String: String](), "outputs": [String: String](),
                "seed": 1, "version": "0.1.0", "finished": "2026-01-02T03:04:0\(index)Z", "seconds": 1,
            ] as [String: Any]
        }
        let manifest: [String: Any] = ["recipe": "sample", "version": "0.1.0", "phases": entries]
        let sample = try SampleRun(isWhole: false)
        try sample.write("manifest.json", String(decoding: JSONSerialization.data(withJSONObject: manifest), as: UTF8.self))
        return sample
    }

    @Test func theRecipeStandsThereByPhase() throws {
        let training = ["train.rank": "16", "train.learningRate": "0.001", "train.modules": "[q_proj, v_proj]"]
        let sample = try run([
            ("collect", ["seed": "1", "domains.math.families": "[\"sums\", \"sets\"]", "domains.math.files": "[]"]),
            ("label", ["domains.math.teacher.engine": "native"]),
            ("train:stem", training.merging(["train.rank": "8"]) { $1 }),
            ("train:math", training),
            ("train:code", training),
            ("merge", ["merge.density": "0.8"]),
            // What was run last is not what the phases before it were run with.
            ("report", ["train.rank": "32"]),
        ])
        #expect(try recipe(card(sample)) == [
            "collect:",
            "  domains.math.families: [sums, sets]",
            "  domains.math.files: []",
            "  seed: 1",
            "label:",
            "  domains.math.teacher.engine: native",
            "train:stem:",
            "  train.learningRate: 0.001",
            "  train.modules: [q_proj, v_proj]",
            "  train.rank: 8",
            "train:math, train:code:",
            "  train.learningRate: 0.001",
            "  train.modules: [q_proj, v_proj]",
            "  train.rank: 16",
            "merge:",
            "  merge.density: 0.8",
        ])
    }

    /// Names of files and models may hold anything: each stays one line inside the block.
    @Test func noTextBreaksOutOfTheBlock() throws {
        let sample = try run([("collect", [
            "domains.math.files": "[a: b.jsonl, c #d]", "model": "a\n```\n# b", "name": "```", "long": String(repeating: "word ", count: 60) + "end",
        ])])
        #expect(try recipe(card(sample)) == [
            "collect:",
            "  domains.math.files: ['a: b.jsonl', 'c #d']",
            "  long: " + String(repeating: "word ", count: 60) + "end",
            "  model: \"a\\n```\\n# b\"",
            "  name: '```'",
        ])
    }

    @Test func anEndpointNamesTheVariableThatHoldsItsKey() throws {
        let sample = try run([("label", [
            "teacher.endpoint": "https://a/v1,model=m,key-env=PATH", "teacher.furtherEndpoints": "[https://b/v1,key-env=HOME, http://c/v1]",
        ])])
        #expect(try recipe(card(sample)) == [
            "label:",
            "  teacher.endpoint: https://a/v1,model=m,key-env=PATH",
            "  teacher.furtherEndpoints: ['https://b/v1,key-env=HOME', 'http://c/v1']",
        ])
    }

    /// The settings come from recipes, and none that could bring a key along is read, whoever the teacher is.
    @Test(arguments: ["native", "llama.cpp", "openai"], ["http://user:hunter2@a/v1", "http://a/v1?key=hunter2", "http://a/v1,key-env=sk-hunter2"])
    func noRecipeHoldsAKey(engine: String, endpoint: String) throws {
        let teacher = "teachers.informed={engine: \(engine), model: m, endpoint: '\(endpoint)'}"
        let error = #expect(throws: RecipeError.self) {
            _ = try Recipe.read(Command.repository + "/recipes/smollm2-135m.yaml", overrides: [teacher])
        }
        let text = try #require(error).description
        #expect(text.contains("environment") && !text.contains("hunter2"), "\(text)")
    }

    @Test func withoutARunThereIsNoRecipe() throws {
        let text = try ModelCard.text(title: "card", adapter: AdapterFile.read(tinyAdapter), base: nil, isMerged: false, run: nil)
        #expect(text.contains("| adapter_model.safetensors | `") && !text.contains("```") && !text.contains("## Run"))
        let empty = try card(run([("merge", [:])]))
        #expect(empty.contains("| merge | `hash-0` | 1 |") && !empty.contains("```"))
    }

    @Test(arguments: [("peft", "out", "out/README.md"), ("gguf", "out.gguf", "out.gguf.md"), ("checkpoint", "out", "out/README.md")])
    func exportTellsOfTheRun(format: String, name: String, card: String) throws {
        let sample = try SampleRun()
        try withExtendedLifetime(sample) {
            try withFolder { folder in
                let export = try Command([
                    "export", tinyAdapter, "--format", format, "--model", tinyModel, "--run", sample.path, "-o", "\(folder)/\(name)",
                ])
                #expect(export.status == 0 && export.output.hasSuffix("its card in \(folder)/\(card)\n"), "\(export.errors)\(export.output)")
                let text = try String(decoding: WholeFile.read("\(folder)/\(card)"), as: UTF8.self)
                #expect(try recipe(text) == ["collect:", "  seed: 1", "  train.rank: 8"])
                let lines = text.components(separatedBy: "\n")
                for line in [
                    "Recipe `sample <b>&</b>`, Retort 0.1.0.", "| collect | `aa` | 1 | 2026-01-02T03:04:05Z |", "| questions \"<x>\".jsonl | `bb` |",
                    "| questions/math/test.jsonl | `cc` |",
                    "| reason-first | math | 50.0 % (15.0 to 85.0), 4 questions | 75.0 % (30.1 to 95.4), 4 questions |",
                ] {
                    #expect(lines.contains(line), "\(line) is not in \(text)")
                }
            }
        }
    }

    @Test func aFolderThatIsNoRunIsFoundOutBeforeAnythingIsWritten() throws {
        try withFolder { folder in
            let export = try Command(["export", tinyAdapter, "--run", folder, "-o", folder + "/out"])
            #expect(export.status == 1 && export.errors.contains("\(folder)/manifest.json: no such file; --run takes a run's folder"), "\(export.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
