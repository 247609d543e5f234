import Foundation
import Testing

import Questions

/// Python itself says what the generated programs print.
@Suite struct ProgramTests {
    /// Reads lines of JSON `{"run": program}` or `{"type": expression}` or `{"value": expression, "given": statements}` and answers
    /// each with what is printed, the type's name, or the value as Python writes it.
    static let script = """
        import sys, json, io, contextlib
        for line in sys.stdin:
            task = json.loads(line)
            if 'run' in task:
                out = io.StringIO()
                with contextlib.redirect_stdout(out): exec(task['run'], {})
                print(json.dumps(out.getvalue().strip()))
            elif 'type' in task: print(json.dumps(type(eval(task['type'], {})).__name__))
            else:
                names = {}
                exec(task['given'], names)
                print(json.dumps(str(eval(task['value'], names))))
        """

    static func python(_ tasks: [[String: String]]) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("questions-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appendingPathComponent("tasks.jsonl"), output = folder.appendingPathComponent("results.jsonl")
        let lines = try tasks.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) + "\n" }
        try Data(lines.joined().utf8).write(to: input)
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try String(decoding: Data(contentsOf: output), as: UTF8.self).split(separator: "\n").map {
            try JSONDecoder().decode(String.self, from: Data($0.utf8))
        }
    }

    static func questions(_ names: [String], _ count: Int) throws -> [Question] {
        try QuestionGenerator.generate(domain: .code, count: count, seed: 21, families: names)
    }

    @Test func programsPrintTheirAnswers() throws {
        let opening = "What does this Python code print? "
        let families = [
            "list_indexing", "list_slices", "dictionary_lookup", "built_in_functions", "assignments", "conditionals", "functions",
            "comprehensions", "text_joining", "characters", "stacks", "bit_operations",
        ]
        let questions = try Self.questions(families, 1200).filter { $0.question.hasPrefix(opening) }
        #expect(questions.count > 900)
        let printed = try Self.python(questions.map { ["run": String($0.question.dropFirst(opening.count))] })
        try #require(printed.count == questions.count)
        for (question, text) in zip(questions, printed) { #expect(question.answerText == text, "\(question.question)") }
    }

    @Test func typesAreTheirs() throws {
        let questions = try Self.questions(["types"], 150)
        let names = try Self.python(questions.map { ["type": String($0.question.dropFirst("What is the Python type of ".count).dropLast())] })
        for (question, name) in zip(questions, names) { #expect(question.answerText == name, "\(question.question)") }
    }

    /// Exactly one choice has the wanted value.
    @Test func onlyOneExpressionHasTheWantedValue() throws {
        let questions = try Self.questions(["comparisons", "boolean_expressions"], 300)
        var tasks: [[String: String]] = []
        for question in questions {
            let given = question.family == "comparisons" ? "" : String(question.question.prefix { $0 != "." })
            tasks += question.choices.map { ["value": $0, "given": given] }
        }
        let values = try Self.python(tasks)
        try #require(values.count == tasks.count)
        for (index, question) in questions.enumerated() {
            let wanted = question.question.contains(" True") && question.question.contains("is True") ? "True" : "False"
            let four = values[(4 * index)..<(4 * index + 4)]
            #expect(four.filter { $0 == wanted }.count == 1, "\(question.question)")
            #expect(four[4 * index + question.answer.index] == wanted, "\(question.question)")
        }
    }
}
