import Agents
import Evaluation
import Foundation
import Groundwork
import Questions

/// A team that is run as a tournament runs a submission: two Python modules in a folder, which write their replies to a file.
///
///     python -m agents.question_agent --output_file outputs/questions.json --num_questions N --verbose
///     python -m agents.answer_agent --input_file outputs/filtered_questions.json --output_file outputs/answers.json --verbose
///
/// Each run happens in a scratch folder in which everything of the team's folder is linked but `outputs`, so the folder itself is not
/// written to. Topics are those of its own `assets/topics.json`; where it has none, the tournament's are put there.
///
/// What counts as a reply's time is its own `seconds` (or `time`) where the output's object has one; else the whole run, the start of
/// Python and the loading of the model included, less `startup`, divided by the number of replies asked for. A run that takes twice
/// the time that all its replies may take, and a minute and `startup` on top, is killed with all its processes.
public final class ExternalTeam: QuestionAsking, QuestionAnswering, LogKeeping {
    public let name: String
    private let team: TeamDescription.CommandTeam
    private let folder: String
    private let python: String
    public private(set) var log: String?

    /// Of standard error that is kept, in characters.
    private static let tail = 4_000
    private let grace: Double

    /// - Parameter grace: seconds before a run is killed, on top of what it may take.
    /// - Throws: `TournamentError.external` if there is no such team in the folder, or no Python.
    public init(name: String, _ team: TeamDescription.CommandTeam, grace: Double = 60) throws {
        self.name = name
        self.grace = grace
        self.team = team
        folder = URL(fileURLWithPath: team.folder).standardizedFileURL.path
        for module in ["question_agent", "answer_agent"] where !FileManager.default.fileExists(atPath: "\(folder)/agents/\(module).py") {
            throw TournamentError.external(team: name, reason: "\(folder) has no agents/\(module).py; cmd:DIR names a submission's folder")
        }
        let given = team.python.map { $0.contains("/") ? URL(fileURLWithPath: $0).path : $0 }
        guard let python = (given.map { [$0] } ?? ["python", "python3"]).first(where: Self.isProgram) else {
            throw TournamentError.external(team: name, reason: "there is no \(given ?? "python or python3") to run it; name one: cmd:DIR,python=PROGRAM")
        }
        self.python = python
    }

