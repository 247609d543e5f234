import Groundwork

/// Regular expressions without backslashes, which no question may hold.
extension CodeFamilies {
    private static let theory = "computer_science"

    private static let letters = "abcdefghijklmnopqrstuvwxyz".map(String.init)

    /// Whether the whole text matches. Python's, Java's and Swift's engines agree on what is used here.
    private static func matches(_ pattern: String, _ text: String) -> Bool {
        guard let regex = try? Regex(pattern) else { return false }
        return text.wholeMatch(of: regex) != nil
    }

    /// Two or three pieces with texts that they match and texts that they nearly match.
    private static func piece(_ grade: Int, _ random: inout CounterRandom) -> (pattern: String, good: [String], bad: [String]) {
        let picked = random.sample(3, of: letters.dropLast(3)).sorted(), (a, b, c) = (picked[0], picked[1], picked[2])
        let digit = random.integer(in: 0...9), other = (digit + 1) % 10
        let simple: [(String, [String], [String])] = [
            ("\(a)+", [a, a + a, a + a + a], ["", b]), ("\(a)*", ["", a, a + a], [b, a + b]), ("\(b)?", ["", b], [b + b, a]),
            ("[\(a)-\(c)]", [a, b, c], ["z", a + b, ""]), ("[0-9]+", ["\(digit)", "\(digit)\(other)"], ["", a]),
            (".", [a, "\(digit)", b], ["", a + a]),
            ("[\(a)\(c)]", [a, c], [b, ""]), ("(\(a)|\(b))", [a, b], [c, a + b]),
        ]
        let hard: [(String, [String], [String])] = [
            ("(\(a)\(b))+", [a + b, a + b + a + b], [a, a + b + b, ""]), ("[^\(a)\(b)]", [c, "\(digit)", "z"], [a, b, ""]),
            ("\(a){2,3}", [a + a, a + a + a], [a, a + a + a + a]), ("(\(a)|\(b)\(c))", [a, b + c], [b, a + c, c]),
            ("[0-9]{2}", ["\(digit)\(other)", "\(other)\(digit)"], ["\(digit)", "\(digit)\(digit)\(other)"]),
            ("(\(a)\(b)?)+", [a, a + b + a, a + a + b], [b, a + b + b, ""]),
            ("[\(a)-\(c)]*", ["", a + c, b], ["z", a + "z"]),
        ]
        return random.element(of: grade == 1 ? simple : grade == 2 ? simple + hard : hard)
    }

    static let fullMatches = QuestionFamily.code(
        "regular_expressions", subject: theory, topic: "matching regular expressions", grades: [1, 2, 3]
    ) { random, grade in
        let pieces = (0..<(grade == 3 ? 3 : 2)).map { _ in piece(grade, &random) }, pattern = pieces.map(\.pattern).joined()
        func texts(badAt place: Int?) -> String {
            pieces.indices.map { random.element(of: $0 == place ? pieces[$0].bad : pieces[$0].good) }.joined()
        }
        let candidates = (0..<24).map { turn in texts(badAt: turn < 6 ? nil : turn % pieces.count) }.filter { !$0.isEmpty && $0.count < 9 }
        let right = Set(candidates.filter { matches(pattern, $0) }).sorted(),
            wrong = Set(candidates.filter { !matches(pattern, $0) }).sorted()
        guard right.count >= 3, wrong.count >= 3, Set(pieces.map(\.pattern)).count == pieces.count else { return nil }
        let asksMatch = random.next(below: 3) > 0, answer = random.element(of: asksMatch ? right : wrong)
        let others = random.sample(3, of: asksMatch ? wrong : right), texts = listed(random.shuffled(others + [answer]), last: "or")
        return Draft(
            "Which of these texts does the regular expression \(pattern) \(asksMatch ? "match" : "not match") as a whole: \(texts)?",
            answer: answer, mistakes: others,
            working: "In order it wants \(pieces.map { Self.words[$0.pattern] ?? Self.reading($0.pattern) }.joined(separator: ", then ")).")
    }

    private static let words = ["[0-9]+": "digits", "[0-9]{2}": "two digits", ".": "any one character"]

    private static func reading(_ pattern: String) -> String {
        switch pattern.last {
        case "+": "\(pattern.dropLast()) once or more"
        case "*": "\(pattern.dropLast()) any number of times"
        case "?": "an optional \(pattern.dropLast())"
        case "}": "two or three \(pattern.prefix(1))"
        case ")": "\(pattern.dropFirst().dropLast().split(separator: "|").joined(separator: " or "))"
        default: pattern.hasPrefix("[^")
            ? "one character other than \(pattern.dropFirst(2).dropLast().map(String.init).joined(separator: " and "))"
            : pattern.contains("-") ? "a letter from \(pattern.dropFirst().prefix(1)) to \(pattern.dropLast().suffix(1))"
            : "one of \(pattern.dropFirst().dropLast().map(String.init).joined(separator: " and "))"
        }
    }

