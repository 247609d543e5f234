import Foundation

/// A piece of an assistant's reply. Each piece is tokenised alone, in training and in guided decoding alike, so the token ids
/// of both always agree.
public struct ReplySegment: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Part of the JSON skeleton: forced when decoding.
        case fixed
        /// Text that the model writes, up to the closing quote.
        case free
        /// One of A, B, C, D: chosen among the four.
        case letter
    }
    public let kind: Kind
    public let text: String

    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}

/// How a question is put to the answer agent, and how its reply is laid out:
///
///     {"reasoning": "17 + 25 = 42. The answer is 42.", "answer": "C"}
///
/// The reasoning comes first so that the letter can follow from it. Without one the reply is `{"answer": "C"}`, and with the
/// letter first `{"answer": "C", "reasoning": "…"}`. The letters' scores are read right before the letter.
public enum AnswerFormat {
    /// Kept short: the prompt's tokens are computed for every question.
    public static let systemPrompt = "Answer the question. Reply in JSON: a short reasoning, then the letter of the answer."

    public static func userMessage(_ question: Question) -> String {
        userMessage(question: question.question, choices: question.choices)
    }

    /// - Parameter choices: four texts, without "A) ".
    public static func userMessage(question: String, choices: [String]) -> String {
        zip(Letter.allCases, choices).reduce(into: question) { $0 += "\n\($1.0)) \($1.1)" }
    }

    /// How an answer is stated in words: the end of every generated explanation.
    public static func statement(_ choice: String) -> String { "The answer is \(choice)." }

    public static let reasoningOpening = "{\"reasoning\": \""
    /// Ends the reasoning and leads to the letter: two pieces, since the quote is the token that a model learns to stop with.
    public static let answerLink = ["\"", ", \"answer\": \""]
    public static let closing = "\"}"
    /// Opens a reply that begins with its letter.
    public static let answerOpening = "{\"answer\": \""
    /// After a letter that came first; the reasoning follows.
    public static let explanationOpening = "\", \"reasoning\": \""

    /// The reply that a model is trained to give; the end-of-turn token follows.
    public static func reply(reasoning: String, answer: Letter) -> [ReplySegment] {
        [ReplySegment(.fixed, reasoningOpening), ReplySegment(.free, sanitise(reasoning))]
            + answerLink.map { ReplySegment(.fixed, $0) }
            + [ReplySegment(.letter, answer.rawValue), ReplySegment(.fixed, closing)]
    }

    public static func letterReply(_ answer: Letter) -> [ReplySegment] {
        [ReplySegment(.fixed, answerOpening), ReplySegment(.letter, answer.rawValue), ReplySegment(.fixed, closing)]
    }

    /// Text that stands in a JSON string without escapes: double quotes become single ones, backslashes slashes, line ends and
    /// control characters spaces; at most 100 words, cut after a word.
    public static func sanitise(_ reasoning: String) -> String {
        var text = ""
        for scalar in reasoning.unicodeScalars {
            switch scalar {
            case "\"", "\u{201C}", "\u{201D}", "\u{201E}": text.unicodeScalars.append("'")
            case "\\": text.unicodeScalars.append("/")
            case _ where scalar.properties.generalCategory == .control || scalar.properties.isWhitespace:
                text.unicodeScalars.append(" ")
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text.split(separator: " ").prefix(wordLimit).joined(separator: " ")
    }

    /// The longest reasoning and the longest explanation, in words.
    public static let wordLimit = 100
}

/// How the question agent is asked for a question, and how its reply is laid out:
///
///     {"topic": "…", "question": "…", "choices": ["A) …", "B) …", "C) …", "D) …"], "answer": "B", "explanation": "…"}
public enum QuestionFormat {
    public static let systemPrompt = "Write a question on the topic with four choices, one of them right. Reply in JSON."

    public static func userMessage(topic: String) -> String { "Topic: \(topic)" }

    /// Opens the reply: the topic is the one that was asked for, as a JSON string.
    public static func opening(topic: String) -> String {
        "{\"topic\": \"\(AnswerFormat.sanitise(topic))\", \"question\": \""
    }

    /// Ends a text that the model writes; the model learns to stop with it.
    public static let quote = "\""

    /// Stands between the quote that ended the text before and the text of the choice.
    public static func choiceOpening(_ letter: Letter) -> String {
        letter == .A ? ", \"choices\": [\"A) " : ", \"\(letter)) "
    }

    /// After the quote that ended the last choice; the letter follows.
    public static let answerLink = "], \"answer\": \""
    /// After the letter; the explanation follows.
    public static let explanationOpening = "\", \"explanation\": \""
    /// After the quote that ended the explanation; the end-of-turn token follows.
    public static let closing = "}"

    /// The reply that a model is trained to give.
    public static func reply(_ question: Question) -> [ReplySegment] {
        func text(_ text: String) -> [ReplySegment] {
            [ReplySegment(.free, AnswerFormat.sanitise(text)), ReplySegment(.fixed, quote)]
        }
        var segments = [ReplySegment(.fixed, opening(topic: question.topic))] + text(question.question)
        for (letter, choice) in zip(Letter.allCases, question.choices) {
            segments.append(ReplySegment(.fixed, choiceOpening(letter)))
            segments += text(choice)
        }
        segments.append(ReplySegment(.fixed, answerLink))
        segments.append(ReplySegment(.letter, question.answer.rawValue))
        segments.append(ReplySegment(.fixed, explanationOpening))
        segments += text(question.explanation ?? AnswerFormat.statement(question.answerText))
        segments.append(ReplySegment(.fixed, closing))
        return segments
    }
}
