import Foundation

/// When a training counts as collapsed, and what is tried then.
///
/// A base may break a limit before anything is trained (a small one names one letter, or never ends its reasoning). Such a limit
/// holds from the first reading that keeps it; until then no reading may be worse than the best so far by more than `tolerance`.
public struct CollapseGuard: Sendable, Hashable {
    /// The most of all answers that one letter may have. A letter that is mostly right is none of a collapse.
    public var commonestShare = 0.9
    /// Bits of the letters' entropy, at least.
    public var letterEntropy = 0.5
    public var malformed = 0.05
    public var unfinished = 0.05
    public var tolerance = 0.05
    /// The p-value under which fewer right answers than at the start are no chance. Stricter than a verdict's 5 %, as there are many looks.
    public var significance = 0.01
    /// How far the held-out loss may rise above the start's, and the training loss (mean of `lossWindow` steps) above the first step's
    /// and above what the same examples cost at the last good checkpoint.
    public var heldOutFactor = 1.5
    public var lossFactor = 2.0
    public var lossWindow = 4
    /// Fewer probes say nothing about shares of letters and answers.
    public var leastProbes = 16
    /// How often a collapsed training is begun again at its last good checkpoint.
    public var maximumRetries = 2
    /// What each retry multiplies the learning rate and the adapter's scale by.
    public var rateFactor = 1.0 / 3
    public var scaleFactor = 0.5

    public init(maximumRetries: Int = 2) { self.maximumRetries = maximumRetries }

    /// What a reading shows that a healthy training would not.
    /// - Parameter earlier: the readings before it, the start first.
    package func symptoms(of reading: ProbeReading, after earlier: [ProbeReading]) -> [CollapseSymptom] {
        var found: [CollapseSymptom] = []
        if reading.questions >= leastProbes {
            if reading.accuracy < 0.75 {
                let share = limit(commonestShare, lowest: earlier.map(\.commonestShare))
                if reading.commonestShare > share { found.append(.oneLetter(reading.commonestLetter, share: reading.commonestShare)) }
                let disorder = limit(2 - letterEntropy, lowest: earlier.map { 2 - $0.letterEntropy })
                if 2 - reading.letterEntropy > disorder { found.append(.lowEntropy(bits: reading.letterEntropy)) }
            }
            let bad = limit(malformed, lowest: earlier.map { 1 - $0.wellFormed })
            if 1 - reading.wellFormed > bad + 1e-9 { found.append(.malformed(share: 1 - reading.wellFormed, limit: bad)) }
            let endless = limit(unfinished, lowest: earlier.map { 1 - $0.finished })
            if 1 - reading.finished > endless + 1e-9 { found.append(.unfinished(share: 1 - reading.finished, limit: endless)) }
            if let start = earlier.first, let p = reading.pAgainstStart, p < significance, reading.accuracy < start.accuracy {
                found.append(.worse(accuracy: reading.accuracy, start: start.accuracy, p: p))
            }
        }
        if let loss = reading.heldOutLoss, let start = earlier.first?.heldOutLoss, loss > start * heldOutFactor {
            found.append(.heldOutLoss(loss, start: start))
        }
        return found
    }

    /// The loss of the last steps, where it has left that of the first, which is the untrained model's. One step's examples may be easy
    /// and the next ones hard, so this is a suspicion; where it was found to be none, what the harder examples cost is the measure from then on.
    package func suspectLoss(of line: StepMetrics, after earlier: [StepMetrics]) -> Double? {
        guard let first = earlier.first, earlier.count >= lossWindow else { return nil }
        let usual = earlier.last { $0.soundLoss != nil }?.soundLoss ?? first.loss.total
        let last = earlier.suffix(lossWindow - 1).reduce(line.loss.total) { $0 + $1.loss.total } / Double(lossWindow)
        return last > usual * lossFactor ? last : nil
    }

    /// - Parameter sound: what the examples of the suspect loss cost at the last good checkpoint.
    package func symptom(of suspect: Double, sound: Double) -> CollapseSymptom? {
        suspect > sound * lossFactor ? .trainingLoss(suspect, start: sound) : nil
    }

    private func limit(_ limit: Double, lowest earlier: [Double]) -> Double {
        guard let best = earlier.min(), best > limit else { return limit }
        return best + tolerance
    }
}