    private static func isProgram(_ name: String) -> Bool {
        if name.contains("/") { return FileManager.default.isExecutableFile(atPath: name) }
        return (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    public func ask(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64) throws -> [QuestionRecord] {
        let run = try run(
            "question_agent", ["--output_file", "outputs/questions.json", "--num_questions", "\(count)", "--verbose"], replies: count,
            deadline: deadline, output: "questions.json"
        ) { scratch in
            // In one of its own, since the folder may be a link.
            guard !FileManager.default.fileExists(atPath: scratch + "/assets/topics.json") else { return }
            try WholeFile.makeFolder(scratch + "/assets")
            let areas = Dictionary(grouping: topics, by: \.area).mapValues { $0.map(\.topic) }
            try WholeFile.write(JSONEncoder().encode(areas), to: scratch + "/assets/topics.json")
        }
        return run.replies.prefix(count).map { reply in
            let question = Reply.question(reply.text)
            return QuestionRecord(
                area: "", topic: question?.topic ?? "", output: reply.text, question: question, seconds: reply.seconds,
                isLate: deadline.map { .seconds(reply.seconds) > $0 } ?? false)
        }
    }

    public func answer(_ questions: [Question], deadline: Duration?, seed: UInt64) throws -> [AnswerRecord] {
        guard !questions.isEmpty else { return [] }
        let run = try run(
            "answer_agent", ["--input_file", "outputs/filtered_questions.json", "--output_file", "outputs/answers.json", "--verbose"],
            replies: questions.count, deadline: deadline, output: "answers.json"
        ) { scratch in
            // Whoever answers does not get the answer.
            let open = questions.map { AgentQuestion($0) }.map { OpenQuestion(topic: $0.topic, question: $0.question, choices: $0.choices) }
            try WholeFile.write(JSONEncoder().encode(open), to: scratch + "/outputs/filtered_questions.json")
        }
        return zip(questions, run.replies).compactMap { question, reply in
            guard !reply.text.isEmpty else { return nil }
            return AnswerRecord(
                questionID: question.id, output: reply.text, answer: Reply.answer(reply.text), seconds: reply.seconds,
                isLate: deadline.map { .seconds(reply.seconds) > $0 } ?? false)
        }
    }

    private struct OpenQuestion: Encodable {
        let topic: String
        let question: String
        let choices: [String]
    }

    /// One reply of an output file; an empty text where there is none in its place.
    package struct Output {
        package let text: String
        package let seconds: Double
    }

    private func run(
        _ module: String, _ arguments: [String], replies: Int, deadline: Duration?, output: String, prepare: (String) throws -> Void
    ) throws -> (replies: [Output], seconds: Double) {
        let place = NSTemporaryDirectory() + "retort-team-\(UUID().uuidString)"
        let scratch = place + "/run"
        defer { try? FileManager.default.removeItem(atPath: place) }
        try makeScratch(scratch)
        try prepare(scratch)
        try WholeFile.write(Data(), to: place + "/input")
        let limit = deadline.map { $0 / .seconds(1) * Double(replies) * 2 + grace + team.startup } ?? 86_400
        let start = ContinuousClock.now
        let ending = try ProcessGroup.run(
            ["env", "-C", scratch, "PYTHONDONTWRITEBYTECODE=1", python, "-m", "agents.\(module)"] + arguments, folder: place, seconds: limit)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let errors = String(decoding: FileManager.default.contents(atPath: place + "/errors") ?? Data(), as: UTF8.self)
        log = errors.isEmpty ? nil : String(errors.suffix(Self.tail))
        let last = errors.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
        switch ending {
        case .outOfTime: throw TournamentError.external(team: name, reason: "agents.\(module) was killed after \(Int(limit)) s\(last)")
        case .exit(let code) where code != 0:
            throw TournamentError.external(team: name, reason: "agents.\(module) ended with exit code \(code)\(last)")
        case .exit, .outOfMemory, .tooManyProcesses: break  // no ceiling was given
        }
        guard let data = FileManager.default.contents(atPath: "\(scratch)/outputs/\(output)") else {
            throw TournamentError.external(team: name, reason: "agents.\(module) wrote no outputs/\(output)\(last)")
        }
        let share = max(0, seconds - team.startup) / Double(max(1, replies))
        guard let read = Self.read(data, share: share, keys: module == "answer_agent" ? ["answer"] : ["question", "choices"]) else {
            throw TournamentError.external(team: name, reason: "agents.\(module)'s outputs/\(output) is no JSON array")
        }
        return (read, seconds)
    }

    /// A folder in which all of the team's is linked but `outputs`.
    private func makeScratch(_ scratch: String) throws {
        try WholeFile.makeFolder(scratch + "/outputs")
        do {
            for entry in try FileManager.default.contentsOfDirectory(atPath: folder) where entry != "outputs" {
                if entry == "assets" {
                    try WholeFile.makeFolder(scratch + "/assets")
                    for asset in try FileManager.default.contentsOfDirectory(atPath: folder + "/assets") {
                        try FileManager.default.createSymbolicLink(
                            atPath: "\(scratch)/assets/\(asset)", withDestinationPath: "\(folder)/assets/\(asset)")
                    }
                } else {
                    try FileManager.default.createSymbolicLink(atPath: "\(scratch)/\(entry)", withDestinationPath: "\(folder)/\(entry)")
                }
            }
        } catch let error as CocoaError {
            throw FileError(path: scratch, action: "link \(folder) into", reason: error.localizedDescription)
        }
    }

    /// The elements of an output file: objects, or texts with an object in them.
    /// - Parameter share: the seconds of a reply that does not tell its own.
    package static func read(_ data: Data, share: Double, keys: [String]) -> [Output]? {
        guard let list = (try? JSONSerialization.jsonObject(with: data)) as? [Any] else { return nil }
        return list.map { element in
            if let fields = element as? [String: Any] {
                let own = ["seconds", "time"].lazy.compactMap { fields[$0] as? Double }.first { $0.isFinite && $0 >= 0 }
                let text = (try? JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys, .withoutEscapingSlashes]))
                return Output(text: text.map { String(decoding: $0, as: UTF8.self) } ?? "", seconds: own ?? share)
            }
            let text = element as? String ?? ""
            return Output(text: JSONInText.object(in: text, with: keys) ?? text, seconds: share)
        }
    }
}
