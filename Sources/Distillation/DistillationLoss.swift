import Torch

/// The loss of one batch of questions:
///
///     L = α · CE(z, gold) + (1 − α) · T² · KL(softmax(t/T) ‖ softmax(z/T)) + λ · CE(reasoning tokens) + δ · D(reasoning tokens)
///
/// D compares the student with the teacher's likeliest tokens (`DenseLoss`), at the reasoning tokens where a label holds these; it is averaged
/// over those tokens.
/// z and t are the student's and the teacher's logits of the four letters. The letter terms are summed over the letters and averaged
/// over the questions of the whole accumulated batch; the reasoning term is averaged over the taught tokens of the whole accumulated
/// batch. So the loss does not depend on how a batch is split into passes, and `batch 8` equals `batch 2 × accumulation 4`.
/// A question without a teacher has α = 1.
public struct DistillationLoss: Codable, Sendable, Hashable {
    /// α: the share of the right letter against the teacher's distribution.
    public var alpha: Double
    /// T: softens both distributions.
    public var temperature: Double
    /// Whether the soft term is multiplied by T², which keeps its gradient's size independent of T.
    public var scalesBySquare: Bool
    /// λ: the weight of the reasoning text, of the end of the reply and of question-writing.
    public var reasoningWeight: Double
    /// δ: the weight of the teacher's likeliest tokens along the reasoning.
    public var denseWeight: Double

    public init(
        alpha: Double = 0.3, temperature: Double = 2, scalesBySquare: Bool = true, reasoningWeight: Double = 1, denseWeight: Double = 1
    ) {
        self.alpha = alpha
        self.temperature = temperature
        self.scalesBySquare = scalesBySquare
        self.reasoningWeight = reasoningWeight
        self.denseWeight = denseWeight
    }

    public func validate() throws {
        func check(_ name: String, _ value: Double, _ expected: String, _ holds: Bool) throws {
            guard holds, value.isFinite else {
                throw DistillationError.badSetting(name: name, value: "\(value)", expected: expected)
            }
        }
        try check("alpha of the loss", alpha, "0 to 1", (0...1).contains(alpha))
        try check("the temperature of the loss", temperature, "greater than 0", temperature > 0)
        try check("the weight of the reasoning", reasoningWeight, "0 or more", reasoningWeight >= 0)
        try check("the weight of dense labels", denseWeight, "0 or more", denseWeight >= 0)
    }

    /// The loss and its gradient for some rows of a batch.
    ///
    /// With L = Σ_rows w·CE for token rows, dL/dlogits = w·(softmax − onehot); a letter row's gradient is zero outside
    /// its four letters, since the loss sees only these.
    /// - Parameters:
    ///   - logits: [rows, vocabulary], float32 or float64, on any device; on a CPU the gradient takes their place.
    ///   - targets: one for each row.
    ///   - letters: the token ids of A, B, C, D.
    ///   - counts: of the whole accumulated batch, not of these rows.
    /// - Returns: what these rows add to the batch's loss, and dL/dlogits in the logits' shape and type.
    public func evaluate(
        logits: Tensor, targets: ArraySlice<Target>, letters: [Int], over counts: LossCounts
    ) throws -> (parts: LossParts, gradient: Tensor) {
        precondition(logits.shape.count == 2 && logits.shape[0] == targets.count, "one target for each row of logits")
        precondition(letters.count == 4, "four letters are scored")
        let rowCount = targets.count
        // Each row needs at most four entries: its letters, or its target token (given four times, so that the table is square).
        let ids = targets.flatMap { target -> [Int64] in
            switch target {
            case .token(let id), .dense(let id, _): [Int64](repeating: Int64(id), count: 4)
            case .letter: letters.map(Int64.init)
            }
        }
        let index = try Tensor(ids, [rowCount, 4], device: logits.device)
        let picked = try logits.gather(1, index).values(Double.self)
        let tokenWeight = counts.tokens > 0 ? reasoningWeight / Double(counts.tokens) : 0
        let questionWeight = counts.questions > 0 ? 1 / Double(counts.questions) : 0
        let places = try DensePlaces(logits, targets)
        // A dense row's factor follows from its own softmax: it is left at 1 until that is known.
        let rowWeights = targets.map { target -> Double in
            switch target {
            case .token: tokenWeight
            case .letter: 0
            case .dense: 1
            }
        }
        let (gradient, logSums) = try logits.softmax_(times: rowWeights)

        var parts = LossParts()
        var corrections = [Double](repeating: 0, count: rowCount * 4)
        for (row, target) in targets.enumerated() {
            switch target {
            case .token, .dense:
                let surprise = logSums[row] - picked[row * 4]
                parts.reasoning += surprise / Double(counts.tokens)
                parts.total += surprise * tokenWeight
                corrections[row * 4] = -tokenWeight
            case .letter(let gold, let teacher):
                let scores = Array(picked[row * 4..<row * 4 + 4])
                let letter = LetterLoss(
                    student: scores, gold: gold.index, teacher: teacher, alpha: alpha, temperature: temperature,
                    scalesBySquare: scalesBySquare)
                parts.hard += letter.hard * questionWeight
                parts.soft += letter.soft * questionWeight
                parts.total += letter.total * questionWeight
                if scores.allSatisfy({ $0 <= scores[gold.index] }) { parts.accuracy += questionWeight }
                for k in 0..<4 { corrections[row * 4 + k] = letter.gradient[k] * questionWeight }
            }
        }
        if let places {
            let (value, part) = try places.add(
                to: gradient, logSums: logSums, tokenWeight: tokenWeight, denseWeight: denseWeight / Double(max(1, counts.dense)))
            parts.dense += value / Double(max(1, counts.dense))
            parts.total += part
        }
        try gradient.scatterAdd_(1, index, Tensor(corrections, [rowCount, 4], dtype: logits.dtype, device: logits.device))
        return (parts, gradient)
    }
}

/// What the averages of one accumulated batch are taken over.
public struct LossCounts: Sendable, Hashable {
    public let questions: Int
    /// Taught tokens other than letters.
    public let tokens: Int
    /// Those of them at which the teacher's likeliest tokens are known.
    public let dense: Int

    public init(questions: Int, tokens: Int, dense: Int = 0) {
        self.questions = questions
        self.tokens = tokens
        self.dense = dense
    }

    public init(_ examples: some Sequence<TrainingExample>) {
        var questions = 0, tokens = 0, dense = 0
        for target in examples.lazy.flatMap(\.targets) {
            switch target {
            case .letter: questions += 1
            case .token: tokens += 1
            case .dense:
                tokens += 1
                dense += 1
            }
        }
        self.init(questions: questions, tokens: tokens, dense: dense)
    }
}
