import Questions

/// What an explanation says about the choices: which one it speaks for, and whether that is the declared one.
package struct Explanation {
    private let question: AgentQuestion
    private let text: String
    private let choices: [String]

    package init(_ question: AgentQuestion) {
        self.question = question
        text = question.explanation ?? ""
        choices = question.choiceTexts
    }

    /// The choices whose texts the question holds.
    package static func saidChoices(of question: AgentQuestion) -> [Letter] {
        let asked = tokens(question.question)
        return zip(Letter.allCases, question.choiceTexts).filter { _, text in
            let choice = bare(tokens(text))
            return !choice.isEmpty && holds(asked, choice)
        }.map(\.0)
    }

    /// Why the explanation does not go with the declared letter; nil if it does, or says nothing of any choice.
    package var contradiction: String? {
        let words = StringWriter.words(in: text)
        if words > AnswerFormat.wordLimit { return "it has \(words) words" }
        if let equation = falseEquation { return "\"\(equation)\" is false" }
        if let foreign = foreignAnswer { return "its answer, \"\(foreign)\", is none of the choices" }
        guard let declared = Letter(rawValue: question.answer) else { return nil }
        if let named, named != declared { return "it is for \(named): \"\(choices[named.index])\"" }
        return nil
    }

    /// The choice that the explanation speaks for: the one it calls the answer, by its letter or its text; else the only one
    /// whose text it holds and the question does not.
    package var named: Letter? {
        if let stated { return stated }
        let asked = Self.tokens(question.question), said = Self.tokens(text)
        let held = Letter.allCases.filter { letter in
            let choice = Self.tokens(choices[letter.index])
            return !choice.isEmpty && Self.holds(said, choice) && !Self.holds(asked, choice)
        }
        // Of "nucleic acid" and "acid" the longer is meant.
        let longest = held.filter { letter in
            !held.contains { $0 != letter && Self.holds(Self.tokens(choices[$0.index]), Self.tokens(choices[letter.index])) }
        }
        return longest.count == 1 ? longest[0] : nil
    }

    /// What follows the last "answer is" or "answer:"; nil where nothing is called the answer.
    private var statement: Substring? {
        let lower = text.lowercased()
        // A few letters become two in lower case; then places in one text are not those in the other.
        guard lower.count == text.count else { return nil }
        for opening in ["answer is ", "answer is: ", "answer: ", "correct choice is ", "correct option is "] {
            guard let range = lower.ranges(of: opening).last else { continue }
            return text[text.index(text.startIndex, offsetBy: lower.distance(from: lower.startIndex, to: range.upperBound))...]
        }
        return nil
    }

    private var stated: Letter? {
        guard let statement else { return nil }
        if let letter = Self.letter(statement) { return letter }
        let said = Self.bare(Self.tokens(String(statement)))
        let begun = Letter.allCases.filter { letter in
            let choice = Self.bare(Self.tokens(choices[letter.index]))
            return !choice.isEmpty && said.starts(with: choice)
        }
        return begun.max { choices[$0.index].count < choices[$1.index].count }
    }

    /// An answer of a few words that no choice says.
    private var foreignAnswer: String? {
        guard stated == nil, let statement else { return nil }
        let sentence = statement.split(separator: ". ", maxSplits: 1).first ?? statement
        let said = Self.bare(Self.tokens(String(sentence)))
        guard (1...4).contains(said.count) else { return nil }
        let isSaid = choices.contains { choice in
            let choice = Self.bare(Self.tokens(choice))
            return !choice.isEmpty && (Self.holds(said, choice) || Self.holds(choice, said))
        }
        return isSaid ? nil : String(sentence)
    }

    /// Without the article that it may begin with.
    private static func bare(_ tokens: [String]) -> [String] {
        tokens.count > 1 && ["a", "an", "the"].contains(tokens[0]) ? Array(tokens.dropFirst()) : tokens
    }

    /// "B", "B)", "(B)", "option B".
    private static func letter(_ text: Substring) -> Letter? {
        var words = text.split(whereSeparator: \.isWhitespace)
        if let first = words.first?.lowercased(), ["option", "choice", "letter"].contains(first) { words.removeFirst() }
        guard let word = words.first else { return nil }
        let bare = word.filter { !"().,:;'".contains($0) }
        guard let letter = Letter(rawValue: String(bare)) else { return nil }
        // "A" may begin a text: "The answer is A train".
        return letter == .A && bare.count == word.count && words.count > 1 ? nil : letter
    }

    /// An equation of numbers in the explanation that does not hold, such as "3 + 4 = 8".
    private var falseEquation: String? {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        for (left, right) in zip(parts, parts.dropFirst()) {
            let expression = Self.calculation(endOf: left)
            var rest = right.drop(while: \.isWhitespace)
            let negative = rest.first == "-"
            if negative { rest.removeFirst() }
            let digits = rest.prefix { $0.isNumber || ".,".contains($0) }
            var number = digits
            while let last = number.last, ".,".contains(last) { number.removeLast() }
            // "= 2 × 3" goes on, and so does "= 5x".
            let behind = rest.dropFirst(digits.count).drop(while: \.isWhitespace).first
            if let behind, "+-*/×÷^−·(".contains(behind) { continue }
            if let next = rest.dropFirst(digits.count).first, next.isLetter || "/%²³°".contains(next) { continue }
            guard let said = NumberText(String(number)), let value = ArithmeticQuestion.value(of: expression) else { continue }
            // Rounded results are as good as their last digit.
            let places = number.split(separator: ".").dropFirst().first?.count ?? 0
            var tolerance = 0.5000001
            for _ in 0..<places { tolerance /= 10 }
            let isWhole = value == value.rounded() && places == 0
            let difference = abs((negative ? -said.value : said.value) - value)
            if difference > (isWhole ? 1e-9 * max(1, abs(value)) : tolerance) { return "\(expression) = \(negative ? "-" : "")\(number)" }
        }
        return nil
    }

    /// The calculation that `text` ends with: digits, signs and spaces.
    private static func calculation(endOf text: Substring) -> String {
        var start = text.endIndex
        while start > text.startIndex {
            let before = text.index(before: start), character = text[before]
            guard character.isNumber || " +-−*/×÷·^().,".contains(character) else { break }
            start = before
        }
        // "1. 3 + 4" and ", 3 + 4" begin before the calculation.
        var found = text[start...]
        if let cut = found.lastIndex(where: { $0 == "," }), found[found.index(after: cut)...].first == " " { found = found[found.index(after: cut)...] }
        if let cut = found.lastIndex(of: "."), found[found.index(after: cut)...].first == " " { found = found[found.index(after: cut)...] }
        // A number right behind a letter is part of a name: "x2 + 3".
        if start > text.startIndex, found.startIndex == start, found.first?.isWhitespace == false, text[text.index(before: start)].isLetter {
            return ""
        }
        return found.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Words and numbers in lower case; signs stand alone.
    static func tokens(_ text: String) -> [String] {
        var tokens: [String] = [], word = ""
        func flush() {
            while let last = word.last, ".,'-".contains(last) { word.removeLast() }
            if !word.isEmpty { tokens.append(word) }
            word = ""
        }
        for character in text.lowercased() {
            if character.isLetter || character.isNumber || (!word.isEmpty && ".,'-".contains(character)) {
                word.append(character)
            } else {
                flush()
                if !character.isWhitespace, !".,;:!?'\"()".contains(character) { tokens.append(String(character)) }
            }
        }
        flush()
        return tokens
    }

    private static func holds(_ text: [String], _ part: [String]) -> Bool {
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
