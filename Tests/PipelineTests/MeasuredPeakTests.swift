import Checkpoints
import Distillation
import Foundation
import Groundwork
import Pipeline
import Questions
import Testing
import Tokenizers
import Transformers

/// What the formulas say, held to the peak of real processes that train SmolLM2-135M.
@Suite struct MeasuredPeakTests {
    private struct Trained: Decodable { let peak_resident_bytes: Int }

    /// One step on one pass, so that the pass's size is known exactly.
    @Test(arguments: [(questions: 4, rank: 128, checkpointing: false), (12, 16, false), (12, 128, true)])
    func trainingsPeakIsWithinATenthOfThePlan(questions count: Int, rank: Int, checkpointing: Bool) throws {
        let file = try #require(ProcessInfo.processInfo.environment["RETORT_DEMO_MODEL"])
        let folder = NSTemporaryDirectory() + "retort-peak-" + UUID().uuidString
        try WholeFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let questions = try QuestionGenerator.generate(domain: .stem, count: count, seed: 3)
        try QuestionFile.write(questions, to: folder + "/questions.jsonl")

        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("retort")
        process.arguments = [
            "train", "--model", file, "--questions", folder + "/questions.jsonl", "--rank", "\(rank)", "--batch", "\(count)", "--steps", "1",
            "--device", "cpu", "-o", folder + "/adapter", "--json", folder + "/result.json",
        ] + (checkpointing ? ["--checkpointing"] : ["--activation-memory", "8G"])
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let measured = try JSONDecoder().decode(Trained.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/result.json"))).peak_resident_bytes

        let checkpoint = try Checkpoint.open(file)
        let builder = try ExampleBuilder(coder: Tokenizer.load(from: checkpoint))
        let batch = PackedExamples(try questions.map { try builder.answering($0, reasoning: $0.explanation, teacher: nil) })
        let footprint = TrainingFootprint(
            model: ModelFootprint(checkpoint.configuration, dtype: .float32, staysInFile: true), adapter: AdapterFootprint(rank: rank, targets: Set(Projection.allCases)))
        let layers = checkpoint.configuration.layerCount
        let pass = PassSize(batch.sequences, rows: batch.rows.count)
        let fileSize = try #require(FileManager.default.attributesOfItem(atPath: file)[.size] as? Int)
        let plan = ActivationPlan(layers: layers, whole: checkpointing ? 0 : layers)
        let (kept, working) = footprint.activations(pass, plan)
        let planned = PlanDevice.hostBase + fileSize + footprint.model.weightBytes + footprint.adapterBytes + footprint.gradientBytes
            + footprint.momentBytes + kept + working
        #expect(abs(Double(planned) / Double(measured) - 1) < 0.1, "planned \(ByteCount.text(planned)), measured \(ByteCount.text(measured))")
    }
}
