import Testing

import Questions

@Suite struct SplitTests {
    static func questions(_ count: Int, seed: UInt64 = 1) throws -> [Question] {
        try QuestionGenerator.generate(domain: .math, count: count, seed: seed)
    }

    @Test func theSplitIsByContentAlone() throws {
        let all = try Self.questions(900)
        let (training, heldOut) = Split.deterministic(all, heldOut: 0.2, seed: 3)
        #expect((140...220).contains(heldOut.count) && training.count + heldOut.count == 900)
        #expect(training.fingerprints.isDisjoint(with: heldOut.fingerprints))
        let reversed = Split.deterministic(all.reversed(), heldOut: 0.2, seed: 3)
        #expect(reversed.heldOut.reversed() == heldOut)
        let part = Split.deterministic(Array(all.prefix(300)), heldOut: 0.2, seed: 3)
        #expect(part.heldOut == heldOut.filter { all.prefix(300).contains($0) })
        #expect(Split.deterministic(all, heldOut: 0.2, seed: 4).heldOut != heldOut)
        #expect(Split.deterministic(all, heldOut: 0, seed: 3).heldOut.isEmpty)
        #expect(Split.deterministic(all, heldOut: 1, seed: 3).training.isEmpty)
    }

    /// Copies with reordered choices, other spacing, case and punctuation fall on the side of their original.
    @Test func rearrangedCopiesStayTogether() throws {
        let all = try Self.questions(300)
        let copies = all.map { original in
            var copy = original
            copy.id += "/copy"
            copy.choices = Array(original.choices[1...] + original.choices[...0])
            copy.answer = Letter(index: (original.answer.index + 3) % 4) ?? .A
            copy.question = "  " + original.question.uppercased().replacing(" ", with: "  ") + "?"
            return copy
        }
        #expect(zip(all, copies).allSatisfy { $0.answerText == $1.answerText && $0.fingerprint == $1.fingerprint })
        let (training, heldOut) = Split.deterministic(all + copies, heldOut: 0.3, seed: 1)
        #expect(training.fingerprints.isDisjoint(with: heldOut.fingerprints))
        #expect(heldOut.count == 2 * heldOut.fingerprints.count)
        #expect((all + copies).withoutRepeats() == all)
        #expect(all.withoutRepeats(excluding: heldOut.fingerprints).count == training.fingerprints.count)
    }

    @Test func anExactNumberCanBeHeldOut() throws {
        let all = try Self.questions(200)
        let (training, heldOut) = Split.holdingOut(60, of: all + all, seed: 9)
        #expect(heldOut.count == 120 && heldOut.fingerprints.count == 60 && training.count == 280)
        // More held out from more questions keeps what was held out among the ones that are first by position.
        #expect(Split.holdingOut(90, of: all, seed: 9).heldOut.fingerprints.isSuperset(of: heldOut.fingerprints))
        #expect(Split.holdingOut(500, of: all, seed: 9).training.isEmpty)
    }

    /// Splits of runs that exist depend on these numbers.
    @Test func fingerprintsNeverChange() {
        let fingerprint = Fingerprint(question: "What is  the capital of Austria?", answer: "Vienna.")
        #expect(fingerprint == Fingerprint(question: "what is the CAPITAL of austria", answer: "vienna"))
        #expect(fingerprint.description == "73fefaa01a4a2e8ecf1912fb6216285c")
        #expect(Fingerprint(question: "x[1:3]", answer: "a") != Fingerprint(question: "x[13]", answer: "a"))
        #expect(Fingerprint(question: "3 - 5", answer: "-2") != Fingerprint(question: "3 + 5", answer: "-2"))
    }

    @Test func subjectsHaveDomains() {
        let map = DomainMap.standard
        for (subject, domain): (String, Domain) in [
            ("abstract_algebra", .math), ("college_physics", .math), ("conceptual_physics", .stem), ("machine_learning", .code),
            ("moral_scenarios", .humanities), ("marketing", .other), ("grade_school_science", .stem), ("javascript", .code),
        ] {
            #expect(map[subject] == domain && map.contains(subject))
        }
        #expect(map["Abstract Algebra"] == .math && map["high-school  chemistry"] == .stem)
        #expect(map["basket weaving"] == .other && !map.contains("basket weaving"))
        let changed = map.changed(by: ["Basket Weaving": .humanities, "marketing": .math])
        #expect(changed["basket_weaving"] == .humanities && changed["marketing"] == .math && changed["anatomy"] == .stem)
        for family in QuestionGenerator.families { #expect(map[family.subject] == family.domain && map[family.topic] == family.domain, "\(family)") }
    }

    @Test func allOfMMLUIsSorted() {
        let counts = Dictionary(grouping: Self.mmlu.split(whereSeparator: \.isWhitespace)) { DomainMap.standard[String($0)] }.mapValues(\.count)
        #expect(counts.values.reduce(0, +) == 57)
        #expect(Self.mmlu.split(whereSeparator: \.isWhitespace).allSatisfy { DomainMap.standard.contains(String($0)) })
    }

    static let mmlu = """
        abstract_algebra anatomy astronomy business_ethics clinical_knowledge college_biology college_chemistry college_computer_science
        college_mathematics college_medicine college_physics computer_security conceptual_physics econometrics electrical_engineering
        elementary_mathematics formal_logic global_facts high_school_biology high_school_chemistry high_school_computer_science
        high_school_european_history high_school_geography high_school_government_and_politics high_school_macroeconomics
        high_school_mathematics high_school_microeconomics high_school_physics high_school_psychology high_school_statistics
        high_school_us_history high_school_world_history human_aging human_sexuality international_law jurisprudence logical_fallacies
        machine_learning management marketing medical_genetics miscellaneous moral_disputes moral_scenarios nutrition philosophy prehistory
        professional_accounting professional_law professional_medicine professional_psychology public_relations security_studies sociology
        us_foreign_policy virology world_religions
        """
}
