import Foundation
import Groundwork
import Questions

/// What makes labels: the native engine here, servers elsewhere.
public protocol Teacher: AnyObject {
    /// Who it is and how it is asked; goes into every label.
    var provenance: LabelProvenance { get }
    /// One label for each question, in their order.
    func labels(for questions: [Question]) throws -> [Label]
}

/// Labels a set of questions into a file, continuing where an earlier run was stopped.
public struct Labelling {
    /// Questions handed to the teacher at once, and so lost at most when the process is killed.
    public var batch: Int

    public init(batch: Int = 16) { self.batch = max(1, batch) }

    /// - Returns: how many labels were made now.
    /// - Throws: `Interrupted` between two batches when the user asks to stop; what was made is on disk.
    @discardableResult
    public func run(
        _ questions: [Question], by teacher: any Teacher, into path: String, title: String = "labelling",
        isInterrupted: () -> Bool = { Interruption.isRequested }
    ) throws -> Int {
        let file = try LabelFile(continuing: path, provenance: teacher.provenance)
        var seen: Set<String> = []
        let missing = questions.filter { !file.contains($0.id) && seen.insert($0.id).inserted }
        let progress = Progress(title, total: questions.count, alreadyDone: questions.count - missing.count, unit: "questions")
        var right = 0, made = 0
        for first in stride(from: 0, to: missing.count, by: batch) {
            if isInterrupted() {
                try file.flush()
                throw Interrupted()
            }
            let part = Array(missing[first..<min(first + batch, missing.count)])
            let labels = try teacher.labels(for: part)
            guard labels.map(\.question.id) == part.map(\.id) else {
                throw DistillationError.badTeacher("it was asked \(part.count) questions and answered \(labels.count), or others")
            }
            for label in labels {
                if let flaw = label.flaw() { throw DistillationError.badTeacher("\(label.question.id): \(flaw)") }
                try file.append(label)
                made += 1
                if label.letter == label.question.answer { right += 1 }
            }
            progress.advance(by: part.count, note: "\(right) of \(made) right")
        }
        try file.flush()
        return made
    }
}
