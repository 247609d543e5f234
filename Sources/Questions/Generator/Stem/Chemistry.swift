import Groundwork

extension StemFamilies {
    static let elementSymbols = QuestionFamily(
        "element_symbols", .stem, subject: "high_school_chemistry", topic: "symbols of the chemical elements", grades: [1, 2, 3]
    ) { random, grade in
        let table = ElementFacts.elements
        let numbers = (1...table.count).filter { ElementFacts.isWellKnown($0) == (grade < 3) }
        let fact = table.rows[random.element(of: numbers) - 1], name = fact[0], symbol = fact[1]
        if grade != 2 {
            let alike = table.rows.map { $0[1] }.filter { $0.first == symbol.first }
            let slip = name.prefix(1).uppercased() + name.dropFirst(2).prefix(1)
            let wrong = random.sample(2, of: alike) + random.sample(3, of: table.rows.map { $0[1] }) + [slip]
            return Draft(
                "What is the chemical symbol of \(name)?", answer: symbol, mistakes: wrong, working: "The symbol of \(name) is \(symbol).")
        }
        let alike = table.rows.map { $0[0] }.filter { $0.prefix(1).uppercased() == symbol.prefix(1) }
        return Draft(
            "Which element has the symbol \(symbol)?", answer: name,
            mistakes: random.sample(2, of: alike) + random.sample(3, of: table.rows.map { $0[0] }),
            working: "\(symbol) stands for \(name).")
    }

    static let atomicNumbers = QuestionFamily(
        "atomic_numbers", .stem, subject: "high_school_chemistry", topic: "atomic numbers", grades: [2, 3]
    ) { random, grade in
        let table = ElementFacts.elements, known = grade == 2 ? 36 : table.count
        let number = random.integer(in: 1...known), name = table.rows[number - 1][0]
        if random.next(below: 2) == 0 {
            return .number(
                "What is the atomic number of \(name)?", number, slips: [number + 1, number - 1, number + 8, number * 2], least: 1,
                working: "\(sentence(name)) is element number \(number).", random: &random)
        }
        let near = (max(1, number - 6)...min(known, number + 6)).map { table.rows[$0 - 1][0] }
        return Draft(
            "Which element has \(number) \(number == 1 ? "proton" : "protons")?", answer: name, mistakes: near,
            working: "Element number \(number) is \(name).")
    }

    static let elementGroups = QuestionFamily(
        "element_groups", .stem, subject: "high_school_chemistry", topic: "groups of elements", grades: [1, 2]
    ) { random, grade in
        let groups = grade == 1 ? ["noble gas", "metal"] : ["halogen", "alkali metal", "alkaline earth metal", "noble gas"]
        let group = random.element(of: groups)
        func belongs(_ kind: String) -> Bool { group == "metal" ? kind.hasSuffix(" metal") : kind == group }
        let rows = ElementFacts.groups.rows
        let right = random.element(of: rows.filter { belongs($0[1]) })[0]
        let wrong = random.sample(3, of: rows.filter { !belongs($0[1]) }.map { $0[0] })
        return Draft(
            "Which of these is \(withArticle(group)): \(listed(random.shuffled(wrong + [right]), last: "or"))?",
            answer: right, mistakes: wrong, working: "\(sentence(right)) is \(withArticle(group)).")
    }

    static let atomCounts = QuestionFamily(
        "atom_counts", .stem, subject: "high_school_chemistry", topic: "reading chemical formulas", grades: [1, 2]
    ) { random, grade in
        let substance = random.element(of: ElementFacts.substances), parts = substance.atoms
        let formula = substance.formula
        if grade == 1 {
            let (symbol, count) = random.element(of: parts)
            let element = ElementFacts.name(of: symbol)
            return .number(
                "How many \(element) atoms are in one molecule of \(substance.name), \(formula)?", count,
                slips: parts.map(\.count) + [parts.reduce(0) { $0 + $1.count }], least: 1,
                working: "\(symbol)\(count == 1 ? " without a number stands for 1" : "\(count) stands for \(count)").", random: &random)
        }
        let total = parts.reduce(0) { $0 + $1.count }
        return .number(
            "How many atoms are in one molecule of \(substance.name), \(formula)?", total,
            slips: [parts.count, total - 1, parts.map(\.count).max() ?? 1], least: 1,
            working: "\(parts.map { "\($0.count)" }.joined(separator: " + ")) = \(total).", random: &random)
    }

