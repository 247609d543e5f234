import Testing

import Questions

@Suite struct HumanitiesTests {
    @Test func yearsAndCenturies() throws {
        try checkRecomputed(.humanities, "centuries") { question in
            let year = integers(in: question.question)[0]
            let century = (1...20).first { year <= $0 * 100 } ?? 0
            let ending = [1: "st", 2: "nd", 3: "rd"][century] ?? "th"
            return "\(century)\(ending) century"
        }
        try checkRecomputed(.humanities, "time_spans") {
            let n = integers(in: $0.question)
            return "\(n[1] - n[0]) years"
        }
        for question in try QuestionGenerator.generate(domain: .humanities, count: 150, seed: 6, families: ["chronology"]) {
            let years = question.choices.map { choice in HistoryFacts.events.rows.first { $0[0] == choice }.flatMap { Int($0[1]) } ?? 0 }
            let wanted = question.question.contains("first:") ? years.min() : years.max()
            #expect(years.indices.filter { years[$0] == wanted } == [question.answer.index], "\(question.question)")
        }
    }

    /// No wrong choice may be right by another row of the table.
    @Test func noTableAnswersTwice() {
        let countries = CountryFacts.countries.rows
        #expect(countries.count >= 140)
        // A capital, an adjective or a city belongs to one country.
        for column in [1, 5] {
            let known = countries.map { $0[column] }.filter { $0 != "-" }
            #expect(Set(known).count == known.count)
        }
        #expect(Set(countries.map { $0[1] }).isDisjoint(with: CountryFacts.cities.rows.map { $0[0] }))
        // Definitions and descriptions are told apart by their text.
        for table in [HistoryFacts.societyTerms, LanguageFacts.fallacies, ScienceFacts.body, ScienceFacts.instruments, ScienceFacts.fields] {
            #expect(Set(table.rows.map { $0[1] }).count == table.count)
        }
        for table in [ScienceFacts.spaceAndEarth, ProgrammingFacts.commonTerms, ProgrammingFacts.furtherTerms, ScienceFacts.discoveries] {
            #expect(Set(table.rows.map { $0[1] }).count == table.count)
        }
        let opposites = LanguageFacts.opposites.rows.flatMap { [$0[0], $0[1]] }
        #expect(Set(opposites).count == opposites.count)
        // A god's office is unique within a tradition.
        let offices = CultureFacts.gods.rows.map { $0[1] + "|" + $0[2] }
        #expect(Set(offices).count == offices.count)
    }

    @Test func theTablesAreLarge() {
        #expect(CultureFacts.works.count >= 100)
        #expect(CultureFacts.artworks.count >= 50)
        #expect(HistoryFacts.events.count >= 80)
        #expect(CountryFacts.cities.count >= 100)
        #expect(CountryFacts.landmarks.count >= 70)
        #expect(AnimalFacts.classes.count >= 100)
        #expect(LanguageFacts.opposites.count >= 70)
    }
}
