import Foundation
import Testing

import Questions

/// Answers of the computed families again, from the question's text, and the tables' inner agreement.
@Suite struct StemTests {
    @Test func physics() throws {
        try checkRecomputed(.stem, "motion") {
            let n = integers(in: $0.question.replacing("m/s^2", with: "").replacing("m/s", with: ""))
            if $0.question.contains("from rest") { return plain(0.5 * Double(n[0] * n[1] * n[1])) + " m" }
            if $0.question.contains("final speed") { return "\(n[0] + n[1] * n[2]) m/s" }
            return $0.question.contains("What is its speed") ? "\(n[0] / n[1]) m/s" : "\(n[0] * n[1]) m"
        }
        try checkRecomputed(.stem, "forces") {
            let n = integers(in: $0.question.replacing("m/s^2", with: ""))
            if $0.question.contains("pressure") { return "\(n[0] / n[1]) Pa" }
            return "\(n[0] * n[1]) N"
        }
        try checkRecomputed(.stem, "energy") {
            let n = numbers(in: $0.question)
            if $0.question.contains("power") { return plain(n[0] / n[1]) + " W" }
            if $0.question.contains("kinetic") { return plain(0.5 * n[0] * n[1] * n[1]) + " J" }
            return plain(n.reduce(1, *)) + " J"
        }
        try checkRecomputed(.stem, "unit_conversion") { question in
            let n = numbers(in: question.question)[0]
            if question.question.contains("km/h") { return plain((n * 1000 / 3600).rounded()) + " m/s" }
            let sizes: [String: Double] = [
                "kilometres": 1000, "metres": 1, "centimetres": 0.01, "millimetres": 0.001, "kilograms": 1000, "grams": 1,
                "tonnes": 1_000_000, "litres": 1, "millilitres": 0.001, "kilowatts": 1000, "watts": 1, "hours": 3600, "minutes": 60,
                "seconds": 1, "days": 86400, "weeks": 604_800,
            ]
            let names = question.question.dropLast().split(separator: " ").compactMap { sizes[String($0)] }
            return names.count == 2 ? plain((n * names[1] / names[0]).rounded()) : nil
        }
        try checkRecomputed(.stem, "temperatures") {
            let n = numbers(in: $0.question)[0]
            if $0.question.contains("Fahrenheit") { return plain((n * 1.8 + 32).rounded()) }
            return plain($0.question.contains("How many kelvin") ? n + 273 : n - 273)
        }
        try checkRecomputed(.stem, "circuits") {
            let n = numbers(in: $0.question)
            if $0.question.contains("series") { return plain(n[0] + n[1]) + " ohms" }
            if $0.question.contains("parallel") { return plain((1 / (1 / n[0] + 1 / n[1])).rounded()) + " ohms" }
            if $0.question.contains("voltage") { return plain(n[0] * n[1]) + " V" }
            return $0.question.contains("current?") ? plain(n[0] / n[1]) + " A" : plain(n[0] * n[1]) + " W"
        }
    }

    /// The atoms of a formula such as "C6H12O6".
    static func atoms(_ formula: String) -> [String: Int] {
        formula.matches(of: /([A-Z][a-z]?)(\d*)/).reduce(into: [:]) { $0[String($1.1), default: 0] += Int($1.2) ?? 1 }
    }

