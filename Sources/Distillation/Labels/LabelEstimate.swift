import Foundation
import Questions

/// What labelling will take, before anybody is asked.
public struct LabelEstimate: Codable, Sendable, Hashable, CustomStringConvertible {
    /// What money is taken for, per million tokens, and how fast tokens come.
    public struct Rates: Sendable {
        public var inputPrice: Double?
        public var outputPrice: Double?
        /// Tokens written per second, all slots together.
        public var tokensPerSecond: Double?

        public init(inputPrice: Double? = nil, outputPrice: Double? = nil, tokensPerSecond: Double? = nil) {
            self.inputPrice = inputPrice
            self.outputPrice = outputPrice
            self.tokensPerSecond = tokensPerSecond
        }
    }

    public var questions: Int
    /// Questions still without a label.
    public var left: Int
    public var replies: Int
    public var promptTokens: Int
    public var completionTokens: Int
    public var seconds: Double?
    public var money: Double?
    /// Labels in the file that the numbers are measured on; 0 where they are upper bounds.
    public var measuredOn: Int

    /// Tokens of the template and of the system prompt around each question, about.
    private static let overhead = 90
    /// Characters of English text in one token, about, for the usual vocabularies.
    private static let charactersPerToken = 4.0

    /// - Parameters:
    ///   - path: the label file, whose labels are measured where there are some.
    ///   - slots: replies that run side by side.
    public init(_ source: QuestionSource, into path: String, rules: AskingRules, maximumTokens: Int, slots: Int, rates: Rates) throws {
        var known: Set<String> = []
        var done = LabelReport()
        if FileManager.default.fileExists(atPath: path) {
            try LabelFile.forEach(path) { label in
                known.insert(label.question.id)
                done.add(label, limits: LabelLimits())
            }
        }
        var all = 0, missing = 0, characters = 0
        try source.forEach { question in
            all += 1
            guard !known.contains(question.id) else { return }
            missing += 1
            characters += AnswerFormat.userMessage(question).count
        }
        (questions, left, measuredOn) = (all, missing, done.labels)
        if done.labels > 0 {
            let share = Double(missing) / Double(done.labels)
            func expected(_ count: Int) -> Int { Int((Double(count) * share).rounded(.up)) }
            replies = expected(done.replies)
            promptTokens = expected(done.promptTokens)
            completionTokens = expected(done.completionTokens)
            seconds = done.seconds * share / Double(max(1, slots))
        } else {
            let each = rules.rotations + rules.samples + (rules.hint ? 1 : 0)
            replies = missing * each
            promptTokens = each * (missing * Self.overhead + Int(Double(characters) / Self.charactersPerToken))
            completionTokens = replies * maximumTokens
        }
        if let rate = rates.tokensPerSecond { seconds = Double(completionTokens) / rate }
        if rates.inputPrice != nil || rates.outputPrice != nil {
            money = (Double(promptTokens) * (rates.inputPrice ?? 0) + Double(completionTokens) * (rates.outputPrice ?? 0)) / 1e6
        }
    }

    public var description: String {
        let basis = measuredOn > 0 ? "as measured on the \(measuredOn) labels that are there: " : "at most: "
        var parts = ["\(replies) replies", "\(promptTokens) prompt tokens", "\(completionTokens) tokens written"]
        if let seconds { parts.append(seconds < 120 ? String(format: "%.0f s", seconds) : String(format: "%.1f h", seconds / 3600)) }
        if let money { parts.append(String(format: "%.2f in the currency of the prices", money)) }
        return "\(left) of \(questions) questions to label; " + basis + parts.joined(separator: ", ")
    }
}
