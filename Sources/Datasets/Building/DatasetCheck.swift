import ContentHash
import Foundation
import Groundwork
import Questions

/// What can be held against questions that are to be trained on: broken entries, the same question on two sides, questions of an
/// evaluation set, and files that are not what their manifest says.
public struct DatasetCheck: Codable, Sendable, Hashable {
    /// A question on one side that is the same, or nearly, as one on another.
    public struct Leak: Codable, Sendable, Hashable {
        public let first: String
        public let firstSide: String
        public let second: String
        public let secondSide: String
        public let isExact: Bool
    }

    public struct Contaminated: Codable, Sendable, Hashable {
        public let id: String
        public let evaluation: String
        public let kind: Contamination.Kind
    }

    /// Questions of each side: a split of a built folder, or a file.
    public let sides: [String: Int]
    public let drops: [Drop]
    /// What a built folder's manifest says and its files do not.
    public let differences: [String]
    public let leaks: [Leak]
    /// Pairs within a side.
    public let repeats: Int
    public let conflicts: Int
    public let contaminated: [Contaminated]
    public let evaluationQuestions: Int

    /// Nothing stands against training on these. Repeats within a side waste effort and spoil nothing.
    public var isClean: Bool {
        drops.isEmpty && differences.isEmpty && leaks.isEmpty && conflicts == 0 && contaminated.isEmpty
    }

    /// - Parameter paths: built folders and files.
    /// - Throws: `FileError`, `DatasetError` for what cannot be read at all; `Interrupted`.
    public static func run(
        _ paths: [String], against evaluationPaths: [String] = [], options: ReadingOptions = .standard, domains: DomainMap = .standard,
        progress: @escaping DatasetBuild.ProgressReport = { _, _, _ in }
    ) throws -> DatasetCheck {
        var questions: [Question] = [], sideOf: [String] = [], drops: [Drop] = [], differences: [String] = []
        func take(_ file: String, side: String) throws {
            let base = questions.count
            let intake = try Intake.read([file], options: options, domains: domains) { progress(.reading, base + $0, nil) }
            questions += intake.questions
            sideOf += intake.questions.map { _ in side }
            drops += intake.drops
        }
        for path in paths {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
                try take(path, side: path)
                continue
            }
            let report = try DatasetFolder.report(of: path)
            for domain in report.domains {
                for (name, part) in domain.splits.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                    let file = path + "/" + part.path
                    let before = questions.count
                    try take(file, side: name.rawValue)
                    let found = Array(questions[before...])
                    if found.count != part.questions {
                        differences.append("\(file) holds \(found.count) questions, the manifest says \(part.questions)")
                    }
                    if try ContentHash.ofFile(file) != part.sha256 { differences.append("\(file) has another hash than the manifest says") }
                    if Biases(found) != part.biases { differences.append("\(file) has other letters or lengths than the manifest says") }
                }
            }
            let card = String(decoding: try WholeFile.read(path + "/" + DatasetFolder.card), as: UTF8.self)
            if card != DatasetCard.text(of: report) { differences.append("\(path)/\(DatasetFolder.card) is not the card of the manifest") }
        }
        guard !questions.isEmpty else { throw DatasetError.nothingUsable(paths: paths) }
        let profiles = try Profile.profiles(of: questions)
        let conflicts = KeyConflicts(questions)
        let pairs = try NearDuplicates.find(among: profiles) { progress(.duplicates, $0, questions.count) }.pairs
        let leaks = pairs.filter { sideOf[$0.first] != sideOf[$0.second] }.map {
            Leak(
                first: questions[$0.first].id, firstSide: sideOf[$0.first], second: questions[$0.second].id, secondSide: sideOf[$0.second],
                isExact: $0.isExact)
        }
        var contaminated: [Contaminated] = [], evaluation = Intake()
        if !evaluationPaths.isEmpty {
            evaluation = try Intake.read(evaluationPaths, domains: domains, acceptsDamage: true) { progress(.evaluation, $0, nil) }
            guard !evaluation.questions.isEmpty else { throw DatasetError.nothingUsable(paths: evaluationPaths) }
            let total = questions.count + evaluation.questions.count
            let held = try Profile.profiles(of: evaluation.questions)
            contaminated = try Contamination.find(in: profiles, against: held) { progress(.contamination, $0, total) }
                .matches.map {
                    Contaminated(id: questions[$0.question].id, evaluation: evaluation.questions[$0.evaluation].id, kind: $0.kind)
                }
        }
        return DatasetCheck(
            sides: Dictionary(sideOf.map { ($0, 1) }, uniquingKeysWith: +), drops: drops, differences: differences, leaks: leaks,
            repeats: pairs.count - leaks.count, conflicts: questions.count { conflicts.other(than: $0) != nil },
            contaminated: contaminated, evaluationQuestions: evaluation.questions.count)
    }
}
