import Distillation
import Foundation
import Groundwork

/// How one adapter's training went, step by step, from its metrics file.
struct TrainingCurve {
    struct Step: Equatable {
        var step: Int
        var loss: Double
        var learningRate: Double?
    }

    /// A look at the probe questions. A version that did not measure something leaves it out.
    struct Look: Decodable, Equatable {
        var accuracy: Double?
        var letterEntropy: Double?
        var commonestShare: Double?
        var wellFormed: Double?
        var finished: Double?
        var heldOutLoss: Double?
    }

    /// A training that collapsed and went back.
    struct Retry: Decodable, Equatable {
        var number: Int?
        var reason: String
        var collapsedAt: Int
    }

    private struct Line: Decodable {
        struct Loss: Decodable { var total: Double }
        var step: Int
        var loss: Loss?
        var learningRate: Double?
        var probe: Look?
        var retry: Retry?
    }

    /// A domain, or "primer".
    let name: String
    private(set) var steps: [Step] = []
    private(set) var looks: [(step: Int, look: Look)] = []
    private(set) var retries: [(from: Int, retry: Retry)] = []
    private(set) var summary: TrainingSummary?

    /// Those of every adapter that the run trains, the primer first.
    static func all(in run: RunFolder) -> [TrainingCurve] {
        let names = RunRecord.subfolders(run.file("train"))
        let ordered = names.filter { $0 == PrimerSettings.name } + names.filter { $0 != PrimerSettings.name }
        return ordered.map { TrainingCurve($0, in: run) }.filter { !$0.steps.isEmpty || $0.summary != nil }
    }

    init(_ name: String, in run: RunFolder) {
        self.name = name
        let folder = "train/\(name)"
        summary = try? run.readJSON(TrainingSummary.self, from: RunFiles.training(folder))
        let decoder = JSONDecoder()
        for line in (try? LineFile.read(run.file("\(folder)/training/metrics.jsonl"))) ?? [] {
            guard let line = try? decoder.decode(Line.self, from: Data(line.text.utf8)) else { continue }
            if let retry = line.retry {
                // What was gone back from is no part of the adapter.
                steps.removeAll { $0.step > line.step }
                looks.removeAll { $0.step > line.step }
                retries.append((line.step, retry))
            } else if let look = line.probe {
                looks.append((line.step, look))
            } else if let loss = line.loss {
                steps.append(Step(step: line.step, loss: loss.total, learningRate: line.learningRate))
            }
        }
        if steps.isEmpty, let losses = summary?.losses {
            steps = losses.enumerated().map { Step(step: $0.offset + 1, loss: $0.element, learningRate: nil) }
        }
    }
}
