import Checkpoints
import Foundation
import Groundwork
import Submission
import Testing

@Suite(.enabled(if: smolLM2 != nil, "needs SmolLM2 (scripts/setup, or RETORT_DEMO_MODEL)"))
struct WriterTests {
    /// A writer whose program is a stand-in that knows its version.
    private func writer(_ folder: String, adapter: String? = nil) throws -> SubmissionWriter {
        let program = folder + "/program"
        try WholeFile.write("#!/bin/sh\necho 1.2.3\n", to: program)
        chmod(program, 0o755)
        var writer = SubmissionWriter(model: smolLM2!, adapter: adapter)
        writer.binary = program
        return writer
    }

    private func writeAdapter(_ module: String, input: Int, output: Int, to folder: String) throws {
        let entries = [(AdapterFile.Factor.a, [2, input]), (.b, [output, 2])].map {
            Safetensors.Entry(AdapterFile.tensorName(module, $0.0), .float32, $0.1)
        }
        try AdapterFile.write(AdapterConfiguration(rank: 2, alpha: 2, targetModules: ["q_proj"], layers: module.split(separator: ".").compactMap { Int($0) }), entries, to: folder) { entry, sink in
            try [Float](repeating: 0, count: entry.shape.reduce(1, *)).withUnsafeBytes(sink)
        }
    }

    private static let query = "model.layers.0.self_attn.q_proj"

