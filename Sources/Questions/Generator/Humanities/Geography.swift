import Groundwork

extension HumanitiesFamilies {
    private enum Column { static let name = 0, capital = 1, continent = 2, language = 3, currency = 4, people = 5, grade = 6 }

    /// A country of the grade, or of either for grade 3, with a known entry in the column.
    private static func country(with column: Int, _ grade: Int, _ random: inout CounterRandom) -> [String] {
        random.element(of: CountryFacts.countries.rows.filter {
            $0[column] != "-" && (grade == 3 || $0[Column.grade] == "\(grade)")
        })
    }

    static let capitals = QuestionFamily(
        "capitals", .humanities, subject: "high_school_geography", topic: "capitals of the world", grades: [1, 2, 3]
    ) { random, grade in
        let table = CountryFacts.countries, fact = country(with: Column.capital, grade, &random)
        if grade == 3 {
            return Draft(
                "\(fact[Column.capital]) is the capital of which country?", answer: fact[Column.name],
                mistakes: table.others(than: fact, column: Column.name, alikeIn: Column.continent),
                working: "\(fact[Column.capital]) is the capital of \(fact[Column.name]).")
        }
        // The largest city is what people mistake for the capital.
        let cities = CountryFacts.cities.rows.filter { $0[1] == fact[Column.name] }.map { $0[0] }
        let capitals = table.others(than: fact, column: Column.capital, alikeIn: Column.continent)
        return Draft(
            "What is the capital of \(fact[Column.name])?", answer: fact[Column.capital],
            mistakes: random.sample(3, of: capitals) + (grade == 2 ? random.sample(1, of: cities) : []),
            working: "The capital of \(fact[Column.name]) is \(fact[Column.capital]).")
    }

    static let continents = QuestionFamily(
        "continents", .humanities, subject: "high_school_geography", topic: "countries and continents", grades: [1, 2]
    ) { random, grade in
        let fact = country(with: Column.continent, grade, &random), name = fact[Column.name]
        return Draft(
            "On which continent is \(name)?", answer: fact[Column.continent],
            mistakes: ["Europe", "Asia", "Africa", "North America", "South America", "Oceania"],
            working: "\(sentence(name)) is in \(fact[Column.continent]).")
    }

    static let languages = QuestionFamily(
        "languages", .humanities, subject: "high_school_geography", topic: "languages of the world", grades: [1, 2]
    ) { random, grade in
        let table = CountryFacts.countries, fact = country(with: Column.language, grade, &random)
        return Draft(
            "Which language does the government of \(fact[Column.name]) use?", answer: fact[Column.language],
            mistakes: table.others(than: fact, column: Column.language, alikeIn: Column.continent) { $0 == "-" },
            working: "The government of \(fact[Column.name]) uses \(fact[Column.language]).")
    }

    static let currencies = QuestionFamily(
        "currencies", .humanities, subject: "high_school_geography", topic: "currencies of the world", grades: [1, 2]
    ) { random, grade in
        let table = CountryFacts.countries, fact = country(with: Column.currency, grade, &random)
        return Draft(
            "What is the currency of \(fact[Column.name])?", answer: fact[Column.currency],
            mistakes: table.others(than: fact, column: Column.currency, alikeIn: Column.continent) { $0 == "-" },
            working: "The currency of \(fact[Column.name]) is the \(fact[Column.currency]).")
    }

    static let nationalities = QuestionFamily(
        "nationalities", .humanities, subject: "high_school_geography", topic: "names of peoples", grades: [1, 2]
    ) { random, grade in
        let table = CountryFacts.countries, fact = country(with: Column.people, grade, &random)
        let name = fact[Column.name], people = fact[Column.people]
        return random.next(below: 2) == 0
            ? Draft(
                "Which adjective describes a person from \(name)?", answer: people,
                mistakes: table.others(than: fact, column: Column.people, alikeIn: Column.continent) { $0 == "-" },
                working: "A person from \(name) is \(people).")
            : Draft(
                "Which country does \(withArticle(people)) person come from?", answer: name,
                mistakes: table.others(than: fact, column: Column.name, alikeIn: Column.continent),
                working: "\(people) people come from \(name).")
    }

    static let cities = QuestionFamily(
        "cities", .humanities, subject: "high_school_geography", topic: "cities of the world", grades: [1]
    ) { random, _ in
        let fact = random.element(of: CountryFacts.cities.rows)
        return Draft(
            "In which country is the city of \(fact[0])?", answer: fact[1], mistakes: CountryFacts.cities.others(than: fact, column: 1),
            working: "\(fact[0]) is a city in \(fact[1]).")
    }

    static let landmarks = QuestionFamily(
        "landmarks", .humanities, subject: "high_school_geography", topic: "famous sights", grades: [1]
    ) { random, _ in
        let fact = random.element(of: CountryFacts.landmarks.rows)
        return Draft(
            "In which country can you visit \(fact[0])?", answer: fact[1],
            mistakes: CountryFacts.landmarks.others(than: fact, column: 1),
            working: "You can visit \(fact[0]) in \(fact[1]).")
    }
}
