import Foundation
import Groundwork

/// Where a training stands: how often it began again after a collapse, and its steps.
struct TrainingPosition: Equatable {
    var retries = 0
    var step = 0
}

/// The metrics of a training run, JSONL in the order of events: a line a step; for each look at the probes a line with `probe`; and
/// where a collapsed training went back, a line with `retry`, after which the steps count from the one it went back to.
struct TrainingLog {
    /// A training that went back.
    struct Retry: Codable {
        /// Counted from 1.
        var number: Int
        /// Why, and after how many steps.
        var reason: String
        var collapsedAt: Int
        /// The peak learning rate from here on, and what the adapter's scale is multiplied by in all.
        var learningRate: Double
        var scaleFactor: Double
    }

    private struct Event: Codable {
        /// Steps made, or gone back to.
        var step: Int
        var probe: ProbeReading?
        var retry: Retry?
    }

    private let lines: LineFile
    /// Those of the way to the present weights: what was gone back from is left out.
    private(set) var steps: [StepMetrics] = []
    private(set) var readings: [(step: Int, reading: ProbeReading)] = []
    private(set) var retries: [(from: Int, retry: Retry)] = []

    /// Continues the file behind `position`: what a lost process had written after its last checkpoint is cut off, since it is done again.
    init(continuing path: String, at position: TrainingPosition) throws {
        var text = ""
        var steps: [StepMetrics] = [], readings: [(step: Int, reading: ProbeReading)] = [], retries: [(from: Int, retry: Retry)] = []
        if FileManager.default.fileExists(atPath: path) {
            let decoder = JSONDecoder()
            reading: for line in try LineFile.read(path) {
                let data = Data(line.text.utf8)
                guard let event = try? decoder.decode(Event.self, from: data) else { break }
                let isPresent = retries.count == position.retries
                if let retry = event.retry {
                    guard !isPresent, (0...steps.count).contains(event.step) else { break reading }
                    steps.removeSubrange(event.step...)
                    readings.removeAll { $0.step > event.step }
                    retries.append((event.step, retry))
                } else if let probe = event.probe {
                    guard event.step == steps.count else { break reading }
                    readings.append((event.step, probe))
                } else {
                    guard !(isPresent && steps.count == position.step), event.step == steps.count + 1,
                        let metrics = try? decoder.decode(StepMetrics.self, from: data)
                    else { break reading }
                    steps.append(metrics)
                }
                text += line.text + "\n"
            }
        }
        guard steps.count == position.step, retries.count == position.retries else {
            throw DistillationError.badCheckpoint(
                path: path, reason: "it holds \(steps.count) steps and \(retries.count) retries, but the checkpoint was made after "
                    + "step \(position.step) and \(position.retries) retries")
        }
        try WholeFile.write(text, to: path)
        lines = try LineFile(appendingTo: path)
        (self.steps, self.readings, self.retries) = (steps, readings, retries)
    }

    mutating func append(_ metrics: StepMetrics) throws {
        try write(metrics)
        steps.append(metrics)
    }

    mutating func append(_ reading: ProbeReading) throws {
        try write(Event(step: steps.count, probe: reading))
        readings.append((steps.count, reading))
    }

    /// Goes back to `step`.
    mutating func append(_ retry: Retry, from step: Int) throws {
        try write(Event(step: step, retry: retry))
        steps.removeSubrange(step...)
        readings.removeAll { $0.step > step }
        retries.append((step, retry))
    }

    func flush() throws { try lines.flush() }

    private func write(_ line: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try lines.append(String(decoding: try encoder.encode(line), as: UTF8.self))
    }
}