    @Test func everythingIsInItsPlaceAndTheManifestSaysSo() throws {
        try withFolder { folder in
            try writeAdapter(Self.query, input: 576, output: 576, to: folder + "/adapter")
            let summary = try writer(folder, adapter: folder + "/adapter").write(to: folder + "/AIAC/")
            #expect(summary.folder == folder + "/AIAC")
            let manifest = try SubmissionManifest.read(folder: summary.folder)
            #expect(manifest == summary.manifest && manifest.adapter == "adapter" && manifest.protocol == AgentProtocol.version)
            let expected = SubmissionLayout.pythonFiles.map(\.path) + [
                "bin/retort", "adapter/adapter_config.json", "adapter/adapter_model.safetensors", "assets/topics.json", "assets/pool.json",
                "qgen.yaml", "agen.yaml", "README.md", "manifest.json",
            ]
            for path in expected { #expect(FileManager.default.fileExists(atPath: "\(summary.folder)/\(path)"), "\(path)") }
            #expect(summary.files == expected.count)
            // The manifest and the README, which is written from it, are not among them.
            #expect(Set(manifest.files.map(\.path)) == Set(expected).subtracting(["manifest.json", "README.md", "bin/retort"]))
            #expect(FileManager.default.isExecutableFile(atPath: summary.folder + "/bin/retort"))
            #expect(try manifest.locateModel(folder: summary.folder, environment: [:]).warning == nil)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["AIAC", "adapter", "program"])
        }
    }

    @Test func theStockOfQuestionsIsChecked() throws {
        try withFolder { folder in
            _ = try writer(folder).write(to: folder + "/AIAC")
            let pool = try #require(json(folder + "/AIAC/assets/pool.json") as? [[String: Any]])
            #expect(pool.count == 200)
            for letter in ["A", "B", "C", "D"] {
                // A quarter each, give or take five standard deviations.
                #expect((20...80).contains(pool.count { $0["answer"] as? String == letter }), "\(letter)")
            }
            let topics = try #require(json(folder + "/AIAC/assets/topics.json") as? [String: [String]])
            #expect(topics.count == 4 && topics.values.allSatisfy { !$0.isEmpty && Set($0).count == $0.count })
        }
    }

    @Test func whatStandsThereIsReplacedOnlyWhenAskedAndItsOutputsStay() throws {
        try withFolder { folder in
            var writer = try writer(folder)
            _ = try writer.write(to: folder + "/AIAC")
            try WholeFile.write("[]", to: folder + "/AIAC/outputs/answers.json")
            try WholeFile.write("old", to: folder + "/AIAC/agen.yaml")
            #expect { try writer.write(to: folder + "/AIAC") } throws: { "\($0)".contains("exists already") }
            writer.replacesFolder = true
            _ = try writer.write(to: folder + "/AIAC")
            #expect(try String(contentsOfFile: folder + "/AIAC/outputs/answers.json", encoding: .utf8) == "[]")
            #expect(try String(contentsOfFile: folder + "/AIAC/agen.yaml", encoding: .utf8) != "old")
            // Nothing but a submission is ever replaced.
            try WholeFile.write("mine", to: folder + "/other/thesis.txt")
            #expect { try writer.write(to: folder + "/other") } throws: { "\($0)".contains("it is no submission") }
            #expect(FileManager.default.fileExists(atPath: folder + "/other/thesis.txt"))
        }
    }

    @Test func whatDoesNotFitIsRefusedAndNothingIsLeft() throws {
        try withFolder { folder in
            try writeAdapter(Self.query, input: 64, output: 64, to: folder + "/narrow")
            try writeAdapter("model.layers.99.self_attn.q_proj", input: 576, output: 576, to: folder + "/deep")
            try WholeFile.write("{\"Area\": 7}", to: folder + "/topics.json")
            try WholeFile.write("temperature: hot", to: folder + "/agen.yaml")
            try WholeFile.write("text", to: folder + "/plain")
            try WholeFile.write("#!/bin/sh\nexit 3\n", to: folder + "/failing")
            chmod(folder + "/failing", 0o755)
            let mistakes: [(String, (inout SubmissionWriter) -> Void)] = [
                ("does not fit the model", { $0.adapter = folder + "/narrow" }),
                ("model.layers.99", { $0.adapter = folder + "/deep" }),
                ("nowhere", { $0.adapter = folder + "/nowhere" }),
                ("nowhere.gguf", { $0.model = folder + "/nowhere.gguf" }),
                ("topics.json is no topics file", { $0.topics = folder + "/topics.json" }),
                ("agen.yaml: temperature is hot", { $0.answerSettings = folder + "/agen.yaml" }),
                ("is not executable", { $0.binary = folder + "/plain" }),
                ("no such file", { $0.binary = folder + "/nothing" }),
                ("gave status 3", { $0.binary = folder + "/failing" }),
                ("wild is given", { $0.answerChanges = ["wild": .text("x")] }),
            ]
            for (message, change) in mistakes {
                var writer = try writer(folder)
                change(&writer)
                #expect { try writer.write(to: folder + "/AIAC") } throws: { "\($0)".contains(message) }
            }
            #expect(try !FileManager.default.contentsOfDirectory(atPath: folder).contains { $0.hasPrefix("AIAC") })
        }
    }

    @Test func aModelThatIsIncludedIsFoundInTheFolderAndAnotherOneIsNoticed() throws {
        try withFolder { folder in
            var writer = try writer(folder)
            writer.includesModel = true
            let manifest = try writer.write(to: folder + "/AIAC").manifest
            let inside = try manifest.locateModel(folder: folder + "/AIAC", environment: ["RETORT_MODEL": ""])
            #expect(inside.reference.hasPrefix(folder + "/AIAC/model/") && inside.warning == nil)
            var other = manifest
            other.model.fingerprint = "another"
            #expect(try other.locateModel(folder: folder + "/AIAC", environment: ["RETORT_MODEL": smolLM2!]).warning?.contains("is not the model") == true)
            #expect { try manifest.locateModel(folder: folder, environment: ["RETORT_MODEL": "/nowhere"]) } throws: { "\($0)".contains("set RETORT_MODEL") }
        }
    }

    @Test func theLibrariesThatAProgramNeedsAreRead() throws {
        // The test itself runs on Swift's libraries or has them inside.
        let data = try Data(contentsOf: URL(fileURLWithPath: retort))
        let needed = SubmissionBinary.neededLibraries(data)
        #expect(needed.contains { $0.hasPrefix("libc.so") }, "\(needed)")
        #expect(SubmissionBinary.neededLibraries(Data("#!/bin/sh\n".utf8)).isEmpty)
        #expect(SubmissionBinary.neededLibraries(Data()).isEmpty)
        for length in [16, 40, 64, 200, 4096] { _ = SubmissionBinary.neededLibraries(data.prefix(length)) }
        var wild = Data(data.prefix(8192))
        for index in 24..<64 { wild[index] = 0xFF }
        #expect(SubmissionBinary.neededLibraries(wild).isEmpty)
    }

    @Test func aBrokenManifestIsSaidWithItsPlace() throws {
        try withFolder { folder in
            for text in ["", "7", "{}", #"{"format": 9}"#] {
                try WholeFile.write(text, to: folder + "/manifest.json")
                #expect { try SubmissionManifest.read(folder: folder) } throws: { "\($0)".contains("manifest.json") }
            }
            #expect(throws: FileError.self) { try SubmissionManifest.read(folder: folder + "/nowhere") }
        }
    }
}
