import Agents
import Foundation
import Groundwork

/// One way of generating that a search tries.
public struct TuningPoint: Codable, Sendable, Hashable {
    public var settings: AgentSettings
    /// Of the answer agent; nil for the question agent.
    public var mode: AnswerMode?
    /// Drafts of the question agent; nil where that is left to the agent.
    public var candidates: Int?

    public init(_ settings: AgentSettings, mode: AnswerMode? = nil, candidates: Int? = nil) {
        (self.settings, self.mode, self.candidates) = (settings, mode, candidates)
    }

    /// The same with what means nothing set to one value, so that equal ways of generating are equal: nothing is drawn in letter mode
    /// or at temperature 0.
    var canonical: TuningPoint {
        var point = self
        if mode == .letter {
            point.settings.doSample = false
            point.settings.repetitionPenalty = 1
        }
        if point.settings.temperature == 0 { point.settings.doSample = false }
        if !point.settings.doSample {
            point.settings.temperature = 1
            point.settings.topP = 1
            point.settings.topK = 0
        }
        return point
    }

    /// "reason, temperature 0.2, top-p 0.9, 150 tokens".
    public var name: String {
        if mode == .letter { return AnswerMode.letter.rawValue }
        var parts = [mode?.rawValue].compactMap { $0 }
        parts += settings.doSample ? ["temperature \(Self.short(settings.temperature))", "top-p \(Self.short(settings.topP))"] : ["greedy"]
        if settings.doSample, settings.topK > 0 { parts.append("top-k \(settings.topK)") }
        if settings.repetitionPenalty != 1 { parts.append("penalty \(Self.short(settings.repetitionPenalty))") }
        parts.append("\(settings.maxNewTokens) tokens")
        if let candidates { parts.append("\(candidates) candidates") }
        return parts.joined(separator: ", ")
    }

    private static func short(_ value: Double) -> String { value == value.rounded() ? String(format: "%.0f", value) : "\(value)" }
}

/// What a search tries: every combination of these.
public struct TuningSpace: Sendable, Hashable {
    public var temperatures: [Double]
    public var topPs: [Double]
    public var repetitionPenalties: [Double]
    public var maxTokens: [Int]
    /// Of the answer agent; empty for the question agent.
    public var modes: [AnswerMode]
    /// Drafts of the question agent; empty leaves that to the agent.
    public var candidates: [Int]

    public init(
        temperatures: [Double], topPs: [Double], repetitionPenalties: [Double], maxTokens: [Int], modes: [AnswerMode] = [],
        candidates: [Int] = []
    ) {
        (self.temperatures, self.topPs, self.repetitionPenalties) = (temperatures, topPs, repetitionPenalties)
        (self.maxTokens, self.modes, self.candidates) = (maxTokens, modes, candidates)
    }

    /// All combinations, equal ways of generating once.
    /// - Throws: `AgentError.setting` for a value that means nothing.
    public func grid() throws -> [TuningPoint] {
        var points: [TuningPoint] = []
        var seen: Set<TuningPoint> = []
        for mode in modes.isEmpty ? [nil] : modes.map(Optional.some) {
            for tokens in maxTokens {
                for penalty in repetitionPenalties {
                    for temperature in temperatures {
                        for topP in topPs {
                            for count in candidates.isEmpty ? [nil] : candidates.map(Optional.some) {
                                let settings = AgentSettings(
                                    maxNewTokens: tokens, temperature: temperature, topP: topP, repetitionPenalty: penalty,
                                    doSample: temperature > 0)
                                try settings.validate()
                                let point = TuningPoint(settings, mode: mode, candidates: count).canonical
                                // How long a reply may become means nothing where it is a letter.
                                if mode == .letter, points.contains(where: { $0.mode == .letter }) { continue }
                                if seen.insert(point).inserted { points.append(point) }
                            }
                        }
                    }
                }
            }
        }
        return points
    }

    /// So many of all combinations, at random.
    public func drawn(_ count: Int, seed: UInt64) throws -> [TuningPoint] {
        var random = CounterRandom(seed: seed, phase: "tuning points")
        return random.sample(count, of: try grid())
    }
}
