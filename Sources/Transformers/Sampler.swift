import Foundation
import Groundwork

/// Draws tokens from a row of logits.
enum Sampler {
    /// - Parameters:
    ///   - history: all tokens of the stream so far, which the repetition penalty looks at.
    ///   - random: the stream's numbers for this place.
    /// - Returns: nil where the mask allows nothing.
    static func draw(
        _ logits: UnsafeBufferPointer<Float>, _ sampling: Sampling, _ mask: TokenMask?, history: Set<Int>, _ random: inout CounterRandom
    ) -> Int? {
        var penalised: [Int: Float] = [:]
        if sampling.repetitionPenalty != 1 {
            let penalty = Float(sampling.repetitionPenalty)
            for token in history where token < logits.count {
                penalised[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty
            }
        }
        func value(_ token: Int) -> Float { penalised.isEmpty ? logits[token] : penalised[token] ?? logits[token] }

        var best = -1
        var highest = -Float.infinity
        for token in 0..<logits.count where mask?.allows(token) ?? true {
            let logit = value(token)
            if logit > highest || (best < 0 && !logit.isNaN) {
                highest = logit
                best = token
            }
        }
        guard best >= 0 else { return nil }
        if sampling.temperature == 0 { return best }
        return chosen(logits.count, value, mask, sampling, highest: highest, &random) ?? best
    }

    /// One draw from the tempered distribution, cut to the likeliest tokens as the sampling says.
    private static func chosen(
        _ count: Int, _ value: (Int) -> Float, _ mask: TokenMask?, _ sampling: Sampling, highest: Float, _ random: inout CounterRandom
    ) -> Int? {
        // A token 30 nats below the best after tempering has a probability under 1e-13: it is never drawn.
        let floor = highest - Float(30 * sampling.temperature)
        var candidates: [(token: Int, weight: Double)] = []
        for token in 0..<count where mask?.allows(token) ?? true {
            let logit = value(token)
            if logit >= floor { candidates.append((token, exp(Double(logit - highest) / sampling.temperature))) }
        }
        if sampling.topK > 0 || sampling.topP < 1 {
            candidates.sort { ($0.weight, $1.token) > ($1.weight, $0.token) }
            if sampling.topK > 0 { candidates.removeLast(max(0, candidates.count - sampling.topK)) }
            let total = candidates.reduce(0) { $0 + $1.weight }
            var sum = 0.0
            if let end = candidates.firstIndex(where: { sum += $0.weight; return sum >= sampling.topP * total }) {
                candidates.removeLast(candidates.count - end - 1)
            }
        }
        var rest = random.uniform() * candidates.reduce(0) { $0 + $1.weight }
        for candidate in candidates {
            rest -= candidate.weight
            if rest < 0 { return candidate.token }
        }
        return candidates.last?.token
    }

    /// Log-probabilities of `tokens`, normalised over just them.
    static func scores(_ logits: UnsafeBufferPointer<Float>, _ tokens: [Int]) -> [Float] {
        let values = tokens.map { $0 < logits.count ? logits[$0] : -.infinity }
        let sum = values.withUnsafeBufferPointer(logSumExp)
        return values.map { $0 - sum }
    }

    /// The `count` likeliest tokens, likeliest first, the lower id first where two are equal; log-probabilities over all logits.
    static func likeliest(_ logits: UnsafeBufferPointer<Float>, _ count: Int) -> [TokenLikelihood] {
        let sum = logSumExp(logits)
        // A heap's worth of candidates, cut back whenever it has doubled: one pass over the vocabulary.
        var best: [(token: Int, logit: Float)] = []
        var floor = -Float.infinity
        func cut() {
            best.sort { ($0.logit, $1.token) > ($1.logit, $0.token) }
            best.removeLast(max(0, best.count - count))
            if best.count == count, let last = best.last { floor = last.logit }
        }
        for (token, logit) in logits.enumerated() where logit > floor {
            best.append((token, logit))
            if best.count >= 2 * count { cut() }
        }
        cut()
        return best.map { TokenLikelihood(token: $0.token, logProbability: $0.logit - sum) }
    }

    static func logSumExp(_ values: UnsafeBufferPointer<Float>) -> Float {
        let highest = values.reduce(-.infinity, max)
        guard highest.isFinite else { return highest }
        var sum = 0.0
        for value in values where value > highest - 40 { sum += Double(exp(value - highest)) }
        return highest + Float(log(sum))
    }
}