    static let searches = QuestionFamily.code(
        "regex_search", subject: theory, topic: "searching and replacing with regular expressions in Python", grades: [2, 3]
    ) { random, grade in
        let picked = random.sample(3, of: letters), numbers = random.sample(3, of: Array(1...99)).map(String.init),
            mark = random.element(of: ["-", "#", "_", "+"])
        let word = random.element(of: NameTable.words), second = random.element(of: NameTable.words.filter { $0 != word })
        let text = random.element(of: [
            picked[0] + numbers[0] + picked[1] + picked[2] + numbers[1], numbers[0] + picked[0] + numbers[1] + picked[1],
            word + numbers[0] + second,
            numbers[0] + word + numbers[1], "\(word):\(second):\(numbers[0])",
        ])
        let all = { (pattern: String, text: String) -> [String] in
            guard let regex = try? Regex(pattern) else { return [] }
            return text.matches(of: regex).map { String(text[$0.range]) }
        }
        let digits = all("[0-9]+", text), singles = all("[0-9]", text), names = all("[a-z]+", text), vowels = all("[aeiou]", text)
        func replaced(_ pattern: String, _ text: String, by mark: String) -> String {
            guard let regex = try? Regex(pattern) else { return text }
            return text.replacing(regex, with: mark)
        }
        if grade == 2 {
            let kinds: [(String, Int, String)] = [
                ("len(re.findall('[0-9]+', '\(text)'))", digits.count, "The runs of digits are \(listed(digits))."),
                ("len(re.findall('[0-9]', '\(text)'))", singles.count, "The single digits are \(listed(singles))."),
                ("len(re.findall('[a-z]+', '\(text)'))", names.count, "The runs of letters are \(listed(names))."),
                ("len(re.findall('[aeiou]', '\(text)'))", vowels.count, "The vowels are \(listed(vowels))."),
            ]
            if random.next(below: 2) == 0 {
                let (code, value, rule) = random.element(of: kinds)
                return .computed(
                    CodeQuestion.value(code, in: .python), value, slips: [digits.count, singles.count, names.count, text.count, value + 1],
                    working: value == 0 ? "Nothing matches." : rule, random: &random)
            }
            let (pattern, answer) = random.element(of: ["[0-9]+", "[0-9]", "[a-z]+", "[aeiou]"].map { ($0, replaced($0, text, by: mark)) })
            guard answer != text else { return nil }
            return Draft(
                CodeQuestion.value("re.sub('\(pattern)', '\(mark)', '\(text)')", in: .python), answer: answer,
                mistakes: ["[0-9]+", "[0-9]", "[a-z]+", "[aeiou]", "[a-z]",
                    "[^0-9]"].map { replaced($0, text, by: mark) }.filter { $0 != answer }
                    + [text, replaced(pattern, text, by: "")].filter { $0 != answer },
                working: "Every match of \(pattern) becomes \(mark).")
        }
        let (p, q) = (picked[0], picked[1]), inner = random.shuffled([p, q, picked[2]]),
            more = random.sample(2, of: letters.filter { !picked.contains($0) })
        let source = "\(p)\(more[0])\(q)\(inner.joined())\(more[1])\(q)"
        let greedy = all("\(p).*\(q)", source), lazy = all("\(p).*?\(q)", source), plain = all("\(p)[^\(q)]*", source)
        guard let first = greedy.first, let short = lazy.first, let open = plain.first, first != short else { return nil }
        let kinds: [(String, String, String)] = [
            ("re.search('\(p).*\(q)', '\(source)').group()", first, ".* takes as much as it can, up to the last \(q)."),
            ("re.search('\(p).*?\(q)', '\(source)').group()", short, ".*? takes as little as it can, up to the first \(q)."),
            ("re.search('\(p)[^\(q)]*', '\(source)').group()", open, "It stops before the first \(q)."),
            ("re.search('\(p)(.*?)\(q)', '\(source)').group(1)", String(short.dropFirst().dropLast()),
             "Group 1 is what stands between the first \(p) and the next \(q)."),
            ("re.sub('\(p).*?\(q)', '\(mark)', '\(source)', count=1)", source.replacingFirst(short, by: mark),
             "Only the first shortest match is replaced."),
        ]
        let (code, answer, rule) = random.element(of: kinds)
        guard !answer.isEmpty else { return nil }
        let wrong = [first, short, open, String(short.dropFirst().dropLast()), String(first.dropFirst().dropLast()), source]
        return Draft(
            CodeQuestion.value(code, in: .python), answer: answer,
            mistakes: (code.hasPrefix("re.sub") ? [mark, source.replacingFirst(first, by: mark), source.replacingFirst(open, by: mark),
                source] : wrong).filter { $0 != answer && !$0.isEmpty },
            working: rule)
    }
}

extension String {
    fileprivate func replacingFirst(_ part: String, by other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
