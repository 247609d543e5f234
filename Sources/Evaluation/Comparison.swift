import Questions

/// What a paired comparison amounts to, seen beside the others that were made with it.
public struct Finding: Codable, Sendable, Hashable {
    public let pair: PairedComparison
    /// The 95 % percentile interval of the bootstrap over questions, of the second's accuracy minus the first's. See `interval`.
    public let bootstrap: ClosedRange<Double>
    /// McNemar's p after Holm's correction for its family, all domains or all subjects, or Bonferroni's among what was tried. The whole stands alone.
    public let correctedP: Double
    /// Of the second against the first, by the corrected p.
    public let verdict: PairedComparison.Verdict
    /// The verdict as it may be pronounced: "better", "worse", "no evidence", "indication (better)".
    public let word: String
    /// Questions it takes to see a difference as large as the observed one with a chance of 80 %, where it alone is looked at; nil where there is none.
    public let questionsNeeded: Int?

    enum CodingKeys: String, CodingKey {
        case pair, bootstrap, verdict, word
        case correctedP = "p_corrected"
        case questionsNeeded = "questions_needed"
    }

    /// - Parameter tellsNeed: whether p stands at the level for which `questionsNeeded` is reckoned.
    init(_ pair: PairedComparison, correctedP: Double, minimumQuestions: Int, tellsNeed: Bool = true) {
        self.pair = pair
        self.correctedP = correctedP
        let (lost, gained, count) = (pair.onlyFirst, pair.onlySecond, pair.first.count)
        bootstrap = Statistics.bootstrapInterval(onlyFirst: lost, onlySecond: gained, of: count)
        verdict = .init(p: correctedP, difference: gained - lost)
        word = verdict.word(questions: count, minimum: minimumQuestions)
        questionsNeeded = tellsNeed ? Statistics.questionsNeeded(onlyFirst: lost, onlySecond: gained, of: count) : nil
    }

    /// A family of comparisons, p-values corrected for each other.
    public static func family<Key: Hashable>(_ pairs: [Key: PairedComparison], minimumQuestions: Int) -> [Key: Finding] {
        let keys = Array(pairs.keys)
        let corrected = Statistics.holm(keys.compactMap { pairs[$0]?.p })
        return Dictionary(uniqueKeysWithValues: zip(keys, corrected).compactMap { key, p in
            pairs[key].map { (key, Finding($0, correctedP: p, minimumQuestions: minimumQuestions)) }
        })
    }

    /// One that was chosen as the best of `tried` by these very questions: p times their number (Bonferroni), since each had its chance to look good.
    public static func best(of tried: Int, _ pair: PairedComparison, minimumQuestions: Int = PairedComparison.minimumQuestions) -> Finding {
        Finding(pair, correctedP: min(1, pair.p * Double(max(1, tried))), minimumQuestions: minimumQuestions, tellsNeed: tried <= 1)
    }

    /// Whether questions were both gained and lost. Resamples hold only what was seen: without one of the two the bootstrap cannot
    /// cross 0, and without both it has no width, on three questions as on three thousand.
    public var isResampled: Bool { pair.onlyFirst > 0 && pair.onlySecond > 0 }

    /// The 95 % interval to look at: the bootstrap's where it means something, otherwise that for matched pairs (Agresti and Min 2005).
    public var interval: ClosedRange<Double> { isResampled ? bootstrap : pair.lower...pair.upper }

    /// The interval under the heading "bootstrap", with its name where it is the other one.
    var intervalText: String { (isResampled ? "" : "matched pairs ") + Text.range(interval) }

    /// "41.0 % → 63.5 % (+22.5, bootstrap +13.2 to +31.1), p = 0.00021: better", and what more questions would show.
    public var sentence: String {
        var text = "\(Text.percent(pair.first.value)) → \(Text.percent(pair.second.value)) (\(Text.signedPoints(pair.difference)), "
            + "\(isResampled ? "bootstrap " : "")\(intervalText)), p = \(Text.pValue(correctedP)): \(word)"
        if verdict == .noEvidence, let questionsNeeded {
            text += "; a difference of this size shows on about \(questionsNeeded) questions"
        } else if word != verdict.rawValue {
            text += ", as there are only \(pair.first.count) questions"
        }
        return text
    }
}

/// Two results on the same questions, paired question by question.
public struct Comparison: Codable, Sendable, Hashable {
    public let overall: Finding
    public let domains: [String: Finding]
    public let subjects: [String: Finding]
    /// Questions a verdict takes.
    public let minimumQuestions: Int

    enum CodingKeys: String, CodingKey {
        case overall, domains, subjects
        case minimumQuestions = "minimum_questions"
    }

    /// - Parameter minimumQuestions: on fewer a difference is called an indication.
    /// - Throws: `EvaluationError.differentQuestions` unless both results hold the same questions in the same order.
    public init(
        first: EvaluationResult, second: EvaluationResult, minimumQuestions: Int = PairedComparison.minimumQuestions
    ) throws {
        guard first.records.count == second.records.count else {
            throw EvaluationError.differentQuestions("\(first.records.count) and \(second.records.count) questions")
        }
        let pairs = Array(zip(first.records, second.records))
        for (left, right) in pairs
        where left.id != right.id || left.fingerprint != right.fingerprint || left.answer != right.answer {
            throw EvaluationError.differentQuestions("\(left.id) against \(right.id)")
        }
        func compare(_ pairs: [(EvaluationRecord, EvaluationRecord)]) -> PairedComparison {
            PairedComparison(pairs.map { ($0.0.correct, $0.1.correct) })
        }
        func family(_ key: (EvaluationRecord) -> String) -> [String: Finding] {
            Finding.family(
                Dictionary(grouping: pairs) { key($0.0) }.mapValues(compare), minimumQuestions: minimumQuestions)
        }
        let whole = compare(pairs)
        overall = Finding(whole, correctedP: whole.p, minimumQuestions: minimumQuestions)
        domains = family(\.domain.rawValue)
        subjects = family(\.subject)
        self.minimumQuestions = minimumQuestions
    }

    /// One line a subject, one a domain and one for all.
    public var table: String {
        func row(_ name: String, _ finding: Finding) -> [String] {
            let pair = finding.pair
            return [
                name, "\(pair.first.count)", Text.percent(pair.first.value), Text.percent(pair.second.value),
                Text.signedPoints(pair.difference), finding.intervalText, "\(pair.onlySecond) / \(pair.onlyFirst)",
                Text.pValue(finding.correctedP), finding.questionsNeeded.map { "\($0)" } ?? "–", finding.word,
            ]
        }
        var rows = subjects.count > 1 ? subjects.sorted { $0.key < $1.key }.map { row($0.key, $0.value) } : []
        rows += domains.sorted { $0.key < $1.key }.map { row("all of \($0.key)", $0.value) }
        rows.append(row("overall", overall))
        return Text.table(
            ["", "questions", "first", "second", "points", "95 % (bootstrap)", "gained / lost", "p (McNemar, Holm)", "needed", "second is"],
            rows)
    }
}
