import Foundation
import Testing

import Questions

/// The code families of several languages. Tests/Oracles/questions_code.py ran their programs in the real languages.
@Suite struct CodeTests {
    struct Row: Decodable {
        let family: String
        let language: String
        let difficulty: Int
        let question: String
        let output: String
    }

    static func fixture() throws -> [Row] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Questions/programs.jsonl")
        return try String(decoding: Data(contentsOf: path), as: UTF8.self).split(separator: "\n").map {
            try JSONDecoder().decode(Row.self, from: Data($0.utf8))
        }
    }

    @Test func theRealLanguagesPrintTheAnswers() throws {
        let rows = try Self.fixture()
        let made = try QuestionGenerator.generate(domain: .code, count: 3000, seed: 31)
        let answers = Dictionary(made.map { ($0.question, $0.answerText) }, uniquingKeysWith: { first, _ in first })
        for row in rows {
            #expect(
                answers[row.question] == row.output,
                "\(row.language): \(row.question) (if the family was changed on purpose, run Tests/Oracles/questions_code.py --write)")
        }
        let languages = Dictionary(rows.map { ($0.language, 1) }, uniquingKeysWith: +)
        for language in ["Python", "Java", "C", "JavaScript", "Swift"] { #expect(languages[language, default: 0] >= 20, "\(languages)") }
        for language in ["SQL", "bash", "git"] { #expect(languages[language, default: 0] >= 10, "\(languages)") }
        #expect(Set(rows.map(\.family)).count >= 30)
    }

    /// C, Java and Swift drop the fraction, Python rounds down; the remainder follows.
    @Test func divisionFollowsTheLanguage() throws {
        let questions = try QuestionGenerator.generate(domain: .code, count: 400, seed: 2, families: ["integer_division"], difficulty: 2)
        var seen: Set<String> = []
        for question in questions {
            let words = question.question.dropLast().split(separator: " ")
            let language = String(words[words.count - 1])
            guard language != "JavaScript", let a = Int(words[5]), let b = Int(words[7]) else { continue }
            let down = Int((Double(a) / Double(b)).rounded(.down)), cut = Int((Double(a) / Double(b)).rounded(.towardZero))
            let quotient = language == "Python" ? down : cut
            #expect(question.answerText == "\(words[6] == "%" ? a - b * quotient : quotient)", "\(question.question)")
            seen.insert(language)
        }
        #expect(seen == ["Python", "Java", "C", "Swift"])
    }

    /// Families of facts aside, a family does not run dry in a data set of thousands.
    @Test(arguments: [
        "counting_loops", "while_loops", "nested_loops", "branches", "array_updates", "recursion", "integer_division", "operator_precedence",
        "number_conversion", "fixed_width_integers", "increments", "type_coercion", "truthiness", "short_circuit", "references_and_copies",
        "slices_by_language", "map_filter_reduce", "closures_and_scope", "method_dispatch", "exceptions", "list_operations", "maps_and_sets",
        "heaps", "hash_tables", "search_trees", "sorting_steps", "binary_search_steps", "graph_search", "running_time", "growth_of_time",
        "sql_queries", "sql_groups", "sql_joins", "sql_nulls", "regular_expressions", "regex_search", "shell_pipelines", "shell_expansion",
        "exit_status", "file_permissions", "paths", "git_staging", "git_history",
    ])
    func aFamilyHasThousandsOfQuestions(_ name: String) throws {
        #expect(try QuestionGenerator.generate(domain: .code, count: 2000, seed: 6, families: [name]).count == 2000)
    }

    /// What recipes/smollm2-135m.yaml trains on.
    @Test func theDemoKeepsItsQuestions() throws {
        let questions = try QuestionGenerator.generate(
            domain: .code, count: 440, seed: 1, families: ["conditionals", "types", "text_joining", "list_indexing"], difficulty: 1)
        var fingerprint = Fingerprint(question: "", answer: "")
        for question in questions {
            fingerprint = Fingerprint(
                question: "\(fingerprint)\(question.question)", answer: "\(question.answer)\(question.choices)\(question.explanation ?? "")")
        }
        #expect(fingerprint.description == "5f5abd960af38f614ce970d18b900a63")
    }

    /// In no family does a choice's look give the answer away: the longest, the largest and the smallest are seldom right. Nor does a
    /// question come back with another answer.
    @Test func looksDoNotGiveTheAnswerAway() throws {
        for family in QuestionGenerator.families(in: .code).dropFirst(20) {
            for grade in family.grades {
                let questions = try GeneratorTests.questions(of: family, grade: grade, seed: 40)
                #expect(Set(questions.map(\.question)).count == questions.count, "\(family.name) \(grade) asks the same twice")
                var longest = 0.0, largest = 0.0, smallest = 0.0
                for question in questions {
                    let length = question.choices.map(\.count).max() ?? 0
                    let candidates = question.choices.filter { $0.count == length }
                    if question.answerText.count == length { longest += 1 / Double(candidates.count) }
                    let numbers = question.choices.compactMap(Double.init)
                    if numbers.count == 4, let own = Double(question.answerText) {
                        if own == numbers.max() { largest += 1 }
                        if own == numbers.min() { smallest += 1 }
                    }
                }
                let count = Double(questions.count)
                #expect(longest / count < 0.66, "\(family.name) \(grade): longest \(longest / count)")
                #expect(largest / count < 0.66 && smallest / count < 0.66, "\(family.name) \(grade): \(largest / count) \(smallest / count)")
            }
        }
    }
}
