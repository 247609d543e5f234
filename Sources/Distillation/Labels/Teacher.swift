import Foundation
import Questions

/// A teacher in this process, which answers many askings in one batch.
public protocol Teacher: AnyObject {
    /// Who it is and how it is asked; goes into every label.
    var provenance: LabelProvenance { get }
    /// One answer for each asking, in their order.
    func answers(to askings: [Asking]) throws -> [TeacherAnswer]
}

extension Teacher {
    /// One label for each question, in their order. Each round of askings of all questions is one batch.
    public func labels(for questions: [Question]) throws -> [Label] {
        var cases = questions.map { LabelCase($0, rules: provenance.asking) }
        while true {
            let due = cases.indices.map { (number: $0, askings: cases[$0].next()) }.filter { !$0.askings.isEmpty }
            if due.isEmpty { return cases.map { $0.label(provenance) } }
            let askings = due.flatMap(\.askings)
            var answers = try answers(to: askings)[...]
            guard answers.count == askings.count else {
                throw DistillationError.badTeacher("it was asked \(askings.count) times and answered \(answers.count)")
            }
            for (number, asked) in due {
                cases[number].take(Array(answers.prefix(asked.count)))
                answers = answers.dropFirst(asked.count)
            }
        }
    }
}
