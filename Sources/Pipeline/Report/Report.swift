import Agents
import Distillation
import Evaluation
import Foundation
import Questions
import Tournaments

/// What a run came to: the content of `report.json`, from which `report.md` is written.
struct Report: Codable {
    struct Training: Codable {
        /// A domain, or "primer".
        var name: String
        var scale: Double
        var examples: Int
        var steps: Int
        var tokens: Int
        var seconds: Double
        var tokensPerSecond: Double
        var peakResidentBytes: Int?
        var firstLoss: Double
        var lastLoss: Double
        /// The parts of the loss over the last tenth of the steps.
        var final: LossParts?
    }
    struct Merge: Codable {
        var method: String
        var density: Double
        var sign: String
        var modules: Int
        var parameters: Int
        var signConflicts: Double
        var summary: String
    }
    /// Accuracies of one mode, without the single answers.
    struct Accuracy: Codable {
        struct Row: Codable {
            /// A domain, or "all".
            var name: String
            var base: Proportion
            /// First the base, second the specialist; nil for all domains together, which no specialist answers.
            var specialist: PairedComparison?
            var unified: PairedComparison
            /// What the unified adapter said.
            var letters: [String: Int]
        }
        var mode: TrainSettings.Mode
        var rows: [Row]

        init(_ accuracy: ModeAccuracy) throws {
            mode = accuracy.mode
            rows = accuracy.domains.map {
                Row(name: $0.domain.rawValue, base: $0.base, specialist: $0.specialist, unified: $0.unified, letters: $0.letters)
            }
            let all = Report.overall(accuracy)
            rows.append(Row(
                name: "all", base: all.first, specialist: nil, unified: all,
                letters: accuracy.domains.reduce(into: [:]) { $0.merge($1.letters, uniquingKeysWith: +) }))
        }
    }
    struct Match: Codable {
        var questions: Int
        var teams: [TeamResult]
        var winner: String?
        var decision: String
    }
    /// What the plan hopes for of the agents.
    struct Hopes: Codable {
        var questionSeconds: [Double]?
        var answerSeconds: [Double]?
        /// Share of generated questions that are correct by an independent check.
        var generatedCorrect: Double?
    }
    struct PhaseTime: Codable {
        var name: String
        var seconds: Double
        /// SHA-256 by file.
        var outputs: [String: String]
    }

    var recipe: String
    var model: String
    var verdict: String
    var version: String
    var torch: String
    var seed: UInt64
    var collection: [String: Collected]
    var labels: [String: LabelSummary]
    var training: [Training]
    var checks: [SpecialistCheck]
    var selection: Selection
    var merge: Merge
    var accuracy: [Accuracy]
    var agents: AgentsSummary
    var questions: [QuestionRecord]
    var answers: [AnsweredQuestion]
    var match: Match
    var targets: [TargetSettings]
    var hopes: Hopes
    var limits: Limits
    var phases: [PhaseTime]
    /// The whole recipe, flat, with every default filled in; nil in reports of earlier versions.
    var settings: [String: String]?
    /// SHA-256 of what came from outside the run folder.
    var inputs: [String: String]

    /// Base against unified adapter over the questions of all domains.
    static func overall(_ accuracy: ModeAccuracy) -> PairedComparison {
        PairedComparison(accuracy.domains.flatMap { domain in
            zip(domain.records[0].records, domain.records[2].records).map { ($0.correct, $1.correct) }
        })
    }

    /// The run in two sentences, by the last mode (reasoning before the letter, where both are measured).
    static func verdict(_ accuracy: [ModeAccuracy], name: String) throws -> String {
        guard let last = accuracy.last else { return "Nothing was measured." }
        let all = overall(last), specialists = last.findings(\.specialist)
        let proven = last.domains.map(\.domain).filter { specialists[$0]?.verdict == .better }
        let isVerdict = all.first.count >= PairedComparison.minimumQuestions
        let verb =
            switch all.verdict {
            case .better: isVerdict ? "is better than" : "is, as an indication, better than"
            case .worse: isVerdict ? "is worse than" : "is, as an indication, worse than"
            case .noEvidence: "cannot be told apart from"
            }
        let fewest = last.domains.map(\.base.count).min() ?? 0
        let weight = fewest < PairedComparison.minimumQuestions ? ", on \(fewest) questions each an indication" : ""
        return "On \(all.first.count) held-out questions the \(name) adapter \(verb) its base in \(last.mode.rawValue) mode: "
            + "\(ReportText.proportion(all.first)) → \(ReportText.proportion(all.second)), p = \(Text.pValue(all.p)). "
            + "\(proven.count) of \(last.domains.count) specialists are better than the base at p < 0.05 (Holm)"
            + (proven.isEmpty ? "." : "\(weight): \(proven.map(\.rawValue).joined(separator: ", ")).")
    }
}

extension ModeAccuracy {
    private enum Field: CodingKey { case mode, domains }

    /// - Throws: `DecodingError` where a domain stands twice.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        self.init(
            mode: try fields.decode(TrainSettings.Mode.self, forKey: .mode), domains: try fields.decode([DomainAccuracy].self, forKey: .domains))
        let twice = Dictionary(grouping: domains, by: \.domain).first { $0.value.count > 1 }
        if let twice {
            throw DecodingError.dataCorruptedError(forKey: .domains, in: fields, debugDescription: "\(twice.key) stands \(twice.value.count) times")
        }
    }

    /// What an adapter is worth beside the base in each domain, p-values corrected for each other.
    func findings(_ adapter: KeyPath<DomainAccuracy, PairedComparison>) -> [Domain: Finding] {
        Finding.family(
            Dictionary(uniqueKeysWithValues: domains.map { ($0.domain, $0[keyPath: adapter]) }), minimumQuestions: PairedComparison.minimumQuestions)
    }
}

extension DomainAccuracy {
    private enum Field: CodingKey { case domain, base, letters, specialist, unified, records }

    /// - Throws: `DecodingError` where the counts are not those of the answers beside them.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        self.init(
            domain: try fields.decode(Domain.self, forKey: .domain), base: try fields.decode(Proportion.self, forKey: .base),
            letters: try fields.decode([String: Int].self, forKey: .letters),
            specialist: try fields.decode(PairedComparison.self, forKey: .specialist),
            unified: try fields.decode(PairedComparison.self, forKey: .unified), records: try fields.decode([EvaluationResult].self, forKey: .records))
        func refuse(_ key: Field, _ reason: String) -> DecodingError {
            .dataCorruptedError(forKey: key, in: fields, debugDescription: "\(domain): \(reason)")
        }
        guard records.count == RunSections.measured.count else {
            throw refuse(.records, "the answers of \(records.count), not of base, specialist and unified adapter")
        }
        let shares = records.map(\.overall)
        for (key, found, wanted) in [
            (Field.base, [base], [shares[0]]), (.specialist, [specialist.first, specialist.second], [shares[0], shares[1]]),
            (.unified, [unified.first, unified.second], [shares[0], shares[2]]),
        ] where found != wanted {
            throw refuse(key, "its counts are not those of the answers")
        }
        guard letters.values.allSatisfy({ (0...base.count).contains($0) }) else { throw refuse(.letters, "more letters than questions, or fewer than none") }
    }
}

extension Finding {
    /// A comparison that belongs to no family.
    static func alone(_ pair: PairedComparison) -> Finding {
        family([0: pair], minimumQuestions: PairedComparison.minimumQuestions)[0]!
    }
}
