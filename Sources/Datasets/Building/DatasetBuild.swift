import ContentHash
import Foundation
import Groundwork
import Questions

/// What a build is to make.
public struct BuildSettings: Sendable {
    public var domains: [Domain] = Domain.specialist
    /// Training questions a domain; a domain that is not named takes everything there is.
    public var sizes: [Domain: Int] = BuildSettings.planSizes
    public var validation = 0.05
    public var test = 0.05
    public var seed: UInt64 = 1
    public var balancesLetters = true
    /// Licence by file name, with or without its endings.
    public var licences: [String: String] = [:]

    /// The reference plan's sizes.
    public static let planSizes: [Domain: Int] = [.math: 15_000, .code: 8_000, .stem: 13_000, .humanities: 24_000]

    public init() {}
}

/// Reads, cleans, deduplicates, decontaminates, splits and balances; then writes everything at once.
public struct DatasetBuild {
    public enum Stage: String, Sendable {
        case reading, evaluation, contamination, duplicates
    }
    /// Called with the stage, what is done, and the whole where it is known.
    public typealias ProgressReport = (Stage, Int, Int?) -> Void

    private let settings: BuildSettings
    private let report: ProgressReport
    private var files: [SourceFile] = []
    private var evaluation = Intake()
    private var evaluationProfiles: [Profile] = []
    private var drops: [Drop] = []
    private var contamination: [Contamination.Kind: Int] = [:]
    private var renamed = 0

    public init(_ settings: BuildSettings, progress: @escaping ProgressReport = { _, _, _ in }) {
        self.settings = settings
        report = progress
    }

    /// - Parameter folder: opened by `DatasetFolder`; stays as it was unless everything succeeds.
    public mutating func run(
        _ paths: [String], against evaluationPaths: [String], options: ReadingOptions, domains: DomainMap, into folder: DatasetFolder
    ) throws -> DatasetReport {
        let intake = try Intake.read(paths, options: options, domains: domains) { report(.reading, $0, nil) }
        (files, drops, renamed) = (intake.files, intake.drops, intake.renamed)
        var pool = zip(zip(intake.questions, try Profile.profiles(of: intake.questions)), intake.origins).map {
            Pooled(question: $0.0, profile: $0.1, origin: $1)
        }
        guard !pool.isEmpty else { throw DatasetError.nothingUsable(paths: paths) }
        let wanted = settings.domains
        pool = drop(from: pool) { wanted.contains($0.domain) ? nil : (.otherDomain, $0.domain.rawValue) }
        pool = dropConflicts(from: pool)
        if !evaluationPaths.isEmpty {
            evaluation = try Intake.read(evaluationPaths, domains: domains, acceptsDamage: true) { report(.evaluation, $0, nil) }
            guard !evaluation.questions.isEmpty else { throw DatasetError.nothingUsable(paths: evaluationPaths) }
            evaluationProfiles = try Profile.profiles(of: evaluation.questions)
        }
        pool = try settled(pool)
        divide(&pool)
        let (cut, available) = limited(pool)
        if cut.count < pool.count { pool = try settled(cut) }
        return try write(pool, available: available, to: folder)
    }

    private struct Pooled {
        let question: Question
        let profile: Profile
        let origin: Int
        var split = SplitName.train
    }

    private mutating func drop(from pool: [Pooled], where reason: (Question) -> (DropReason, String?)?) -> [Pooled] {
        pool.filter { item in
            guard let (reason, detail) = reason(item.question) else { return true }
            drops.append(Drop(file: files[item.origin].path, place: nil, id: item.question.id, reason: reason, detail: detail))
            return false
        }
    }

    /// The same text with the same choices and different answers: one of them is wrong, and nothing tells which.
    private mutating func dropConflicts(from pool: [Pooled]) -> [Pooled] {
        let conflicts = KeyConflicts(pool.lazy.map(\.question))
        return drop(from: pool) { question in conflicts.other(than: question).map { (.conflictingKeys, "another answer in \($0)") } }
    }

    /// Without evaluation questions and near-duplicates. How much a word says depends on the collection, so what is left is looked
    /// through again until nothing more goes: a check of the finished folder sees what was seen here.
    private mutating func settled(_ pool: [Pooled]) throws -> [Pooled] {
        var pool = pool
        for _ in 0..<5 {
            let before = pool.count
            if !evaluation.questions.isEmpty { pool = try dropContaminated(from: pool) }
            pool = try dropDuplicates(from: pool)
            if pool.count == before { break }
        }
        return pool
    }