/// One sign of a collapse.
public enum CollapseSymptom: Sendable, Hashable, CustomStringConvertible {
    case oneLetter(String, share: Double)
    case lowEntropy(bits: Double)
    case malformed(share: Double, limit: Double)
    case unfinished(share: Double, limit: Double)
    case worse(accuracy: Double, start: Double, p: Double)
    case notFinite(String)
    case trainingLoss(Double, start: Double)
    case heldOutLoss(Double, start: Double)

    public var description: String {
        switch self {
        case .oneLetter(let letter, let share): String(format: "%@ is the answer to %.0f %% of the probes", letter, share * 100)
        case .lowEntropy(let bits): String(format: "the letters' entropy is %.2f bits of 2", bits)
        case .malformed(let share, let limit): String(format: "%.0f %% of the answers are malformed (%.0f %% at most)", share * 100, limit * 100)
        case .unfinished(let share, let limit): String(format: "%.0f %% of the answers do not end (%.0f %% at most)", share * 100, limit * 100)
        case .worse(let accuracy, let start, let p):
            String(format: "%.1f %% of the probes are right against %.1f %% at the start, p = %.2g", accuracy * 100, start * 100, p)
        case .notFinite(let what): "\(what) is not a finite number"
        case .trainingLoss(let loss, let start): String(format: "the training loss rose from %.2f to %.2f", start, loss)
        case .heldOutLoss(let loss, let start): String(format: "the held-out loss rose from %.2f to %.2f", start, loss)
        }
    }
}

/// A training that broke its guard's limits.
package struct Collapse: Error {
    /// Steps made when it was seen.
    let step: Int
    let symptoms: [CollapseSymptom]

    package init(step: Int, symptoms: [CollapseSymptom]) { (self.step, self.symptoms) = (step, symptoms) }

    var reason: String { symptoms.map(\.description).joined(separator: "; ") }
}

/// What is known about a training that collapsed as often as it may.
package struct CollapseFacts {
    /// Where each attempt was seen to collapse, and the good step that it had begun at.
    var attempts: [(from: Int, at: Int)]
    var learningRate: Double
    /// The training loss of the first step and the mean of the last ones.
    var losses: (first: Double, last: Double)?
    /// The right letters of the training examples.
    var letters: [Int]
    /// Taught tokens of the examples of answers.
    var replyTokens: [Int]
    /// Tokens of a probe's answer, on average, and of the start's.
    var answerTokens: Double?

    package init(
        attempts: [(from: Int, at: Int)], learningRate: Double, losses: (first: Double, last: Double)?, letters: [Int], replyTokens: [Int],
        answerTokens: Double?
    ) {
        (self.attempts, self.learningRate, self.losses) = (attempts, learningRate, losses)
        (self.letters, self.replyTokens, self.answerTokens) = (letters, replyTokens, answerTokens)
    }

    /// What most likely made it collapse, and what to do.
    package func cause(of collapse: Collapse) -> String {
        let rate = "the steps are too large: the learning rate with the adapter's scale. Lower the learning rate below "
            + String(format: "%.2g", learningRate) + ", or alpha"
        let isFalling = losses.map { $0.last < $0.first } ?? false
        let atOnce = attempts.allSatisfy { $0.at - $0.from <= 1 }
        for symptom in collapse.symptoms {
            switch symptom {
            case .notFinite where atOnce:
                return "the first step fails at every learning rate, so the rate is not to blame: the base's weights, its "
                    + "type (try --dtype float32), or the examples named"
            case .notFinite, .trainingLoss: return rate
            case .heldOutLoss:
                return isFalling
                    ? "the training loss falls while the held-out loss rises: the examples are learnt by heart. Use more of them or fewer epochs" : rate
            default: continue
            }
        }
        let all = letters.reduce(0, +)
        for symptom in collapse.symptoms {
            switch symptom {
            case .oneLetter, .lowEntropy:
                if let most = letters.max(), all > 0, Double(most) > 0.6 * Double(all) {
                    return String(format: "%.0f %% of the training examples have the same right letter: shuffle their choices", 100 * Double(most) / Double(all))
                }
            case .malformed, .unfinished:
                if let answerTokens, !replyTokens.isEmpty, replyTokens.reduce(0, +) / replyTokens.count > Int(answerTokens * 0.9) {
                    return "the reasoning to be learnt is as long as an answer may be, so its end is never reached: keep shorter labels only"
                }
            default: continue
            }
        }
        if isFalling, case .worse? = collapse.symptoms.first {
            return "the training loss falls while the probes' answers get worse: the labels teach something else than the probes ask. "
                + "Look at the labels' letters, the domain and the way of asking"
        }
        return rate
    }
}
