import Groundwork

extension HumanitiesFamilies {
    private static func year(_ fact: [String]) -> Int { Int(fact[1]) ?? 0 }

    private static func ordinal(_ number: Int) -> String {
        let ending = (11...13).contains(number % 100) ? "th" : [1: "st", 2: "nd", 3: "rd"][number % 10] ?? "th"
        return "\(number)\(ending)"
    }

    static let chronology = QuestionFamily(
        "chronology", .humanities, subject: "high_school_world_history", topic: "the order of historical events", grades: [1, 2, 3]
    ) { random, grade in
        let four = random.sample(4, of: HistoryFacts.events.rows.filter {
            $0[0].count <= 36 && (grade == 3 || $0[2] == "1")  // eight long names would not fit a tournament's token limit
        })
        let sorted = four.sorted { year($0) < year($1) }, first = random.next(below: 2) == 0
        // Far enough apart to be told from each other.
        let gap = first ? year(sorted[1]) - year(sorted[0]) : year(sorted[3]) - year(sorted[2])
        guard gap >= (grade == 3 ? 2 : 20) else { return nil }
        let answer = first ? sorted[0] : sorted[3], word = first ? "first" : "last"
        func text(_ fact: [String]) -> String { grade == 1 ? "\(fact[0]) (\(fact[1]))" : fact[0] }
        return Draft(
            "Which came \(word): \(listed(four.map(text), last: "or"))?", answer: answer[0], mistakes: four.map { $0[0] },
            working: "The \(first ? "earliest" : "latest") year is \(answer[1]).")
    }

    static let centuries = QuestionFamily(
        "centuries", .humanities, subject: "high_school_world_history", topic: "years and centuries", grades: [1, 2]
    ) { random, grade in
        let date = grade == 1 ? random.integer(in: 1001...1999) : random.integer(in: 1...999)
        guard date % 100 != 0 else { return nil }
        let century = date / 100 + 1
        return Draft(
            "In which century was the year \(date)?", answer: "\(ordinal(century)) century",
            mistakes: [century - 1, century + 1, century + 2, century - 2].filter { $0 > 0 }.map { "\(ordinal($0)) century" },
            working: "\(century == 1 ? "The first hundred years are" : "The \(ordinal(century)) century is") \(century * 100 - 99) to \(century * 100).")
    }

    static let years = QuestionFamily(
        "years_of_events", .humanities, subject: "high_school_world_history", topic: "years of historical events", grades: [2, 3]
    ) { random, grade in
        let fact = random.element(of: HistoryFacts.events.rows.filter { $0[2] == "\(grade - 1)" }), date = year(fact)
        let offsets = grade == 2 ? [-50, -30, -20, 20, 30, 50] : [-10, -5, -3, 3, 5, 10]
        return Draft(
            "In which year was \(fact[0])?", answer: fact[1],
            mistakes: offsets.map { date + $0 }.filter { $0 > 0 && $0 < 2024 }.map(String.init),
            working: "\(sentence(fact[0])) was in \(fact[1]).")
    }

    static let reigns = QuestionFamily(
        "time_spans", .humanities, subject: "high_school_world_history", topic: "lengths of reigns and wars", grades: [1, 2]
    ) { random, grade in
        let start = random.integer(in: 1000...1950), length = random.integer(in: grade == 1 ? 2...9 : 11...60), end = start + length
        guard grade == 2 || start % 10 < end % 10 else { return nil }
        let what = random.element(of: ["king reigned", "queen reigned", "war lasted", "dynasty ruled", "republic lasted"])
        return .number(
            "A \(what) from \(start) to \(end). How many years is that?", length, slips: [length + 10, length - 10, length + 1],
            least: 1, suffix: " years", working: "\(end) - \(start) = \(length).", random: &random)
    }

    static let institutions = QuestionFamily(
        "institutions", .humanities, subject: "international_law", topic: "international institutions", grades: [2, 3]
    ) { random, grade in
        let table = HistoryFacts.institutions, fact = random.element(of: table.rows)
        if grade == 2 {
            return Draft(
                "Which organisation \(fact[2])?", answer: fact[0], mistakes: table.others(than: fact, column: 0),
                working: "\(sentence(fact[0])) \(fact[2]).")
        }
        return Draft(
            "In which city is the seat of \(fact[0])?", answer: fact[1], mistakes: table.others(than: fact, column: 1),
            working: "The seat of \(fact[0]) is in \(fact[1]).")
    }

    static let society = QuestionFamily(
        "society_terms", .humanities, subject: "sociology", topic: "terms of politics and society", grades: [1]
    ) { random, _ in
        let table = HistoryFacts.societyTerms, fact = random.element(of: table.rows)
        return Draft(
            "What is the word for \(fact[1])?", answer: fact[0], mistakes: table.others(than: fact, column: 0),
            working: "\(sentence(fact[0])) is \(fact[1]).")
    }
}