    static let molarMasses = QuestionFamily(
        "molar_masses", .stem, subject: "high_school_chemistry", topic: "molar masses", grades: [2, 3]
    ) { random, grade in
        let substance = random.element(of: ElementFacts.substances), moles = grade == 2 ? 1 : random.integer(in: 2...9)
        let terms = substance.atoms.map { (count: $0.count, mass: ElementFacts.roundedMass[$0.symbol] ?? 0) }
        guard terms.allSatisfy({ $0.mass > 0 }) else { return nil }
        let mass = terms.reduce(0) { $0 + $1.count * $1.mass }
        let sum = terms.map { "\($0.count) × \($0.mass)" }.joined(separator: " + ")
        if grade == 2 {
            return .number(
                "What is the molar mass of \(substance.name), \(substance.formula), in g/mol?", mass,
                slips: [terms.reduce(0) { $0 + $1.mass }, mass + 1, mass * 2], working: "\(sum) = \(mass).", random: &random)
        }
        return .number(
            "What is the mass in grams of \(moles) mol of \(substance.name), \(substance.formula) (\(mass) g/mol)?", moles * mass,
            slips: [mass, mass + moles, (moles + 1) * mass], working: "\(moles) × \(mass) = \(moles * mass).", random: &random)
    }

    static let reactions = QuestionFamily(
        "stoichiometry", .stem, subject: "high_school_chemistry", topic: "amounts in chemical reactions", grades: [2, 3]
    ) { random, grade in
        let reaction = random.element(of: ElementFacts.reactions), k = random.integer(in: grade == 2 ? 1...4 : 5...20)
        let given = random.next(below: reaction.terms.count), wanted = random.next(below: reaction.terms.count)
        guard given != wanted else { return nil }
        let from = reaction.terms[given], to = reaction.terms[wanted]
        guard grade == 2 || from.count != to.count else { return nil }
        let amount = from.count * k, answer = to.count * k
        return .number(
            "In \(reaction.text), how many moles of \(to.formula) go with \(amount) mol of \(from.formula)?", answer,
            slips: [amount, amount * to.count, to.count, amount + to.count], least: 1,
            working: "\(amount) ÷ \(from.count) = \(k). \(k) × \(to.count) = \(answer).", random: &random)
    }

    static let acids = QuestionFamily(
        "acids_and_bases", .stem, subject: "high_school_chemistry", topic: "the pH scale", grades: [1, 2]
    ) { random, grade in
        if grade == 1 {
            let tenths = random.integer(in: 1...139)
            let answer = tenths < 70 ? "acidic" : tenths == 70 ? "neutral" : "basic"
            let comparison = tenths < 70 ? "below 7" : tenths == 70 ? "equal to 7" : "above 7"
            return Draft(
                "A solution has pH \(decimal(tenths: tenths)). What is it?", answer: answer,
                mistakes: ["acidic", "neutral", "basic", "saturated"],
                working: "\(decimal(tenths: tenths)) is \(comparison), so it is \(answer).")
        }
        let values = random.sample(4, of: Array(1...139)), strongest = random.next(below: 2) == 0
        let answer = strongest ? values.min() ?? 0 : values.max() ?? 0
        return Draft(
            "Which pH is the most \(strongest ? "acidic" : "basic"): \(listed(values.map { decimal(tenths: $0) }, last: "or"))?",
            answer: decimal(tenths: answer), mistakes: values.map { decimal(tenths: $0) },
            working: "The \(strongest ? "lowest" : "highest") pH is \(decimal(tenths: answer)).")
    }
}
