import ArgumentParser
import Foundation
import Groundwork
import Questions

extension Domain: ExpressibleByArgument {}

struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Generate four-choice questions whose answers are computed or looked up.",
        discussion: "The same domain, seed, families and difficulty always give the same questions; a larger count begins with the same ones.")

    @Option(help: "math, code, stem or humanities.")
    var domain: Domain

    @Option(help: "How many questions.")
    var count: Int

    @Option(help: "Another seed gives other questions.")
    var seed: UInt64 = 1

    @Option(parsing: .upToNextOption, help: "Only these families, separated by spaces or commas. (default: all of the domain)")
    var families: [String] = []

    @Option(help: "1 easy, 2 medium, 3 hard. (default: mixed)")
    var difficulty: Int?

    @Option(name: .shortAndLong, help: ArgumentHelp("The JSONL file to write.", valueName: "file"))
    var output: String

    @OptionGroup var json: JSONOptions

    private struct Result: Encodable {
        let domain: Domain
        let count: Int
        let seed: UInt64
        let families: [String: Int]
        let letters: [String: Int]
        let output: String
    }

    func run() throws {
        let named = families, families = named.flatMap { $0.split(separator: ",").map(String.init) }
        if !named.isEmpty, families.isEmpty { throw ValidationError("--families names no family") }
        let questions = try QuestionGenerator.generate(
            domain: domain, count: count, seed: seed, families: families.isEmpty ? nil : families, difficulty: difficulty)
        try QuestionFile.write(questions, to: output)
        let result = Result(
            domain: domain, count: questions.count, seed: seed,
            families: Dictionary(questions.map { ($0.family ?? "", 1) }, uniquingKeysWith: +),
            letters: Dictionary(questions.map { ($0.answer.rawValue, 1) }, uniquingKeysWith: +), output: output)
        print("\(questions.count) \(domain) questions of \(result.families.count) families in \(output)")
        try json.write(result)
    }
}
