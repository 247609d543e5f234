import Foundation
import Groundwork

/// A programming problem as LiveCodeBench publishes it (Jain et al. 2024, `code_generation_lite`).
struct CodeProblem: Sendable {
    struct Test: Sendable, Decodable {
        let input: String
        let output: String
    }

    let id: String
    let difficulty: String
    let statement: String
    /// The beginning of the program that is asked for; empty where the program reads standard input.
    let starter: String
    /// The method of `Solution` that is called; nil for a program that reads standard input.
    let function: String?
    let publicTests: [Test]
    /// As they stand in the file: JSON, or compressed.
    let privateTests: String

    private struct Line: Decodable {
        let question_id: String
        let question_content: String
        let difficulty: String?
        let starter_code: String?
        let public_test_cases: String
        let private_test_cases: String?
        let metadata: String?
    }

    private struct Metadata: Decodable { let func_name: String? }

    /// - Throws: `EvaluationError.badData` with the line.
    static func read(_ path: String) throws -> [CodeProblem] {
        var names = TaskNames()
        let problems = try LineFile.read(path).map { number, text in
            func complaint(_ reason: String) -> EvaluationError { .badData(path: path, place: "line \(number)", reason: reason) }
            let line: Line
            do {
                line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
            } catch DecodingError.keyNotFound(let key, _) {
                throw complaint("\"\(key.stringValue)\" is missing")
            } catch {
                throw complaint("it is no problem of LiveCodeBench")
            }
            if let reason = names.complaint(about: line.question_id, line: number) { throw complaint(reason) }
            guard let tests = try? JSONDecoder().decode([Test].self, from: Data(line.public_test_cases.utf8)) else {
                throw complaint("\"public_test_cases\" holds no JSON array of inputs and outputs")
            }
            let function = line.metadata.flatMap { try? JSONDecoder().decode(Metadata.self, from: Data($0.utf8)).func_name }
            guard function?.allSatisfy({ $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }) != false else {
                throw complaint("\"func_name\" is no name")
            }
            let starter = line.starter_code ?? ""
            return CodeProblem(
                id: line.question_id, difficulty: line.difficulty ?? "all", statement: line.question_content, starter: starter,
                function: starter.isEmpty ? nil : function, publicTests: tests, privateTests: line.private_test_cases ?? "")
        }
        guard !problems.isEmpty else { throw EvaluationError.badData(path: path, place: nil, reason: "it holds no problems") }
        return problems
    }

    /// All tests. The published private ones are base64 of zlib of a pickled string of JSON; unpickling runs in the sandbox, like all that
    /// others wrote.
    func tests(_ sandbox: Sandbox) throws -> [Test] {
        if privateTests.isEmpty { return publicTests }
        if let plain = try? JSONDecoder().decode([Test].self, from: Data(privateTests.utf8)) { return publicTests + plain }
        let outcome = try sandbox.run(
            "import base64, pickle, sys, zlib\nsys.stdout.write(pickle.loads(zlib.decompress(base64.b64decode(sys.stdin.read()))))",
            input: Data(privateTests.utf8), limits: .init(seconds: 120, memory: 8 << 30, fileSize: 1 << 30))
        guard outcome.ending == .exit(0), let hidden = try? JSONDecoder().decode([Test].self, from: outcome.output) else {
            throw EvaluationError.badData(path: id, place: nil, reason: "its private test cases cannot be unpacked (\(outcome.errors.suffix(200)))")
        }
        return publicTests + hidden
    }

    var prompt: String {
        var text = statement + "\n\n"
        if starter.isEmpty {
            text += "Write a Python 3 program that reads the input from standard input and prints the answer to standard output."
        } else {
            text += "Complete this Python 3 program:\n\n```python\n\(starter)\n```"
        }
        return text + "\n\nEnd your reply with the whole program in one block fenced by ```python and ```."
    }

