import ArgumentParser
import Checkpoints
import Foundation
import Groundwork
import Tokenizers

struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn texts into token ids and back, line by line.",
        discussion: """
            Reads one JSON string a line from standard input and writes one JSON array of ids a line; with --decode the reverse. \
            Special tokens inside a text are recognised, and none is added.
            """)

    @Option(help: "A GGUF file, a Hugging Face folder, or a repository id in the local Hugging Face cache.")
    var model: String

    @Flag(help: "Read arrays of ids, write texts.")
    var decode = false

    @Flag(help: "Take special tokens inside a text as plain text.")
    var plain = false

    @OptionGroup var json: JSONOptions

    private struct Result: Encodable {
        let model: String
        let lines: Int
        let tokens: Int
    }

    func run() throws {
        let tokenizer = try Tokenizer.load(from: Checkpoint.open(model))
        var number = 0, tokens = 0
        while let line = readLine(strippingNewline: true) {
            number += 1
            try Interruption.check()
            if decode {
                let ids = try read([Int].self, line, number, "an array of token ids such as [1, 2]")
                guard let wrong = ids.first(where: { $0 < 0 || $0 >= tokenizer.vocabularySize }) else {
                    tokens += ids.count
                    print(try JSONText.line(tokenizer.decode(ids)))
                    continue
                }
                throw LineError(number: number, reason: "\(wrong) is no token; the vocabulary has \(tokenizer.vocabularySize)")
            }
            let ids = tokenizer.encode(try read(String.self, line, number, "a JSON string such as \"text\""), specialTokens: !plain)
            tokens += ids.count
            print("[" + ids.map(String.init).joined(separator: ", ") + "]")
        }
        try json.write(Result(model: model, lines: number, tokens: tokens))
    }

    private func read<T: Decodable>(_ type: T.Type, _ line: String, _ number: Int, _ wanted: String) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(line.utf8))
        } catch {
            throw LineError(number: number, reason: "this is not \(wanted)")
        }
    }
}

/// A line that cannot be understood.
struct LineError: Error, CustomStringConvertible {
    var source = "standard input"
    let number: Int
    let reason: String
    var description: String { "\(source), line \(number): \(reason)" }
}
