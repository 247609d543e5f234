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
        let question_title: String?
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

    /// The program with what calls it.
    func runnable(_ program: String) -> String {
        guard let function else { return program }
        return """
            import bisect, collections, functools, heapq, itertools, json, math, operator, random, re, string, sys
            from collections import Counter, OrderedDict, defaultdict, deque
            from functools import cache, lru_cache, reduce
            from heapq import heapify, heappop, heappush
            from itertools import accumulate, combinations, permutations, product
            from math import ceil, comb, floor, gcd, inf, sqrt
            from typing import *
            sys.setrecursionlimit(50000)

            \(program)

            import json as _json, sys as _sys
            _arguments = [_json.loads(line) for line in _sys.stdin.read().splitlines() if line.strip()]
            print(_json.dumps(Solution().\(function)(*_arguments)))
            """
    }

    /// Whether a program's output is the expected one. Standard output is compared line by line and word by word, spaces at the ends not
    /// counting and numbers by value; the value of a function as JSON.
    func accepts(_ output: String, _ expected: String) -> Bool {
        if function != nil {
            guard let found = output.split(whereSeparator: \.isNewline).last, let left = Self.json(String(found)), let right = Self.json(expected) else {
                return false
            }
            return left.isEqual(right)
        }
        let (left, right) = (Self.lines(output), Self.lines(expected))
        return left.count == right.count && zip(left, right).allSatisfy { left, right in
            left.count == right.count && zip(left, right).allSatisfy { $0 == $1 || Self.sameNumber($0, $1) }
        }
    }

    private static func json(_ text: String) -> NSObject? {
        try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) as? NSObject
    }

    private static func lines(_ text: String) -> [[Substring]] {
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { $0.split(whereSeparator: \.isWhitespace) }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func sameNumber(_ left: Substring, _ right: Substring) -> Bool {
        guard let left = AnswerText.decimal(String(left)), let right = AnswerText.decimal(String(right)) else { return false }
        return left == right
    }
}
