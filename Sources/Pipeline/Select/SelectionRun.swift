import Checkpoints
import ContentHash
import Evaluation
import Foundation
import Groundwork
import Merging
import Questions

/// One run of a `MergeSelection`.
struct SelectionRun {
    /// Who answers: the base, an adapter at hand, or a merge that is yet to be made.
    private struct Contestant {
        let name: String
        let kind: SelectionReport.Kind
        /// Of its answers: the name with a hash of what they depend on.
        let key: String
        let folder: String?
        let candidate: MergeCandidate?
        let isBaseline: Bool
    }

    private let selection: MergeSelection
    private let cache: RecordCache<EvaluationRecord>
    private let questions: [Question]
    private let questionsHash: String
    private let output: String

    init(_ selection: MergeSelection) throws {
        guard !selection.specialists.isEmpty else { throw MergeError.noAdapters }
        self.selection = selection
        output = selection.output.count > 1 && selection.output.hasSuffix("/") ? String(selection.output.dropLast()) : selection.output
        let order = RaceOrder.of(selection.questions)
        questionsHash = try ContentHash.of(order.map(QuestionFile.line).joined(separator: "\n"))
        questions = Array(order.prefix(selection.budget ?? order.count))
        guard !questions.isEmpty else { throw EvaluationError.noQuestions }
        cache = RecordCache(folder: output + ".select", portion: 64) { record, index in
            index < order.count && record.fingerprint == order[index].fingerprint.description && record.logProbabilities.count == 4
        }
    }

    func run() throws -> SelectionReport {
        let owns = try selection.specialists.map(own)
        let folders = selection.specialists.map(\.folder) + selection.baselines
        let names = Self.names(folders)
        let ids = try folders.map(ModelIdentity.ofAdapter)
        let singles = folders.indices.map { index in
            Contestant(
                name: names[index], kind: index < owns.count ? .specialist : .adapter, key: key(names[index], ids[index]),
                folder: folders[index], candidate: nil, isBaseline: true)
        }
        let specialists = Array(singles.prefix(owns.count))
        let (possible, refused) = try possibleCandidates()

        let base = Contestant(name: "base", kind: .base, key: key("base", ""), folder: nil, candidate: nil, isBaseline: false)
        let baseRecords = try records(base, count: questions.count, title: "base")
        let gates = try zip(specialists, owns).map { specialist, own in
            try gate(specialist, own, baseRecords, records(specialist, count: questions.count, title: specialist.name))
        }
        let merged = gates.indices.filter { gates[$0].isMerged }
        let inputs = merged.map { MergeInput(folder: selection.specialists[$0].folder, weight: selection.specialists[$0].weight) }
        if merged.count < 2 { selection.say("\(merged.count == 1 ? "One specialist is" : "No specialist is") left, so there is nothing to merge.") }
        let startID = try selection.start.map(ModelIdentity.ofAdapter) ?? ""
        let parents = merged.map { "\(ids[$0]) \(selection.specialists[$0].weight)" }.joined(separator: "\n")
        let baselines = MergeCandidate.baselines + ["core:linear"]
        let merges = (merged.count < 2 ? [] : possible).map { candidate in
            let content = "\(candidate.settings)\n\(parents)\n\(candidate.isRelative ? startID : "")"
            return Contestant(
                name: candidate.name, kind: .merge, key: key(candidate.name, content), folder: nil, candidate: candidate,
                isBaseline: baselines.contains(candidate.name))
        }
        let rungs = try race(merges, inputs)
        let stayed = Set(rungs.last?.standings.map(\.name) ?? [])
        let last = [base] + singles + merges.filter { stayed.contains($0.name) }
        let finals = try last.map { ($0, try records($0, count: questions.count, title: $0.name)) }
        let (report, winner) = try judge(finals, tried: merges.count + singles.count, gates, refused, rungs)
        try write(winner, inputs, report, tried: (singles + merges).map(\.name))
        return report
    }

    // MARK: Who takes part

    /// The last part of each folder's name; the whole of it where two are alike.
    private static func names(_ folders: [String]) -> [String] {
        let short = folders.map { ($0 as NSString).lastPathComponent }
        return zip(folders, short).map { folder, name in
            short.count { $0 == name } > 1 || name == "base" ? folder : name
        }
    }