    /// The program with what calls it. As at LiveCodeBench, where both kinds find the names in these libraries, a later one's in place of an
    /// earlier one's, and then the libraries themselves; where a program that ends itself is judged by what it printed, whatever its status;
    /// and where `Solution` is not in the main module. The program is compiled by itself: `from __future__` may be its first line, and the
    /// line in a message is its own.
    func runnable(_ program: String) -> String {
        let prelude = """
            import binascii, json, sys, types
            sys.setrecursionlimit(50000)
            module = types.ModuleType("\(function == nil ? "__main__" : "solution")")
            sys.modules[module.__name__] = module
            libraries = "string re datetime collections heapq bisect copy math random statistics itertools functools operator io sys json".split()
            for name in libraries + ["builtins", "typing"]:
                exec(f"from {name} import *", module.__dict__)
            for name in libraries:
                exec(f"import {name}", module.__dict__)
            program = compile(binascii.a2b_base64("\(Data(program.utf8).base64EncodedString())").decode(), "<program>", "exec", dont_inherit=True)
            """
        guard let function else {
            return prelude + """

                try:
                    exec(program, module.__dict__)
                except SystemExit:
                    pass
                """
        }
        return prelude + """

            arguments = [json.loads(line) for line in sys.stdin.read().splitlines() if line.strip()]
            exec(program, module.__dict__)
            value = json.dumps(module.Solution().\(function)(*arguments))
            print("\\n" + value)
            """
    }

    /// Whether a program's output is the expected one, by LiveCodeBench's rules. Of standard output, empty lines before and after and spaces
    /// around a line do not count, and lines that hold nothing but numbers are compared by value; the value of a method is compared as JSON.
    func accepts(_ output: String, _ expected: String) -> Bool {
        if function != nil {
            guard let found = output.split(whereSeparator: \.isNewline).last, let left = Self.json(String(found)), let right = Self.json(expected) else {
                return false
            }
            return left.isEqual(right)
        }
        let (left, right) = (Self.lines(output), Self.lines(expected))
        return left.count == right.count && zip(left, right).allSatisfy { $0 == $1 || Self.sameNumbers($0, $1) }
    }

    private static func json(_ text: String) -> NSObject? {
        try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) as? NSObject
    }

    private static func lines(_ text: String) -> ArraySlice<Substring> {
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line in
            var line = line.drop(while: \.isWhitespace)
            while line.last?.isWhitespace == true { line.removeLast() }
            return line
        }[...]
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.drop(while: \.isEmpty)
    }

    private static func sameNumbers(_ left: Substring, _ right: Substring) -> Bool {
        func numbers(_ line: Substring) -> [ExactDecimal?] { line.split(whereSeparator: \.isWhitespace).map { ExactDecimal($0) } }
        let (left, right) = (numbers(left), numbers(right))
        return left == right && !left.contains(nil)
    }
}

/// A number as Python's `Decimal` reads it, with all its digits: 12.50, -3, 1e5. Thousands are not set off.
private struct ExactDecimal: Equatable {
    private var isNegative = false
    /// Without zeros at either end; of zero there are none.
    private var digits: Substring
    /// The power of ten that the last digit counts.
    private var exponent = 0

    init?(_ word: Substring) {
        var rest = word
        if let sign = rest.first, "+-".contains(sign) {
            isNegative = sign == "-"
            rest.removeFirst()
        }
        let halves = rest.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        if halves.count == 2 {
            guard let power = Int(halves[1]), (-1_000_000_000...1_000_000_000).contains(power) else { return nil }
            exponent = power
        }
        let parts = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        digits = Substring(parts.joined())
        guard parts.count <= 2, !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        if parts.count == 2 { exponent -= parts[1].count }
        digits = digits.drop { $0 == "0" }
        while digits.last == "0" {
            digits.removeLast()
            exponent += 1
        }
        if digits.isEmpty { (isNegative, exponent) = (false, 0) }
    }
}
