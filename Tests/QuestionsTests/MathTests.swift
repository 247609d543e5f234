import Foundation
import Testing

import Questions

/// Every answer again, from the question's text alone and by other means than the generator's: brute force where that is possible.
@Suite struct MathTests {
    @Test func arithmetic() throws {
        try checkRecomputed(.math, "sums") { plain(numbers(in: $0.question).reduce(0, +)) }
        try checkRecomputed(.math, "differences") {
            let n = integers(in: $0.question)
            return "\(n[0] - n[1])"
        }
        try checkRecomputed(.math, "products") { question in
            let n = integers(in: question.question)
            return "\((0..<n[1]).reduce(0) { sum, _ in sum + n[0] })"
        }
        try checkRecomputed(.math, "powers_of_ten") {
            let n = integers(in: $0.question)
            return $0.question.contains("×") ? "\(n[0])" + String("\(n[1])".dropFirst()) : String("\(n[0])".dropLast("\(n[1])".count - 1))
        }
        try checkRecomputed(.math, "percentages") {
            let n = numbers(in: $0.question)
            if $0.question.hasPrefix("What") { return plain(n[1] * n[0] / 100) }
            return plain(n[0] * (100 + ($0.question.contains("rises") ? 1 : -1) * n[1]) / 100)
        }
        try checkRecomputed(.math, "fractions", count: 120, difficulty: 1) { question in
            let words = ["half": 2, "third": 3, "quarter": 4, "fifth": 5]
            return words.first { question.question.contains($0.key) }.map { plain(numbers(in: question.question)[0] / Double($0.value)) }
        }
        for grade in [2, 3] {
            for question in try QuestionGenerator.generate(domain: .math, count: 25, seed: 7, families: ["fractions"], difficulty: grade) {
                let parts = question.question.matches(of: /(\d+)\/(\d+)/).map { (Double($0.1) ?? 0) / (Double($0.2) ?? 1) }
                let value = parts.reduce(0, +), values = question.choices.map { choice in
                    let terms = choice.split(separator: "/").compactMap { Double($0) }
                    return terms[0] / terms[1]
                }
                let hits = values.indices.filter { abs(values[$0] - value) < 1e-12 }
                #expect(hits == [question.answer.index], "\(question.question) \(question.choices)")
            }
        }
    }

    @Test func comparison() throws {
        try checkRecomputed(.math, "largest") { question in
            let list = question.question.split(separator: ":")[1]
            let texts = list.matches(of: /-?\d+(\.\d+)?/).map { String($0.output.0) }
            let sorted = texts.sorted { (Double($0) ?? 0) < (Double($1) ?? 0) }
            return question.question.contains("largest") ? sorted.last : sorted.first
        }
        try checkRecomputed(.math, "sorting") {
            let sorted = integers(in: $0.question).sorted()
            let wanted = $0.question.contains("smallest to largest") ? sorted : sorted.reversed()
            return wanted.map(String.init).joined(separator: ", ")
        }
        try checkRecomputed(.math, "rounding") {
            let unit = $0.question.contains("hundred") ? 100.0 : 10
            return plain((numbers(in: $0.question)[0] / unit).rounded() * unit)
        }
        try checkRecomputed(.math, "digits", difficulty: 1) { question in
            let digits = Array(String(integers(in: question.question)[0]))
            return ["thousands", "hundreds", "tens", "ones"].firstIndex { question.question.contains($0) }.map { String(digits[$0]) }
        }
        try checkRecomputed(.math, "digits", difficulty: 2) {
            let n = integers(in: $0.question)
            let place = Array(String(n[1])).firstIndex(of: Character("\(n[0])")) ?? 0
            return "\(n[0])" + String(repeating: "0", count: 3 - place)
        }
        try checkRecomputed(.math, "statistics") { question in
            let n = integers(in: question.question)
            if question.question.contains("mode") { return n.max { a, b in n.count { $0 == a } < n.count { $0 == b } }.map(String.init) }
            if question.question.contains("median") { return n.first { x in n.count { $0 < x } == 2 }.map(String.init) }
            return plain(Double(n.reduce(0, +)) / Double(n.count))
        }
        try checkRecomputed(.math, "ordering") { question in
            let pairs = question.question.matches(of: /(\w+) is \w+ than (\w+)\./).map { (String($0.1), String($0.2)) }
            let names = Set(pairs.flatMap { [$0.0, $0.1] })
            func below(_ name: String) -> Int { pairs.filter { $0.0 == name }.reduce(0) { $0 + 1 + below($1.1) } }
            let order = names.sorted { below($0) > below($1) }
            if question.question.contains("second") { return order[1] }
            return ["youngest", "shortest", "slowest", "poorest"].contains { question.question.contains($0) } ? order[3] : order[0]
        }
    }

