import Groundwork

extension StemFamilies {
    static let dna = QuestionFamily(
        "dna", .stem, subject: "high_school_biology", topic: "base pairs of DNA and RNA", grades: [1, 2]
    ) { random, grade in
        let bases = (0..<(grade == 1 ? 4 : 5)).map { _ in random.element(of: ["A", "T", "C", "G"]) }
        let pairs = ["A": "T", "T": "A", "C": "G", "G": "C"]
        let partner = bases.map { pairs[$0] ?? "" }
        let toRNA = grade == 2
        func text(_ bases: [String]) -> String {
            bases.map { toRNA && $0 == "T" ? "U" : $0 }.joined(separator: "-")
        }
        let swapped = bases.map { ["A": "C", "C": "A", "G": "T", "T": "G"][$0] ?? "" }
        let other = bases.map { ["A": "G", "G": "A", "C": "T", "T": "C"][$0] ?? "" }
        let working = zip(bases, partner).map { "\($0)-\(toRNA && $1 == "T" ? "U" : $1)" }.joined(separator: ", ") + "."
        let strand = bases.joined(separator: "-")
        return Draft(
            toRNA ? "Which RNA is transcribed from the DNA template \(strand)?" : "Which DNA strand pairs with \(strand)?",
            answer: text(partner), mistakes: [text(bases), text(swapped), text(other), text(partner.reversed())], working: working)
    }

    static let crosses = QuestionFamily(
        "genetics", .stem, subject: "high_school_biology", topic: "genotypes and crosses", grades: [1, 2, 3]
    ) { random, grade in
        let names = random.sample(4, of: ["A", "B", "D", "E", "F", "G", "H", "K", "L", "M", "N", "Q", "R", "T"])
        let big = names[0], small = big.lowercased()
        if grade == 1 {
            let wantsMixed = random.next(below: 2) == 0
            func pure(_ name: String) -> String { random.next(below: 2) == 0 ? name + name : (name + name).lowercased() }
            func mixed(_ name: String) -> String { name + name.lowercased() }
            let right = wantsMixed ? mixed(names[0]) : pure(names[0])
            let wrong = names[1...].map { wantsMixed ? pure($0) : mixed($0) }
            return Draft(
                "Which genotype is \(wantsMixed ? "heterozygous" : "homozygous"): \(listed(random.shuffled(wrong + [right]), last: "or"))?",
                answer: right, mistakes: wrong, working: "\(right) has two \(wantsMixed ? "different" : "equal") alleles.")
        }
        let parents = [big + big, big + small, small + small]
        let first = random.element(of: parents), second = random.element(of: parents)
        let trait = grade == 3 ? random.next(below: 2) : 2 + random.next(below: 3)
        let counts = first.flatMap { a in second.map { b in [String(a), String(b)].sorted().joined() } }
        let genotypes = counts.map { $0 == small + big ? big + small : $0 }
        let hits = switch trait {
        case 0: genotypes.count { $0 != small + small }
        case 1: genotypes.count { $0 == small + small }
        default: genotypes.count { $0 == parents[trait - 2] }
        }
        let wanted = trait == 0 ? "show the dominant trait" : trait == 1 ? "show the recessive trait" : "have genotype \(parents[trait - 2])"
        let list = genotypes.sorted().joined(separator: ", ")
        return Draft(
            "In the cross \(first) × \(second), how many per cent of the offspring \(wanted)?", answer: "\(hits * 25)%",
            mistakes: ["0%", "25%", "50%", "75%", "100%"], working: "Offspring: \(list). \(hits) of 4.")
    }

    static let animalClasses = QuestionFamily(
        "animal_classes", .stem, subject: "high_school_biology", topic: "classes of animals", grades: [1, 2]
    ) { random, grade in
        let table = AnimalFacts.classes
        if grade == 1 {
            let fact = random.element(of: table.rows), animal = withArticle(fact[0])
            return Draft(
                "What kind of animal is \(animal)?", answer: fact[1], mistakes: table.others(than: fact, column: 1),
                working: "\(sentence(animal)) is \(withArticle(fact[1])).")
        }
        let kind = random.element(of: ["mammal", "bird", "fish", "reptile", "insect", "amphibian"])
        let right = random.element(of: table.rows.filter { $0[1] == kind })[0]
        let wrong = random.sample(3, of: table.rows.filter { $0[1] != kind }.map { $0[0] })
        return Draft(
            "Which of these is \(withArticle(kind)): \(listed(random.shuffled(wrong + [right]), last: "or"))?", answer: right,
            mistakes: wrong, working: "The \(right) is \(withArticle(kind)).")
    }

    static let bodyParts = QuestionFamily(
        "human_body", .stem, subject: "anatomy", topic: "organs and parts of the human body", grades: [1, 2]
    ) { random, grade in
        let table = grade == 1 ? ScienceFacts.body : ScienceFacts.bones, fact = random.element(of: table.rows)
        if grade == 1 {
            return Draft(
                "Which part of the human body \(fact[1])?", answer: fact[0], mistakes: table.others(than: fact, column: 0),
                working: "The \(fact[0]) \(fact[1]).")
        }
        return Draft(
            "Where in the human body is the \(fact[0])?", answer: fact[1], mistakes: table.others(than: fact, column: 1),
            working: "The \(fact[0]) is in the \(fact[1]).")
    }

    static let space = QuestionFamily(
        "space_and_earth", .stem, subject: "astronomy", topic: "space and the Earth", grades: [2]
    ) { random, _ in
        let table = ScienceFacts.spaceAndEarth, fact = random.element(of: table.rows)
        return Draft(
            "What is the name of \(fact[1])?", answer: fact[0], mistakes: table.others(than: fact, column: 0, alikeIn: 2), working: "")
    }

    static let instruments = QuestionFamily(
        "instruments", .stem, subject: "conceptual_physics", topic: "measuring instruments and fields of science", grades: [1, 2]
    ) { random, grade in
        let table = grade == 1 ? ScienceFacts.fields : ScienceFacts.instruments, fact = random.element(of: table.rows)
        return Draft(
            grade == 1 ? "Which science studies \(fact[1])?" : "Which instrument \(fact[1])?", answer: fact[0],
            mistakes: table.others(than: fact, column: 0),
            working: grade == 1
                ? "\(sentence(fact[0])) studies \(fact[1])." : "The \(fact[0]) \(fact[1]).")
    }

    static let discoveries = QuestionFamily(
        "discoveries", .stem, subject: "conceptual_physics", topic: "scientists and their work", grades: [2]
    ) { random, _ in
        let table = ScienceFacts.discoveries, fact = random.element(of: table.rows)
        return Draft(
            "Which scientist \(fact[1])?", answer: fact[0], mistakes: table.others(than: fact, column: 0, alikeIn: 2),
            working: "\(fact[0]) \(fact[1]).")
    }
}
