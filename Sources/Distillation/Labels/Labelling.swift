import Foundation
import Groundwork
import Questions

/// Labels a set of questions into a file, continuing where an earlier run was stopped.
public struct Labelling: Sendable {
    /// Questions handed to a teacher in this process at once, and so lost at most when the process is killed.
    public var batch: Int
    public var title: String
    /// Where notices go; standard error unless set.
    public var notice: @Sendable (String) -> Void = { Console.note($0) }
    var isInterrupted: @Sendable () -> Bool

    public init(
        batch: Int = 16, title: String = "labelling", isInterrupted: @escaping @Sendable () -> Bool = { Interruption.isRequested }
    ) {
        self.batch = max(1, batch)
        self.title = title
        self.isInterrupted = isInterrupted
    }

    /// What stands between the questions and the file.
    private final class Work {
        let file: LabelFile
        let reader: QuestionSource.Reader
        let progress: Groundwork.Progress
        private var seen: Set<String> = []
        private(set) var made = 0
        private var right = 0
        private var leftOut = 0
        private let notice: @Sendable (String) -> Void
        private static let mostNotices = 10

        init(_ source: QuestionSource, _ path: String, _ provenance: LabelProvenance, _ settings: Labelling) throws {
            notice = settings.notice
            let file = try LabelFile(continuing: path, provenance: provenance)
            self.file = file
            var total = 0, known = 0
            var ids: Set<String> = []
            try source.forEach { question in
                guard ids.insert(question.id).inserted else { return }
                total += 1
                if file.contains(question.id) { known += 1 }
            }
            reader = try source.open()
            progress = Groundwork.Progress(settings.title, total: total, alreadyDone: known, unit: "questions")
        }

        /// The next question without a label.
        func next() throws -> Question? {
            while let question = try reader.next() {
                if !file.contains(question.id), seen.insert(question.id).inserted { return question }
            }
            return nil
        }

        func append(_ label: Label) throws {
            if let flaw = label.flaw() { throw DistillationError.badTeacher("\(label.question.id): \(flaw)") }
            try file.append(label)
            made += 1
            if label.firstLetter == label.question.answer { right += 1 }
            progress.advance(note: "\(right) of \(made) right")
        }

        /// A question that gets no label now; the same command asks it again.
        func leaveOut(_ question: Question, _ reason: String) {
            leftOut += 1
            if leftOut <= Self.mostNotices { notice("\(question.id) gets no label: \(reason)") }
            progress.advance(note: "\(right) of \(made) right, \(leftOut) refused")
        }
    }

    /// Labels with a teacher in this process.
    /// - Returns: how many labels were made now.
    /// - Throws: `Interrupted` between two batches when the user asks to stop; what was made is on disk.
    @discardableResult
    public func run(_ source: QuestionSource, by teacher: any Teacher, into path: String) throws -> Int {
        let work = try Work(source, path, teacher.provenance, self)
        while true {
            var part: [Question] = []
            while part.count < batch, let question = try work.next() { part.append(question) }
            if part.isEmpty { break }
            if isInterrupted() {
                try work.file.flush()
                throw Interrupted()
            }
            for label in try teacher.labels(for: part) { try work.append(label) }
        }
        try work.file.flush()
        return work.made
    }

    /// Labels with a teacher that converses, as many questions side by side as it has slots. Labels are written as they come.
    /// - Returns: how many labels were made now.
    /// - Throws: `Interrupted` as soon as the user asks to stop; finished labels are on disk.
    @discardableResult
    public func run(_ source: QuestionSource, by teacher: RespondentTeacher, into path: String) async throws -> Int {
        let work = try Work(source, path, teacher.provenance, self)
        do {
            try await BoundedRun.run(
                atOnce: teacher.respondent.slots, isInterrupted: isInterrupted, next: { try work.next() },
                work: { try await teacher.finish($0) },
                take: { outcome in
                    switch outcome {
                    case .label(let label): try work.append(label)
                    case .refused(let question, let reason): work.leaveOut(question, reason)
                    }
                })
        } catch {
            try work.file.flush()
            throw error
        }
        try work.file.flush()
        return work.made
    }
}

/// Where questions come from: memory, or a file that is read as it is needed.
public enum QuestionSource: Sendable {
    case questions([Question])
    /// The first `limit` of a file.
    case file(String, limit: Int = .max)

    final class Reader {
        private var rest: ArraySlice<Question> = []
        private let file: QuestionFile.Reader?
        private var left: Int

        init(_ source: QuestionSource) throws {
            switch source {
            case .questions(let questions):
                rest = questions[...]
                file = nil
                left = questions.count
            case .file(let path, let limit):
                file = try QuestionFile.Reader(path)
                left = limit
            }
        }

        func next() throws -> Question? {
            guard left > 0 else { return nil }
            left -= 1
            return try file?.next() ?? rest.popFirst()
        }
    }

    func open() throws -> Reader { try Reader(self) }

    public func forEach(_ body: (Question) throws -> Void) throws {
        switch self {
        case .questions(let questions): try questions.forEach(body)
        case .file(let path, let limit): try QuestionFile.forEach(path, limit: limit, body)
        }
    }
}
