import Foundation
import Pipeline
import Testing
import Transformers

private let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

@Suite struct ResourcePlanTests {
    private func reference(_ overrides: [String] = [], device: String = "h100", price: Double? = nil) throws -> ResourcePlan {
        let recipe = try Recipe.read(repository + "/recipes/qwen2.5-72b.yaml", overrides: overrides)
        return try ResourcePlan.make(recipe, device: #require(PlanDevice.named(device)), pricePerHour: price)
    }

    private func demo(_ overrides: [String] = [], config: String?) throws -> ResourcePlan {
        let recipe = try Recipe.read(repository + "/recipes/smollm2-135m.yaml", overrides: overrides)
        return try ResourcePlan.make(recipe, config: config, device: #require(PlanDevice.named("a100")))
    }

    /// The budget that the plan gives itself: 1.68 B parameters, training under 80 GB, use under 60 GB, agents within their deadlines.
    @Test func theReferencePlanKeepsItsBudget() throws {
        let plan = try reference(price: 2.5)
        #expect(plan.adapter.parameters == 1_684_275_200)
        #expect(plan.trainingPeak < 80_000_000_000 && plan.trainingPeak > 65_000_000_000)
        #expect(plan.inferencePeak < 60_000_000_000 && plan.inferencePeak > 45_000_000_000)
        #expect(plan.checks.map(\.what) == ["training", "inference", "h100", "a question", "an answer"])
        #expect(plan.checks.allSatisfy { $0.holds })
        #expect(plan.lines.map(\.phase) == [
            "label:math", "label:code", "train:math", "train:code", "train:stem", "train:humanities", "merge", "validate", "tournament",
        ])
        // 15,000 answers and 3,750 written questions, four a step.
        #expect(plan.lines[2].steps == 4688)
        let hours = try #require(plan.seconds) / 3600, cost = try #require(plan.cost)
        #expect(abs(cost - hours * 2.5) < 1e-9)
        #expect(plan.lines[0].seconds == nil)
        for line in plan.lines { #expect(line.peak == line.memory.reduce(0) { $0 + $1.bytes }) }
    }

    @Test func thePlanReadsAsATable() throws {
        let text = try reference(price: 2.5).text
        #expect(text.contains("72.71 B parameters in nf4 and bfloat16"))
        #expect(text.contains("adapter     1.68 B parameters, rank 128, 26.9 GB in training"))
        #expect(text.contains("ok       training: 72."))
        #expect(text.contains("not here: questions/math.jsonl, questions/code.jsonl, questions/stem.jsonl, questions/humanities.jsonl;"))
        #expect(!text.split(separator: "\n").contains { $0.hasSuffix(" ") })
        // Without speeds there is no time, and without a price no cost.
        let bare = try reference(device: "192GiB")
        #expect(bare.seconds == nil && !bare.text.contains("cost"))
    }

    @Test func whatDoesNotFitIsSaid() throws {
        let plan = try reference(["limits.training_memory_gb=70", "train.checkpointing=false"], device: "80G")
        #expect(plan.checks.contains { $0.what == "training" && !$0.holds })
        #expect(plan.text.contains("TOO MUCH training: "))
        // A larger device keeps more; a cap on activations keeps less.
        func whole(_ overrides: [String], _ device: String) throws -> Int {
            let plan = try reference(["train.checkpointing=false"] + overrides, device: device)
            return try #require(plan.lines.first { $0.steps != nil }?.wholeBlocks)
        }
        let small = try whole([], "80G"), large = try whole([], "mi300x"), capped = try whole(["train.activation_memory=15G"], "mi300x")
        #expect(small < capped && capped < large && large == 80)
    }

    /// Without a tokenizer tokens are estimated; with one they are counted.
    @Test func theEstimateOfTokensIsNear() throws {
        let file = try #require(ProcessInfo.processInfo.environment["RETORT_DEMO_MODEL"])
        let counted = try demo(["model.checkpoint=\(file)"], config: nil), estimated = try demo(config: "SmolLM2-135M")
        for (one, other) in zip(counted.lines, estimated.lines) where one.steps != nil {
            #expect(one.steps == other.steps)
            #expect(abs(other.tokens / one.tokens - 1) < 0.2, "\(one.phase): \(other.tokens) for \(one.tokens)")
        }
        #expect(counted.assumptions.isEmpty && estimated.assumptions.contains { $0.hasPrefix("no tokenizer") })
        #expect(counted.model.parameters == 134_515_008 && estimated.model.parameters == 134_515_008)
    }

    /// A checkpoint of four bits stays one, whether the recipe asks for it or leaves weights as they are stored.
    @Test func aCheckpointOfFourBitsIsPlannedAsOne() throws {
        let file = Command.repository + "/Tests/Fixtures/FourBit/nf4"
        let stored = try demo(["model.checkpoint=\(file)"], config: nil), asked = try demo(["model.checkpoint=\(file)", "model.quantisation=nf4"], config: nil)
        #expect(stored.text.contains("parameters in nf4") && stored.trainingPeak == asked.trainingPeak && stored.inferencePeak == asked.inferencePeak)
    }

    @Test func aModelThatIsNowhereIsSaidToBe() throws {
        #expect(throws: RunError.self) { try demo(["model.checkpoint=nobody/nothing"], config: nil) }
        #expect(throws: RunError.self) { try demo(config: "no-such.json") }
        #expect(PlanDevice.named("b300") == nil && PlanDevice.named("0G") == nil)
        #expect(PlanDevice.named("H100")?.memory == 81_559 << 20)
    }

    @Test func aCacheGrowsByHalves() {
        #expect(DecodingFootprint.capacity(prompt: 100, longest: 128) == 128)
        #expect(DecodingFootprint.capacity(prompt: 100, longest: 129) == 192)
        #expect(DecodingFootprint.capacity(prompt: 300, longest: 310) == 450)
    }
}
