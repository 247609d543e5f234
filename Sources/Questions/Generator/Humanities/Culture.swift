import Groundwork

extension HumanitiesFamilies {
    static let authors = QuestionFamily(
        "authors", .humanities, subject: "literature", topic: "authors and their works", grades: [1, 2, 3]
    ) { random, grade in
        let table = CultureFacts.works
        let fact = random.element(of: table.rows.filter { grade == 3 || $0[3] == "\(grade)" }), author = fact[1]
        if grade == 3 {
            return Draft(
                "Which of these works is by \(author)?", answer: fact[0],
                mistakes: random.sample(4, of: table.rows.filter { $0[1] != author && $0[2] == fact[2] }.map { $0[0] }),
                working: "\(author) wrote \(fact[0]).")
        }
        return Draft(
            "Who wrote \(fact[0])?", answer: author, mistakes: table.others(than: fact, column: 1, alikeIn: grade == 2 ? 2 : nil),
            working: "\(fact[0]) was written by \(author).")
    }

    static let artworks = QuestionFamily(
        "artworks", .humanities, subject: "art_and_music", topic: "painters, sculptors and composers", grades: [2]
    ) { random, _ in
        let table = CultureFacts.artworks, fact = random.element(of: table.rows)
        let verb = fact[2] == "music" ? "composed" : fact[2] == "painting" ? "painted" : "made"
        return Draft(
            "Who \(verb) \(fact[0])?", answer: fact[1], mistakes: table.others(than: fact, column: 1, alikeIn: 2),
            working: "\(fact[1]) \(verb) \(fact[0]).")
    }

    static let philosophers = QuestionFamily(
        "philosophers", .humanities, subject: "philosophy", topic: "philosophers and their thoughts", grades: [2]
    ) { random, _ in
        let table = CultureFacts.philosophers, fact = random.element(of: table.rows)
        return Draft(
            "Which thinker \(fact[1])?", answer: fact[0], mistakes: table.others(than: fact, column: 0),
            working: "\(fact[0]) \(fact[1]).")
    }

    static let mythology = QuestionFamily(
        "mythology", .humanities, subject: "world_religions", topic: "gods of mythology and religion", grades: [2]
    ) { random, _ in
        let table = CultureFacts.gods, fact = random.element(of: table.rows)
        return Draft(
            "Who is the \(fact[1]) in \(fact[2]) mythology?", answer: fact[0],
            mistakes: table.rows.filter { $0[2] == fact[2] && $0[0] != fact[0] }.map { $0[0] },
            working: "The \(fact[2]) \(fact[1]) is \(fact[0]).")
    }

    static let opposites = QuestionFamily(
        "opposites", .humanities, subject: "language", topic: "words and their opposites", grades: [1]
    ) { random, _ in
        let table = LanguageFacts.opposites, fact = random.element(of: table.rows), turned = random.next(below: 2) == 0
        let word = turned ? fact[1] : fact[0], opposite = turned ? fact[0] : fact[1]
        let kin = table.rows.filter { $0[2] == fact[2] && $0[0] != fact[0] }.map { $0[random.next(below: 2)] }
        return Draft(
            "What is the opposite of \(word)?", answer: opposite, mistakes: kin, working: "The opposite of \(word) is \(opposite).")
    }

    static let pasts = QuestionFamily(
        "past_tenses", .humanities, subject: "language", topic: "irregular English verbs", grades: [1]
    ) { random, _ in
        let table = LanguageFacts.pasts, fact = random.element(of: table.rows), verb = fact[0]
        let regular = verb + (verb.hasSuffix("e") ? "d" : "ed")
        return Draft(
            "What is the past tense of \(verb)?", answer: fact[1],
            mistakes: [regular, verb] + random.sample(2, of: table.rows.map { $0[1] }),
            working: "Today I \(verb), yesterday I \(fact[1]).")
    }

    static let plurals = QuestionFamily(
        "plurals", .humanities, subject: "language", topic: "plurals of English nouns", grades: [1]
    ) { random, _ in
        let fact = random.element(of: LanguageFacts.plurals.rows), noun = fact[0]
        return Draft(
            "What is the plural of \(noun)?", answer: fact[1],
            mistakes: [noun + "s", noun + "es", noun + "en", noun.dropLast() + "i", noun.dropLast() + "ies", noun.dropLast() + "ves"],
            working: "One \(noun), two \(fact[1]).")
    }

    static let fallacies = QuestionFamily(
        "fallacies", .humanities, subject: "logical_fallacies", topic: "names of logical fallacies", grades: [2]
    ) { random, _ in
        let table = LanguageFacts.fallacies, fact = random.element(of: table.rows)
        return Draft(
            "Which fallacy is \(fact[1])?", answer: fact[0], mistakes: table.others(than: fact, column: 0),
            working: "\(sentence(fact[0])) is \(fact[1]).")
    }

    static let arguments = QuestionFamily(
        "arguments", .humanities, subject: "logical_fallacies", topic: "fallacies in arguments", grades: [1, 2]
    ) { random, grade in
        let person = random.element(of: NameTable.people), other = random.element(of: NameTable.people)
        let claim = random.element(of: ["taxes are too high", "cats are clever", "the film is good", "the bridge is safe", "tea is healthy"])
        guard person != other else { return nil }
        let common = [
            ("ad hominem", "\(person) says \(claim), but \(person) is a liar, so it is false.", "It attacks the person"),
            ("appeal to popularity", "Everyone believes that \(claim), so it is true.", "It counts believers"),
            ("appeal to authority", "A famous actor says that \(claim), so it is true.", "It relies on a famous name"),
            ("appeal to tradition", "People have always said that \(claim), so it is true.", "It relies on custom"),
            ("circular reasoning", "It is true that \(claim), because \(claim).", "The reason repeats the claim"),
        ]
        let further = [
            ("appeal to ignorance", "Nobody has shown that it is false that \(claim), so it is true.", "It relies on missing disproof"),
            ("false dilemma", "Either \(claim), or \(person) knows nothing at all.", "It offers only two options"),
            ("hasty generalisation", "\(person) met one rude person from \(other)'s town, so all people there are rude.", "It generalises from one case"),
            ("slippery slope", "If \(person) eats one sweet, \(person) will soon eat nothing else and fall ill.", "It claims that a small step leads to disaster"),
            ("tu quoque", "\(other) says \(person) should not smoke, but \(other) smokes too, so \(person) need not stop.", "It accuses the critic of the same"),
        ]
        let cases = grade == 1 ? common : further, (name, text, reason) = random.element(of: cases)
        return Draft(
            "Which fallacy is this? \(text)", answer: name, mistakes: (common + further).map(\.0), working: "\(reason).")
    }
}
