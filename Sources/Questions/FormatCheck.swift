import Foundation

/// The checks that a tournament makes before a question or an answer counts.
///
/// `tokens` counts the tokens of a text with the base model's tokenizer, without special tokens.
public enum FormatCheck {
    /// Tokens of question, answer and choices together, less 15, must stay below this.
    public static let questionTokenLimit = 130
    /// With the explanation they must not exceed this.
    public static let totalTokenLimit = 1024
    /// Tokens of an answer must stay below this.
    public static let answerTokenLimit = 50
    /// Tokens of answer and reasoning together must stay below this.
    public static let reasonedAnswerTokenLimit = 512

    /// Why a question fails; empty if it passes.
    /// - Parameter json: one JSON object as the question agent wrote it.
    public static func question(_ json: String, tokens: (String) -> Int) -> [String] {
        guard let fields = object(json) else { return ["not a JSON object"] }
        return question(fields, tokens: tokens)
    }

    public static func question(_ question: AgentQuestion, tokens: (String) -> Int) -> [String] {
        var fields: [String: Any] = [
            "topic": question.topic, "question": question.question, "choices": question.choices, "answer": question.answer,
        ]
        fields["explanation"] = question.explanation
        return self.question(fields, tokens: tokens)
    }

    /// Why an answer fails; empty if it passes.
    /// - Parameter json: one JSON object as the answer agent wrote it.
    public static func answer(_ json: String, tokens: (String) -> Int) -> [String] {
        guard let fields = object(json) else { return ["not a JSON object"] }
        return answer(fields, tokens: tokens)
    }

    public static func answer(_ answer: AgentAnswer, tokens: (String) -> Int) -> [String] {
        var fields: [String: Any] = ["answer": answer.answer]
        fields["reasoning"] = answer.reasoning
        return self.answer(fields, tokens: tokens)
    }

    private static func object(_ json: String) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(json.utf8))) as? [String: Any]
    }

    private static func question(_ fields: [String: Any], tokens: (String) -> Int) -> [String] {
        var reasons: [String] = []
        for key in ["topic", "question", "choices", "answer"] where fields[key] == nil { reasons.append("\"\(key)\" is missing") }
        guard reasons.isEmpty else { return reasons }
        for key in ["topic", "question"] where !(fields[key] is String) { reasons.append("\"\(key)\" is not a text") }
        let choices = choices(fields["choices"], &reasons)
        if let answer = fields["answer"] as? String {
            if Letter(rawValue: answer) == nil { reasons.append("\"answer\" is \"\(answer)\", not one of A, B, C, D") }
        } else {
            reasons.append("\"answer\" is not a text")
        }
        if let explanation = fields["explanation"], !(explanation is String) { reasons.append("\"explanation\" is not a text") }
        guard reasons.isEmpty, let question = fields["question"] as? String, let answer = fields["answer"] as? String else {
            return reasons
        }
        let length = tokens(question) + tokens(answer) + choices.reduce(0) { $0 + tokens($1) } - 15
        if length >= questionTokenLimit {
            reasons.append(
                "question, answer and choices have \(length + 15) tokens; less 15 they must be fewer than \(questionTokenLimit)")
        }
        let total = length + ((fields["explanation"] as? String).map(tokens) ?? 0)
        if total > totalTokenLimit {
            reasons.append("with the explanation it has \(total) tokens (15 already taken off); at most \(totalTokenLimit) are allowed")
        }
        return reasons
    }

    private static func choices(_ value: Any?, _ reasons: inout [String]) -> [String] {
        guard let list = value as? [Any] else {
            reasons.append("\"choices\" is not a list")
            return []
        }
        if list.count != 4 { reasons.append("there are \(list.count) choices, not four") }
        var texts: [String] = []
        for (index, item) in list.enumerated() {
            guard let text = item as? String else {
                reasons.append("choice \(index + 1) is not a text")
                continue
            }
            texts.append(text)
            if text.count <= 2 { reasons.append("choice \(index + 1) is not longer than two characters: \"\(text)\"") }
            if let letter = Letter(index: index), !text.hasPrefix(letter.rawValue) {
                reasons.append("choice \(index + 1) does not start with \(letter): \"\(text)\"")
            }
        }
        return texts
    }

    private static func answer(_ fields: [String: Any], tokens: (String) -> Int) -> [String] {
        guard let value = fields["answer"] else { return ["\"answer\" is missing"] }
        guard let answer = value as? String else { return ["\"answer\" is not a text"] }
        var reasons: [String] = []
        if answer.isEmpty { reasons.append("\"answer\" is empty") }
        if answer.count == 1, Letter(rawValue: answer) == nil {
            reasons.append("\"answer\" is \"\(answer)\", not one of A, B, C, D")
        }
        if let reasoning = fields["reasoning"], !(reasoning is String) { reasons.append("\"reasoning\" is not a text") }
        let length = tokens(answer), total = length + ((fields["reasoning"] as? String).map(tokens) ?? 0)
        if length >= answerTokenLimit { reasons.append("the answer has \(length) tokens, not fewer than \(answerTokenLimit)") }
        if total >= reasonedAnswerTokenLimit {
            reasons.append("answer and reasoning have \(total) tokens, not fewer than \(reasonedAnswerTokenLimit)")
        }
        return reasons
    }
}