    private func key(_ name: String, _ content: String) -> String {
        let plain = name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_=.".contains($0)) ? $0 : "-" }
        return "\(String(plain.suffix(60)))-\(ContentHash.of([selection.model, selection.style, questionsHash, content].joined(separator: "\n")).prefix(12))"
    }

    private func own(_ specialist: MergeSelection.Specialist) throws -> String? {
        let known = Set(questions.map(\.domain.rawValue)).union(questions.map(\.subject))
        if let own = specialist.own {
            guard known.contains(own) else {
                throw SelectionError.unknownOwn(specialist: specialist.folder, name: own, known: known.sorted())
            }
            return own
        }
        let name = (specialist.folder as NSString).lastPathComponent
        return ([name] + name.split { "-_. ".contains($0) }.map(String.init)).first(where: known.contains)
    }

    /// The candidates that can merge the adapters, baselines first, and why the others cannot.
    private func possibleCandidates() throws -> (possible: [MergeCandidate], refused: [String: String]) {
        for folder in selection.baselines + [selection.start].compactMap({ $0 }) where Paths.areSame(folder, output) {
            throw SelectionError.outputIsInput(folder)
        }
        let inputs = selection.specialists.map { MergeInput(folder: $0.folder, weight: $0.weight) }
        let seed = selection.candidates.first?.settings.seed ?? 0
        var possible: [MergeCandidate] = [], refused: [String: String] = [:]
        var baselines: [MergeCandidate] = []
        for name in MergeCandidate.baselines {
            let candidate = try MergeCandidate(name, seed: seed)
            do {
                try candidate.check(inputs, start: nil, to: output)
                baselines.append(candidate)
            } catch MergeError.ranksDiffer where name == "linear" {
                baselines.append(try MergeCandidate("core:linear", seed: seed))
            }
        }
        for candidate in baselines + selection.candidates where !possible.contains(where: { $0.name == candidate.name }) {
            do {
                try candidate.check(inputs, start: selection.start, to: output)
                possible.append(candidate)
            } catch let error as MergeError where !selection.isStrict {
                refused[candidate.name] = "\(error)"
                selection.say("\(candidate.name) is not tried: \(error)")
            }
        }
        return (possible, refused)
    }

    private func gate(
        _ specialist: Contestant, _ own: String?, _ base: [EvaluationRecord], _ records: [EvaluationRecord]
    ) throws -> SelectionReport.Specialist {
        let pairs = zip(base, records).filter { own == nil || $0.0.domain.rawValue == own || $0.0.subject == own }
        let comparison = PairedComparison(pairs.map { ($0.correct, $1.correct) })
        let isBetter = SpecialistGate.isBetter(comparison)
        if isBetter {
            selection.say("\(specialist.name): on \(pairs.count) \(own ?? "held-out") questions \(comparison.sentence)")
        } else if selection.keepsAll {
            selection.say("\(specialist.name) stays in, as you wish: \(SpecialistGate.reason(comparison, questions: own ?? "held-out"))")
        } else {
            selection.say(SpecialistGate.warning(specialist.name, SpecialistGate.reason(comparison, questions: own ?? "held-out")))
        }
        return SelectionReport.Specialist(
            name: specialist.name, folder: specialist.folder ?? "", own: own, isMerged: isBetter || selection.keepsAll, againstBase: comparison)
    }

    // MARK: Asking and merging

    private func race(_ merges: [Contestant], _ inputs: [MergeInput]) throws -> [MergeRace.Rung] {
        guard !merges.isEmpty else { return [] }
        let byName = Dictionary(uniqueKeysWithValues: merges.map { ($0.name, $0) })
        let baselines = Set(merges.filter(\.isBaseline).map(\.name))
        let sizes = MergeRace.rungs(questions: questions.count, contestants: merges.count - baselines.count)
        return try MergeRace.run(merges.map(\.name), baselines: baselines, sizes: sizes) { name, rung, count in
            let contestant = byName[name]!
            return try records(contestant, count: count, title: "rung \(rung + 1) of \(sizes.count): \(name)") {
                try make(contestant, inputs)
            }
        } finished: { rung in
            selection.say("\n" + SelectionReport.text(rung) + "\n")
            for standing in rung.standings where !standing.stays {
                try? FileManager.default.removeItem(atPath: mergedFolder(byName[standing.name]!))
            }
        }
    }

    private func mergedFolder(_ contestant: Contestant) -> String { "\(cache.folder)/adapters/\(contestant.key)" }

