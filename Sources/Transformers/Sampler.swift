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
        if sampling.repetitionPenalty != 1 {
            var penalised = Array(logits)
            let penalty = Float(sampling.repetitionPenalty)
            for token in history where token < penalised.count {
                penalised[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty
            }
            return penalised.withUnsafeBufferPointer { draw($0, sampling, mask, &random) }
        }
        return draw(logits, sampling, mask, &random)
    }

    private static func draw(_ logits: UnsafeBufferPointer<Float>, _ sampling: Sampling, _ mask: TokenMask?, _ random: inout CounterRandom) -> Int? {
        var lanes = SIMD16<Float>(repeating: -.infinity), rest = -Float.infinity
        each(logits, mask) { values, _ in lanes.replace(with: values, where: values .> lanes) } one: { value, _ in if value > rest { rest = value } }
        let highest = max(lanes.max(), rest)
        var best: Int?
        // Of equal ones the first; where all are −∞, the first that is a number at all.
        each(logits, mask) { values, token in
            if best == nil, any(values .== highest) { best = (0..<16).first { values[$0] == highest }.map { token + $0 } }
        } one: { value, token in
            if best == nil, value == highest { best = token }
        }
        guard let best else { return nil }
        if sampling.temperature == 0 { return best }
        return chosen(logits, mask, sampling, highest: highest, &random) ?? best
    }

    /// Calls `sixteen` with neighbours that the mask all allows, where it can, and `one` with every other allowed token, in their order.
    @inline(__always)
    private static func each(
        _ logits: UnsafeBufferPointer<Float>, _ mask: TokenMask?, sixteen: (SIMD16<Float>, Int) -> Void, one: (Float, Int) -> Void
    ) {
        var token = 0
        while token < logits.count {
            let end = min(token + 64, logits.count)
            var allowed = mask.map { token >> 6 < $0.words.count ? $0.words[token >> 6] : 0 } ?? .max
            if allowed == .max, end - token == 64 {
                while token < end {
                    sixteen(SIMD16(at: logits.baseAddress! + token), token)
                    token += 16
                }
                continue
            }
            let start = token
            token = end
            while allowed != 0 {
                let place = start + allowed.trailingZeroBitCount
                if place >= end { break }
                one(logits[place], place)
                allowed &= allowed - 1
            }
        }
    }

    /// One draw from the tempered distribution, cut to the likeliest tokens as the sampling says.
    private static func chosen(
        _ logits: UnsafeBufferPointer<Float>, _ mask: TokenMask?, _ sampling: Sampling, highest: Float, _ random: inout CounterRandom
    ) -> Int? {
        // A token 30 nats below the best after tempering has a probability under 1e-13: it is never drawn.
        let floor = highest - Float(30 * sampling.temperature)
        var candidates: [(token: Int, weight: Double)] = []
        func consider(_ logit: Float, _ token: Int) {
            if logit >= floor { candidates.append((token, exp(Double(logit - highest) / sampling.temperature))) }
        }
        each(logits, mask) { values, token in
            if any(values .>= floor) { for lane in 0..<16 { consider(values[lane], token + lane) } }
        } one: { consider($0, $1) }
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
