import Distillation
import Foundation
import Groundwork
import Questions
import Torch
import Transformers

enum Fixtures {
    static func data(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Distillation/\(name)"))
    }

    static func decode<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
        try JSONDecoder().decode(T.self, from: data(name))
    }
}

/// A folder that is gone when the test is.
final class Scratch {
    let path = NSTemporaryDirectory() + "retort-distillation-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Every byte is a token; four special ones above.
final class ByteCoder: ChatCoder {
    static let system = 256, user = 257, assistant = 258, end = 259

    func tokens(of text: String) -> [Int] { text.utf8.map(Int.init) }
    func text(of tokens: [Int]) -> String { String(decoding: tokens.filter { $0 < 256 }.map(UInt8.init), as: UTF8.self) }
    func bytes(of token: Int) -> [UInt8] { token < 256 ? [UInt8(token)] : [] }
    func isSpecial(_ token: Int) -> Bool { token >= 256 }
    var vocabularySize: Int { 260 }
    func prompt(system: String, user: String) throws -> [Int] {
        [Self.system] + tokens(of: system) + [Self.user] + tokens(of: user) + [Self.assistant]
    }
    func endOfTurn() throws -> Int { Self.end }
}

extension Question {
    /// A question whose right letter turns with the number.
    static func sample(_ number: Int, explanation: String? = "Because it is so.") -> Question {
        Question(
            id: "q\(number)", source: "test", subject: "sums", topic: "sums", domain: .math, question: "What is \(number) + 1?",
            choices: (0..<4).map { "\(number + 1 + $0 - number % 4)" }, answer: Letter.allCases[number % 4], explanation: explanation)
    }
}

/// The smallest language model with a gradient: logits(row) = table[token(row)] + bias, softmax, by hand.
final class BigramModel: GradientSource {
    let vocabulary: Int
    let table: Tensor
    let bias: Tensor
    let tableGradient: Tensor
    let biasGradient: Tensor
    /// Rows handed to the loss at once.
    let chunk: Int
    /// Makes the gradient of this pass infinite.
    var poisonedPass: Int?
    /// Loses the process, as it were, after so many passes.
    var lostAfter: Int?
    var passes = 0

    init(vocabulary: Int = 260, seed: UInt64 = 1, chunk: Int = 7) throws {
        self.vocabulary = vocabulary
        self.chunk = chunk
        var random = CounterRandom(seed: seed, phase: "toy")
        table = try Tensor((0..<vocabulary * vocabulary).map { _ in Float(random.normal() * 0.1) }, [vocabulary, vocabulary])
        bias = try .zeros([1, vocabulary])
        tableGradient = try .zeros([vocabulary, vocabulary])
        biasGradient = try .zeros([1, vocabulary])
    }

    var parameters: [(name: String, tensor: Tensor)] { [("table", table), ("bias", bias)] }
    var gradients: [Tensor] { [tableGradient, biasGradient] }
    var identity: [String: String] { ["model": "bigram"] }
    var notices: [String] { [] }

    func zeroGradients() throws {
        try tableGradient.zero_()
        try biasGradient.zero_()
    }

    func accumulate(_ batch: PackedExamples, dropout: TrainingPass.Dropout, loss: (Range<Int>, Tensor) throws -> Tensor) throws {
        if passes == lostAfter { throw Stop() }
        // A weak noise that depends on the step only, in the place of dropout: a resumed run must meet the same.
        var random = CounterRandom(seed: dropout.seed, phase: "noise", step: dropout.step)
        let noise = 1 + 0.1 * random.uniform()
        for start in stride(from: 0, to: batch.rows.count, by: chunk) {
            let rows = start..<min(start + chunk, batch.rows.count)
            let index = try Tensor(batch.rows[rows].map { Int64(batch.sequences.tokens[$0]) }, [rows.count])
            let logits = try table.rows(index).multiplied(by: noise).adding(bias)
            var gradient = try loss(rows, logits)
            if passes == poisonedPass { gradient = try gradient.divided(by: .scalar(0)) }
            let wide = try index.unsqueezed(1).expanded([rows.count, vocabulary]).contiguous()
            try tableGradient.scatterAdd_(0, wide, gradient.multiplied(by: noise))
            try biasGradient.copy_(biasGradient.adding(gradient.sum([0], keeping: true)))
        }
        passes += 1
    }

    func measure(_ batch: PackedExamples, loss: (Range<Int>, Tensor) throws -> Void) throws {
        let index = try Tensor(batch.rows.map { Int64(batch.sequences.tokens[$0]) }, [batch.rows.count])
        try loss(batch.rows.indices, table.rows(index).adding(bias))
    }

    func save(to folder: String) throws {
        let bytes = try table.floats() + bias.floats()
        try WholeFile.write(bytes.withUnsafeBytes { Data($0) }, to: folder + "/model.bin")
    }
}

enum ToyExamples {
    static func make(_ count: Int, teacher: Bool = true) throws -> [TrainingExample] {
        let builder = try ExampleBuilder(coder: ByteCoder())
        return try (0..<count).map { number in
            var random = CounterRandom(seed: 3, phase: "teacher", step: UInt64(number))
            let scores = (0..<4).map { _ in random.normal() }
            let logSum = log(scores.reduce(0) { $0 + exp($1) })
            return try builder.answering(
                .sample(number), reasoning: "Sum \(number).", teacher: teacher ? scores.map { $0 - logSum } : nil)
        }
    }
}

struct Stop: Error {}

extension Probe {
    /// Finds all well, until it loses the process at a step.
    static func losing(every steps: Int) -> Probe {
        Probe(every: steps) { step, _ in
            if step > 0 { throw Stop() }
            return .healthy
        }
    }
}

extension ProbeReading {
    static let healthy = ProbeReading(
        answers: (0..<20).map { Letter.allCases[$0 % 4] }, right: (0..<20).map { Letter.allCases[$0 % 4] }, wellFormed: 20, finished: 20,
        tokens: 12)
}
