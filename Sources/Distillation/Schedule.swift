import Foundation

/// The learning rate over the steps: a linear warm-up from 0, then constant, linear or half a cosine down to 0.
/// The same numbers as transformers' `get_constant/linear/cosine_schedule_with_warmup`.
public struct Schedule: Codable, Sendable, Hashable {
    public enum Shape: String, Codable, Sendable, CaseIterable { case constant, linear, cosine }

    public var shape: Shape
    public var peak: Double
    public var warmupSteps: Int
    public var totalSteps: Int

    public init(shape: Shape, peak: Double, warmupSteps: Int, totalSteps: Int) {
        self.shape = shape
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
    }

    /// - Parameter step: counted from 0.
    public func rate(at step: Int) -> Double {
        if step < warmupSteps { return peak * Double(step) / Double(max(1, warmupSteps)) }
        let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
        switch shape {
        case .constant: return peak
        case .linear: return peak * max(0, 1 - progress)
        case .cosine: return peak * max(0, 0.5 * (1 + cos(.pi * progress)))
        }
    }
}