    /// The merged adapter's folder; its report is what is written last.
    private func make(_ contestant: Contestant, _ inputs: [MergeInput]) throws -> String {
        let folder = mergedFolder(contestant)
        if let candidate = contestant.candidate, !FileManager.default.fileExists(atPath: "\(folder)/\(AdapterMerge.reportName)") {
            _ = try candidate.merge(inputs, start: selection.start, to: folder, threads: selection.threads)
        }
        return folder
    }

    private func records(
        _ contestant: Contestant, count: Int, title: String, adapter: (() throws -> String)? = nil
    ) throws -> [EvaluationRecord] {
        var examinee: MergeSelection.Examinee?
        var progress: Groundwork.Progress?
        return try cache.records(contestant.key, count: count) { range in
            let asked = try examinee ?? selection.examine(adapter?() ?? contestant.folder)
            let shown = progress ?? Groundwork.Progress(title, total: count, alreadyDone: range.lowerBound, unit: "questions")
            (examinee, progress) = (asked, shown)
            return try asked(Array(questions[range])) { shown.advance(to: range.lowerBound + $0) }
        }
    }

    // MARK: The end

    private func judge(
        _ finals: [(Contestant, [EvaluationRecord])], tried: Int, _ gates: [SelectionReport.Specialist], _ refused: [String: String],
        _ rungs: [MergeRace.Rung]
    ) throws -> (SelectionReport, Contestant) {
        let ranked = finals.map { (who: $0.0, score: RaceScore($0.1), records: $0.1) }
            .enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }.map(\.element)
        func best(_ which: (Contestant) -> Bool) -> (who: Contestant, score: RaceScore, records: [EvaluationRecord])? {
            ranked.first { which($0.who) }
        }
        guard let baseline = best(\.isBaseline), let specialist = best({ $0.kind == .specialist }),
            let single = best({ $0.kind == .specialist || $0.kind == .adapter }), let base = best({ $0.kind == .base })
        else { throw MergeError.noAdapters }
        func compare(_ first: [EvaluationRecord], _ second: [EvaluationRecord]) -> PairedComparison {
            PairedComparison(zip(first, second).map { ($0.correct, $1.correct) })
        }
        let merge = best { $0.kind == .merge }
        let winner = merge.flatMap { $0.score.correct > single.score.correct ? $0 : nil } ?? single
        let verdict = SelectionVerdict(
            winner: winner.who.name, single: single.who.name, merge: merge?.who.name,
            againstSingle: merge.map { .best(of: tried, compare(single.records, $0.records)) },
            againstBase: .best(of: tried, compare(base.records, winner.records)), tried: tried)
        let finalists = ranked.map { entry in
            SelectionReport.Finalist(
                name: entry.who.name, kind: entry.who.kind, isBaseline: entry.who.isBaseline,
                accuracy: Proportion(entry.score.correct, of: questions.count), logLikelihood: entry.score.logLikelihood,
                againstBaseline: entry.who.key == baseline.who.key ? nil : .best(of: tried, compare(baseline.records, entry.records)))
        }
        let report = SelectionReport(
            model: selection.model, style: selection.style, questions: questions.count, questionsHash: questionsHash, specialists: gates,
            refused: refused, rungs: rungs, finalists: finalists, bestBaseline: baseline.who.name, bestSpecialist: specialist.who.name,
            winner: winner.who.name, winnerKind: winner.who.kind, verdict: verdict.text)
        return (report, winner.who)
    }

    /// The adapter, then the reports: a folder with a `select.json` is complete.
    private func write(_ winner: Contestant, _ inputs: [MergeInput], _ report: SelectionReport, tried: [String]) throws {
        // A merge of one adapter at weight 1 is a copy, byte for byte.
        let folder = try winner.folder ?? make(winner, inputs)
        var merged = try AdapterMerge.run([MergeInput(folder: folder)], to: output, threads: selection.threads)
        if winner.candidate != nil {
            merged = try JSONDecoder().decode(MergeReport.self, from: WholeFile.read("\(folder)/\(AdapterMerge.reportName)"))
        }
        merged.choice = MergeReport.Choice(winner: winner.name, tried: tried, questions: questions.count, verdict: report.verdict)
        try merged.write(to: output)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try WholeFile.write(encoder.encode(report) + Data("\n".utf8), to: "\(output)/\(SelectionReport.fileName)")
        try? FileManager.default.removeItem(atPath: "\(cache.folder)/adapters")
    }
}
