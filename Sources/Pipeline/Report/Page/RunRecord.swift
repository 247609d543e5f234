import Agents
import Distillation
import Evaluation
import Foundation
import Groundwork
import Merging
import Questions
import Tournaments

/// Everything of a run folder that a report draws, as far as it is there: a run that was stopped has a report too.
struct RunRecord {
    /// What a file held, or why it cannot be drawn.
    enum Part<Value> {
        case there(Value)
        case absent(String)

        var value: Value? {
            if case .there(let value) = self { return value }
            return nil
        }

        var reason: String {
            if case .absent(let reason) = self { return reason }
            return ""
        }
    }

    /// What became of a domain's labels. Reasons are texts, so that those of other versions are shown as well.
    struct Labels: Decodable {
        struct Funnel: Decodable {
            var labels: Int
            var kept: Int
            var keptWithoutScores: Int?
            var dropped: [String: Int]?
        }
        var teacher: String
        /// Labels whose likeliest letter is the right one.
        var right: Int?
        var funnel: Funnel
    }

    let folder: RunFolder
    let manifest: Manifest
    let report: Part<Report>
    let labels: Part<[String: Labels]>
    let curves: [TrainingCurve]
    let selection: Part<Selection>
    let merge: Part<MergeReport>
    let accuracy: Part<[ModeAccuracy]>
    let agents: Part<AgentsSummary>
    let questions: Part<[QuestionRecord]>
    let answers: Part<[AnsweredQuestion]>
    let match: Part<MatchResult>
    /// The held-out questions by fingerprint.
    let heldOut: [String: Question]

    /// - Throws: `FileError` for a folder that no run has written to; `RunError.brokenManifest`.
    init(_ folder: RunFolder) throws {
        guard folder.exists(Manifest.fileName) else {
            throw FileError(
                path: folder.path, action: "report on",
                reason: "it has no \(Manifest.fileName); name the folder of a run, such as runs/NAME, of which a phase at least is done")
        }
        self.folder = folder
        manifest = try Manifest.read(folder, recipe: "")
        report = Self.part(Report.self, RunFiles.report, folder)
        labels = Self.part([String: Labels].self, RunFiles.funnel, folder)
        curves = TrainingCurve.all(in: folder)
        selection = Self.part(Selection.self, RunFiles.selection, folder)
        let merged = Self.subfolders(folder.path).first { folder.exists("\($0)/\(AdapterMerge.reportName)") }
        merge = merged.map { Self.part(MergeReport.self, "\($0)/\(AdapterMerge.reportName)", folder) }
            ?? .absent("No adapter has been merged yet: no folder of the run has a \(AdapterMerge.reportName).")
        accuracy = Self.part([ModeAccuracy].self, RunFiles.accuracy, folder)
        agents = Self.part(AgentsSummary.self, RunFiles.agents, folder)
        questions = Self.part([QuestionRecord].self, RunFiles.generatedQuestions, folder)
        answers = Self.part([AnsweredQuestion].self, RunFiles.answers, folder)
        match = Self.part(MatchResult.self, RunFiles.match, folder)
        let tests = Domain.allCases.map { RunFiles.questions($0, .test) }.filter(folder.exists)
        heldOut = Dictionary(
            tests.flatMap { (try? QuestionFile.read(folder.file($0))) ?? [] }.map { ($0.fingerprint.description, $0) },
            uniquingKeysWith: { first, _ in first })
    }

    var name: String { manifest.recipe.isEmpty ? (folder.path as NSString).lastPathComponent : manifest.recipe }

    /// The finished phases, but for the report itself, which is being written.
    var phases: [(name: String, entry: Manifest.Entry)] {
        manifest.inOrder.filter { $0.name != "report" }
    }

    var verdict: String {
        if let report = report.value { return report.verdict }
        if let accuracy = accuracy.value, let verdict = try? Report.verdict(accuracy, name: "unified") { return verdict }
        return folder.exists(RunFiles.accuracy) ? accuracy.reason : "Nothing has been measured yet: the phase validate is not done."
    }

    /// The way of asking that the verdict is about.
    var lastMode: ModeAccuracy? { accuracy.value?.last }

    private static func part<Value: Decodable>(_ type: Value.Type, _ file: String, _ folder: RunFolder) -> Part<Value> {
        guard folder.exists(file) else { return .absent("There is no \(file) in the run folder: the phase that writes it has not been run.") }
        do {
            return .there(try folder.readJSON(type, from: file))
        } catch {
            return .absent("\(file) cannot be understood: it is damaged, or another version of Retort wrote it.")
        }
    }

    static func subfolders(_ path: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.sorted().filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder) && isFolder.boolValue
        }
    }
}

extension RunRecord.Labels.Funnel {
    private enum Field: CodingKey { case labels, kept, keptWithoutScores, dropped }

    /// - Throws: `DecodingError` for counts that no labels have.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        self.init(
            labels: try fields.decode(Int.self, forKey: .labels), kept: try fields.decode(Int.self, forKey: .kept),
            keptWithoutScores: try fields.decodeIfPresent(Int.self, forKey: .keptWithoutScores),
            dropped: try fields.decodeIfPresent([String: Int].self, forKey: .dropped))
        // So few that their sum does not overflow.
        let counts = [labels, kept, keptWithoutScores ?? 0] + (dropped ?? [:]).values
        guard counts.allSatisfy({ (0...Int(Int32.max)).contains($0) }), (keptWithoutScores ?? 0) <= kept else {
            throw DecodingError.dataCorruptedError(forKey: .kept, in: fields, debugDescription: "\(counts) are no counts of labels")
        }
    }
}
