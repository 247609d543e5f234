import Foundation
import Questions

/// Every question asked four times, its choices moved on by one place each time, so that each of them stands once at each letter:
/// what a model knows moves with the choices, what it likes about a letter does not.
public struct Rotation: Codable, Sendable, Hashable {
    /// Accuracy with the choices moved by 0, 1, 2 and 3 places; the first is the ordinary one.
    public let rotations: [Proportion]
    /// Questions answered right in all four.
    public let consistentlyRight: Proportion
    /// Questions where the same choice was preferred in all four, right or wrong.
    public let consistent: Proportion
    /// Accuracy of the choice whose probability, mean over the four, is highest: the letters' likings cancel.
    public let averaged: Proportion
    /// How often each letter was said; each is right in a quarter of the askings.
    public let letters: [String: Int]
    /// Of the askings in which a letter is right, the share that said it.
    public let recalls: [String: Double]
    /// Standard deviation of the four recalls, in shares: 0 for no liking (Zheng et al. 2024).
    public let bias: Double

    enum CodingKeys: String, CodingKey {
        case rotations, consistent, averaged, letters, recalls, bias
        case consistentlyRight = "consistently_right"
    }

    /// The four askings of each question, one after another; the first keeps its id.
    public static func expand(_ questions: [Question]) -> [Question] {
        questions.flatMap { question in
            (0..<4).map { shift in
                var asked = question
                asked.id = shift == 0 ? question.id : "\(question.id)#\(shift)"
                asked.choices = (0..<4).map { question.choices[($0 + 4 - shift) % 4] }
                asked.answer = Letter.allCases[(question.answer.index + shift) % 4]
                return asked
            }
        }
    }

    /// The records of the unmoved askings.
    public static func unmoved(_ records: [EvaluationRecord]) -> [EvaluationRecord] {
        records.enumerated().filter { $0.offset.isMultiple(of: 4) }.map(\.element)
    }

    /// - Parameter records: of `expand`'s questions, in their order.
    public init(_ records: [EvaluationRecord]) {
        precondition(records.count.isMultiple(of: 4), "four askings a question")
        let questions = stride(from: 0, to: records.count, by: 4).map { Array(records[$0..<$0 + 4]) }
        rotations = (0..<4).map { shift in Proportion(questions.count { $0[shift].correct }, of: questions.count) }
        consistentlyRight = Proportion(questions.count { $0.allSatisfy(\.correct) }, of: questions.count)
        consistent = Proportion(questions.count { askings in
            Set(askings.enumerated().map { shift, record in (record.predicted.index + 4 - shift) % 4 }).count == 1
        }, of: questions.count)
        averaged = Proportion(questions.count { askings in
            let means = (0..<4).map { choice in
                askings.enumerated().reduce(Float(0)) { $0 + exp($1.element.logProbabilities[(choice + $1.offset) % 4]) }
            }
            return Letter.likeliest(means) == askings[0].answer
        }, of: questions.count)
        letters = Dictionary(uniqueKeysWithValues: Letter.allCases.map { letter in (letter.rawValue, records.count { $0.predicted == letter }) })
        let shares = Letter.allCases.map { letter in
            Double(records.count { $0.answer == letter && $0.correct }) / Double(max(1, questions.count))
        }
        recalls = Dictionary(uniqueKeysWithValues: zip(Letter.allCases.map(\.rawValue), shares))
        let mean = shares.reduce(0, +) / 4
        bias = (shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4).squareRoot()
    }

    /// Accuracy of each rotation and of all together, and what each letter was said for.
    public var table: String {
        func row(_ name: String, _ share: Proportion) -> [String] { [name, Text.percent(share.value), Text.interval(share)] }
        let rows = rotations.enumerated().map { row($0 == 0 ? "choices as they stand" : "moved by \($0)", $1) } + [
            row("right in all four", consistentlyRight), row("same choice in all four", consistent), row("right by mean probability", averaged),
        ]
        let said = Letter.allCases.map { letter in
            "\(letter) \(letters[letter.rawValue] ?? 0) (found \(Text.percent(recalls[letter.rawValue] ?? 0)))"
        }.joined(separator: ", ")
        return Text.table(["rotation", "share", "95 % interval"], rows)
            + "\nletters said: \(said); bias (deviation of the found shares) \(Text.points(bias)) points"
    }
}