    private mutating func dropContaminated(from pool: [Pooled]) throws -> [Pooled] {
        let total = pool.count + evaluation.questions.count
        let found = try Contamination.find(in: pool.map(\.profile), against: evaluationProfiles) { report(.contamination, $0, total) }
        var reasons: [String: String] = [:]
        for match in found.matches {
            contamination[match.kind, default: 0] += 1
            reasons[pool[match.question].question.id] = "\(match.kind.words): \(evaluation.questions[match.evaluation].id)"
        }
        return drop(from: pool) { question in reasons[question.id].map { (.contaminated, $0) } }
    }

    private mutating func dropDuplicates(from pool: [Pooled]) throws -> [Pooled] {
        let found = try NearDuplicates.find(among: pool.map(\.profile)) { report(.duplicates, $0, pool.count) }
        var reasons: [String: (DropReason, String?)] = [:]
        for (index, pair) in found.dropped(of: pool.count) {
            reasons[pool[index].question.id] = (pair.isExact ? .duplicate : .nearDuplicate, pool[pair.first].question.id)
        }
        return drop(from: pool) { reasons[$0.id] }
    }

    // MARK: Dividing and writing

    private func divide(_ pool: inout [Pooled]) {
        let names = StratifiedSplit.assign(
            pool.map(\.question), groups: Array(pool.indices), validation: settings.validation, test: settings.test, seed: settings.seed)
        for (index, name) in names.enumerated() { pool[index].split = name }
    }

    /// Training cut to the domains' sizes, and how much there was of each domain before.
    private mutating func limited(_ pool: [Pooled]) -> (pool: [Pooled], available: [Domain: Int]) {
        let train = Dictionary(grouping: pool.filter { $0.split == .train }.map(\.question), by: \.domain)
        var spare: [String: Int] = [:]
        for (domain, questions) in train {
            guard let size = settings.sizes[domain], questions.count > size else { continue }
            let chosen = StratifiedSplit.limit(questions, to: size, seed: settings.seed)
            for index in questions.indices where !chosen.contains(index) { spare[questions[index].id] = size }
        }
        return (drop(from: pool) { question in spare[question.id].map { (.beyondSize, "\($0)") } }, train.mapValues(\.count))
    }

    private func write(_ pool: [Pooled], available: [Domain: Int], to folder: DatasetFolder) throws -> DatasetReport {
        var kept = [Int](repeating: 0, count: files.count)
        var flags: [QuestionFlag: Int] = [:]
        for item in pool {
            kept[item.origin] += 1
            for flag in item.question.flags { flags[flag, default: 0] += 1 }
        }
        let parts = try settings.domains.map { domain in
            try Interruption.check()
            return try write(pool.filter { $0.question.domain == domain }, of: domain, available: available[domain] ?? 0, to: folder)
        }
        let bySource = Dictionary(grouping: drops, by: \.file)
        let sources = zip(files, kept).map { file, count in
            DatasetReport.Source(
                file: file, licence: licence(of: file.path), kept: count,
                drops: Dictionary((bySource[file.path] ?? []).map { ($0.reason, 1) }, uniquingKeysWith: +))
        }
        let result = DatasetReport(
            seed: settings.seed, validationShare: settings.validation, testShare: settings.test,
            lettersBalanced: settings.balancesLetters, sources: sources, evaluation: evaluation.files,
            entries: files.reduce(0) { $0 + $1.entries }, kept: kept.reduce(0, +),
            drops: Dictionary(drops.map { ($0.reason, 1) }, uniquingKeysWith: +), contamination: contamination, flags: flags,
            renamedIds: renamed, domains: parts)
        try folder.finish(result, drops: drops)
        return result
    }

    private func write(_ pool: [Pooled], of domain: Domain, available: Int, to folder: DatasetFolder) throws -> DatasetReport.DomainPart {
        var splits: [SplitName: DatasetReport.Part] = [:]
        var subjects: [String: [SplitName: Int]] = [:]
        var orderKept = 0
        for name in SplitName.allCases {
            var questions = pool.filter { $0.split == name }.map(\.question)
            if questions.isEmpty, name != .train { continue }
            if settings.balancesLetters {
                let balanced = LetterBalance.balanced(questions, seed: settings.seed, purpose: "\(domain)/\(name.rawValue)")
                questions = balanced.questions
                orderKept += balanced.kept
            }
            for question in questions { subjects[question.subject, default: [:]][name, default: 0] += 1 }
            let path = "\(domain)/\(name.rawValue).jsonl"
            splits[name] = DatasetReport.Part(
                path: path, sha256: try folder.write(questions, to: path), questions: questions.count, biases: Biases(questions))
        }
        return DatasetReport.DomainPart(
            domain: domain, wanted: settings.sizes[domain], available: available, splits: splits, subjects: subjects,
            biasesBefore: Biases(pool.map(\.question)), orderKept: orderKept)
    }

    private func licence(of path: String) -> String? {
        settings.licences[(path as NSString).lastPathComponent] ?? settings.licences[RecordReader.stem(of: path)] ?? settings.licences[path]
    }
}