    @Test func numberTheory() throws {
        try checkRecomputed(.math, "sequences") {
            let n = integers(in: $0.question)
            let steps = zip(n, n.dropFirst()).map { $1 - $0 }, growth = zip(steps, steps.dropFirst()).map { $1 - $0 }
            if growth[0] == growth[1] { return "\(n[3] + steps[2] + growth[1])" }
            return n[1] * n[1] == n[0] * n[2] ? "\(n[3] * n[1] / n[0])" : nil
        }
        try checkRecomputed(.math, "divisibility") { question in
            let n = integers(in: question.question), divisor = question.question.contains("even") ? 2 : n[0]
            let hits = n.suffix(4).filter { $0 % divisor == 0 }
            return hits.count == 1 ? "\(hits[0])" : nil
        }
        try checkRecomputed(.math, "remainders") {
            let n = integers(in: $0.question)
            if $0.question.contains("^") { return "\((0..<n[1]).reduce(1) { x, _ in x * n[0] % n[2] })" }
            return "\((0..<n[1]).first { (n[0] - $0).isMultiple(of: n[1]) } ?? -1)"
        }
        try checkRecomputed(.math, "divisors_and_primes") { question in
            let n = integers(in: question.question)
            if question.question.contains("prime") {
                let primes = n.filter { x in !(2..<x).contains { x.isMultiple(of: $0) } }
                return primes.count == 1 ? "\(primes[0])" : nil
            }
            if question.question.contains("divisor") {
                return (1...n[0]).last { n[0].isMultiple(of: $0) && n[1].isMultiple(of: $0) }.map(String.init)
            }
            return (1...(n[0] * n[1])).first { $0.isMultiple(of: n[0]) && $0.isMultiple(of: n[1]) }.map(String.init)
        }
        try checkRecomputed(.math, "sets") { question in
            let sets = question.question.matches(of: /\{([^}]*)\}/).map { Set(integers(in: String($0.1))) }
            if question.question.contains("both") {
                let shared = sets[0].intersection(sets[1])
                return shared.count == 1 ? "\(shared.first ?? 0)" : nil
            }
            return question.question.contains("union") ? "\(sets[0].union(sets[1]).count)" : plain(pow(2, Double(sets[0].count)))
        }
        try checkRecomputed(.math, "equations") { question in
            let n = integers(in: question.question.replacing("x^2", with: "").replacing("x ", with: " x "))
            let solutions = (-200...200).filter { x in
                if question.question.contains("larger") { return x * x - n[0] * x + n[1] == 0 }
                if n.count == 3 { return n[0] * x + n[1] == n[2] }
                return (question.question.contains("+") ? x + n[0] : x - n[0]) == n[1]
            }
            return solutions.last.map(String.init)
        }
    }

    @Test func geometry() throws {
        try checkRecomputed(.math, "areas") {
            let n = integers(in: $0.question)
            if $0.question.contains("hypotenuse") { return plain(Double(n[0] * n[0] + n[1] * n[1]).squareRoot()) }
            if $0.question.contains("triangle") { return plain(Double(n[0] * n[1]) / 2) }
            return $0.question.contains("perimeter") ? "\(n[0] + n[1] + n[0] + n[1])" : "\(n[0] * n[1])"
        }
        try checkRecomputed(.math, "angles_and_solids") {
            let n = integers(in: $0.question)
            if $0.question.contains("box") { return "\(n[0] * n[1] * n[2])" }
            return $0.question.contains("triangle") ? "\(180 - n[0] - n[1])" : "\(n[0] - n[1])"
        }
    }

    /// A statement "If P, then Q" by its truth table over the two conditions.
    @Test func implications() throws {
        struct Part: Equatable { let name: String; let holds: Bool }
        func part(_ text: Substring, in table: [(String, String)]) -> Part? {
            for (yes, no) in table where text == yes || text == no { return Part(name: yes, holds: text == yes) }
            return nil
        }
        let all = NameTable.causes + NameTable.effects
        func parts(_ text: String) throws -> (Part, Part) {
            let match = try #require(text.firstMatch(of: /If ([^,?]*), then ([^?]*)/))
            return (try #require(part(match.1, in: all)), try #require(part(match.2, in: all)))
        }
        func table(_ statement: (Part, Part), _ names: [String]) -> [Bool] {
            [(true, true), (true, false), (false, true), (false, false)].map { first, second in
                func value(_ part: Part) -> Bool { (part.name == names[0] ? first : second) == part.holds }
                return !value(statement.0) || value(statement.1)
            }
        }
        for question in try QuestionGenerator.generate(domain: .math, count: 100, seed: 5, families: ["implications"]) {
            let given = try parts(question.question), names = [given.0.name, given.1.name]
            let same = try question.choices.map { table(try parts($0), names) == table(given, names) }
            if question.question.contains("same") {
                #expect(same.indices.filter { same[$0] } == [question.answer.index])
            } else {
                let answer = try parts(question.answerText)
                let converse = question.question.contains("converse")
                #expect(answer.0.name == names[converse ? 1 : 0] && answer.0.holds == converse && answer.1.holds == converse)
            }
        }
    }

    @Test func truthValues() throws {
        let questions = try QuestionGenerator.generate(domain: .math, count: 150, seed: 5, families: ["truth_values"])
        var tasks: [[String: String]] = []
        for question in questions {
            let given = question.question.matches(of: /([p-t]) is (true|false)/).prefix(2)
                .map { "\($0.1) = \($0.2 == "true" ? "True" : "False")" }.joined(separator: "; ")
            tasks += question.choices.map { choice in
                let value = choice.firstMatch(of: /if (\w) then (\w)/).map { "not \($0.1) or \($0.2)" } ?? choice
                return ["value": value, "given": given]
            }
        }
        let values = try ProgramTests.python(tasks)
        for (index, question) in questions.enumerated() {
            let wanted = question.question.contains("statement is true") ? "True" : "False"
            let hits = (0..<4).filter { values[4 * index + $0] == wanted }
            #expect(hits == [question.answer.index], "\(question.question) \(question.choices)")
        }
    }
}