    @Test func chemistry() throws {
        try checkRecomputed(.stem, "atom_counts", count: 150) { question in
            let formula = question.question.split(separator: " ").last.map { String($0.dropLast()) } ?? ""
            let atoms = Self.atoms(formula)
            guard let name = question.question.firstMatch(of: /How many (\w+) atoms/)?.1 else { return "\(atoms.values.reduce(0, +))" }
            return ElementFacts.elements.rows.first { $0[0] == name }.flatMap { atoms[$0[1]] }.map(String.init)
        }
        try checkRecomputed(.stem, "molar_masses", count: 90) { question in
            guard let formula = question.question.firstMatch(of: /, ([A-Z]\w*)/)?.1 else { return nil }
            let mass = Self.atoms(String(formula)).reduce(0) { $0 + $1.value * (ElementFacts.roundedMass[$1.key] ?? 1000) }
            let n = integers(in: question.question)
            return question.question.contains("mass in grams") ? "\(n[0] * mass)" : "\(mass)"
        }
        try checkRecomputed(.stem, "stoichiometry") { question in
            guard let match = question.question.firstMatch(of: /In (.*), how many moles of (\w+) go with (\d+) mol of (\w+)\?/) else { return nil }
            var counts: [String: Int] = [:]
            for term in match.1.replacing("->", with: "+").split(separator: "+") {
                let words = term.split(separator: " ")
                counts[String(words.last ?? "")] = words.count == 2 ? Int(words[0]) ?? 0 : 1
            }
            guard let to = counts[String(match.2)], let from = counts[String(match.4)], let amount = Int(match.3) else { return nil }
            return "\(amount * to / from)"
        }
        for question in try QuestionGenerator.generate(domain: .stem, count: 100, seed: 2, families: ["acids_and_bases"]) {
            let list = numbers(in: question.question)
            if question.difficulty == 1 {
                #expect(question.answerText == (list[0] < 7 ? "acidic" : list[0] > 7 ? "basic" : "neutral"))
            } else {
                let wanted = question.question.contains("acidic") ? list.min() : list.max()
                #expect(Double(question.answerText) == wanted)
            }
        }
    }

    @Test func biology() throws {
        try checkRecomputed(.stem, "dna") { question in
            let strand = question.question.dropLast().split(separator: " ").last ?? ""
            let toRNA = question.question.contains("RNA is")
            return strand.map { ["A": toRNA ? "U" : "T", "T": "A", "C": "G", "G": "C", "-": "-"][$0] ?? "?" }.joined()
        }
        for question in try QuestionGenerator.generate(domain: .stem, count: 50, seed: 2, families: ["genetics"], difficulty: 2) {
            try checkCross(question)
        }
        for question in try QuestionGenerator.generate(domain: .stem, count: 50, seed: 2, families: ["genetics"], difficulty: 3) {
            try checkCross(question)
        }
    }

    private func checkCross(_ question: Question) throws {
        let match = try #require(question.question.firstMatch(of: /cross (\w)(\w) × (\w)(\w),/))
        let wanted = question.question.firstMatch(of: /genotype (\w)(\w)\?/)
        var hits = 0
        for first in [match.1, match.2] {
            for second in [match.3, match.4] {
                let dominant = [first, second].count { $0.first?.isUppercase == true }
                if let wanted {
                    hits += dominant == [wanted.1, wanted.2].count { $0.first?.isUppercase == true } ? 25 : 0
                } else {
                    hits += (dominant > 0) == question.question.contains("dominant") ? 25 : 0
                }
            }
        }
        #expect(question.answerText == "\(hits)%", "\(question.question)")
    }

    @Test func reactionsAreBalanced() {
        for reaction in ElementFacts.reactions {
            func total(_ side: [(count: Int, formula: String)]) -> [String: Int] {
                side.reduce(into: [:]) { sum, term in
                    for (symbol, count) in Self.atoms(term.formula) { sum[symbol, default: 0] += count * term.count }
                }
            }
            #expect(total(reaction.left) == total(reaction.right), "\(reaction.text)")
        }
    }

    @Test func theElementsAreComplete() {
        let rows = ElementFacts.elements.rows
        #expect(rows.count == 118 && Set(rows.map { $0[1] }).count == 118)
        for (number, symbol) in [(1, "H"), (10, "Ne"), (26, "Fe"), (47, "Ag"), (54, "Xe"), (79, "Au"), (82, "Pb"), (92, "U"), (118, "Og")] {
            #expect(rows[number - 1][1] == symbol)
        }
        for substance in ElementFacts.substances {
            #expect(Set(substance.atoms.map(\.symbol)).count == substance.atoms.count)
            #expect(Self.atoms(substance.formula) == Dictionary(uniqueKeysWithValues: substance.atoms.map { ($0.symbol, $0.count) }))
        }
        for row in ElementFacts.groups.rows { #expect(rows.contains { $0[0] == row[0] }) }
    }

}
