/// A four-choice question with its right answer.
public struct Question: Codable, Sendable, Hashable, Identifiable {
    /// Unique within a file; generated questions carry family, seed and number.
    public var id: String
    /// The data set or generator it comes from.
    public var source: String
    /// The data set's own subject ("high_school_physics"), from which the domain follows.
    public var subject: String
    /// What the question agent is asked for ("capitals of the world").
    public var topic: String
    public var domain: Domain
    public var question: String
    /// Four texts, without "A) ".
    public var choices: [String]
    public var answer: Letter
    /// Reasoning that ends in the answer, if there is any.
    public var explanation: String?
    /// The generator's family, nil for imported questions.
    public var family: String?
    /// 1 easy … 3 hard, nil where unknown.
    public var difficulty: Int?

    public init(
        id: String, source: String, subject: String, topic: String, domain: Domain, question: String, choices: [String],
        answer: Letter, explanation: String? = nil, family: String? = nil, difficulty: Int? = nil
    ) {
        precondition(choices.count == 4, "a question has four choices")
        self.id = id
        self.source = source
        self.subject = subject
        self.topic = topic
        self.domain = domain
        self.question = question
        self.choices = choices
        self.answer = answer
        self.explanation = explanation
        self.family = family
        self.difficulty = difficulty
    }

    /// - Throws: `DecodingError` unless there are four choices.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let choices = try fields.decode([String].self, forKey: .choices)
        guard choices.count == 4 else {
            throw DecodingError.dataCorruptedError(
                forKey: .choices, in: fields, debugDescription: "a question has four choices, not \(choices.count)")
        }
        self.init(
            id: try fields.decode(String.self, forKey: .id), source: try fields.decode(String.self, forKey: .source),
            subject: try fields.decode(String.self, forKey: .subject), topic: try fields.decode(String.self, forKey: .topic),
            domain: try fields.decode(Domain.self, forKey: .domain), question: try fields.decode(String.self, forKey: .question),
            choices: choices, answer: try fields.decode(Letter.self, forKey: .answer),
            explanation: try fields.decodeIfPresent(String.self, forKey: .explanation),
            family: try fields.decodeIfPresent(String.self, forKey: .family),
            difficulty: try fields.decodeIfPresent(Int.self, forKey: .difficulty))
    }

    /// The text of the right choice.
    public var answerText: String { choices[answer.index] }

    public var fingerprint: Fingerprint { Fingerprint(question: question, answer: answerText) }
}

/// What makes two questions the same for deduplication, splits and contamination: the question's text and the right choice's
/// text, both without case, punctuation and spacing. The order of the choices and the distractors do not count, so a
/// rearranged copy of a training question cannot pass as a held-out one; the answer counts, so that the many questions
/// that read "Which of these is true?" stay apart.
public struct Fingerprint: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(question: String, answer: String) {
        let text = Self.normalised(question) + "\u{1}" + Self.normalised(answer)
        high = Self.hash(text, basis: 0xcbf2_9ce4_8422_2325)
        low = Self.hash(text, basis: 0x6c62_272e_07bb_0142)
    }

    /// Lower case, runs of whitespace as one space, quotes and punctuation gone from the ends of words. Inside words
    /// everything stays: there a colon or a dot is part of a number, a formula or a program ("s[1:3]").
    public static func normalised(_ text: String) -> String {
        let dropped: Set<Character> = ["?", "!", ".", ",", ";", ":", "\"", "'", "`", "’", "‘", "“", "”"]
        var words: [Substring] = []
        for word in text.lowercased().split(whereSeparator: \.isWhitespace) {
            var kept = word.drop { dropped.contains($0) }
            while let last = kept.last, dropped.contains(last) { kept.removeLast() }
            if !kept.isEmpty { words.append(kept) }
        }
        return words.isEmpty ? text : words.joined(separator: " ")
    }

    /// FNV-1a with SplitMix64's finaliser, which spreads short texts over all bits. Never changes: splits depend on it.
    private static func hash(_ text: String, basis: UInt64) -> UInt64 {
        var z = basis
        for byte in text.utf8 { z = (z ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    public var description: String {
        func hexadecimal(_ value: UInt64) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return hexadecimal(high) + hexadecimal(low)
    }

    public static func < (left: Fingerprint, right: Fingerprint) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
