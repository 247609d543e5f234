import Questions

public enum SplitName: String, Codable, CaseIterable, Sendable, CodingKeyRepresentable {
    case train, validation, test
}

/// Splits that keep the subjects' shares and never part what is nearly the same.
public enum StratifiedSplit {
    /// The split of each question.
    ///
    /// Of every domain, `validation` and `test` get their shares to the question, divided over its subjects in proportion. Within a
    /// subject the order is that of `Split.position`, so the result depends on the questions and the seed, not on the
    /// order they come in. A group goes as one, which may exceed a share by the group's size.
    /// - Parameters:
    ///   - groups: for each question the place of its group's first (`NearDuplicates.groups`).
    ///   - validation: share of the questions, 0 ..< 1; so `test`; both together below 1.
    public static func assign(
        _ questions: [Question], groups: [Int], validation: Double, test: Double, seed: UInt64
    ) -> [SplitName] {
        precondition(validation >= 0 && test >= 0 && validation + test < 1, "the shares leave something to train on")
        var result = [SplitName](repeating: .train, count: questions.count)
        var members: [Int: [Int]] = [:]
        for (index, group) in groups.enumerated() { members[group, default: []].append(index) }
        var strata: [Domain: [String: [Group]]] = [:]
        for (_, indices) in members {
            let prints = indices.map { questions[$0].fingerprint }.sorted()
            // A group's subject must not hang on which of its questions came first.
            let lead = indices.min { (questions[$0].fingerprint, questions[$0].id) < (questions[$1].fingerprint, questions[$1].id) } ?? indices[0]
            strata[questions[lead].domain, default: [:]][questions[lead].subject, default: []].append(
                Group(indices: indices, position: Split.position(of: prints[0], seed: seed), fingerprint: prints[0]))
        }
        for subjects in strata.values {
            let sizes = subjects.mapValues { $0.reduce(0) { $0 + $1.indices.count } }
            let tests = shares(sizes, test), validations = shares(sizes, validation)
            for (subject, groups) in subjects {
                var rest = groups.sorted { ($0.position, $0.fingerprint) < ($1.position, $1.fingerprint) }[...]
                for (name, quota) in [(SplitName.test, tests[subject] ?? 0), (.validation, validations[subject] ?? 0)] {
                    var taken = 0
                    while taken < quota, let group = rest.popFirst() {
                        for index in group.indices { result[index] = name }
                        taken += group.indices.count
                    }
                }
            }
        }
        return result
    }

    private struct Group {
        let indices: [Int]
        let position: Double
        let fingerprint: Fingerprint
    }

    /// `fraction` of the whole, divided in proportion by largest remainders.
    static func shares(_ sizes: [String: Int], _ fraction: Double) -> [String: Int] {
        divide(Int((Double(sizes.values.reduce(0, +)) * fraction).rounded()), over: sizes)
    }

    /// `count` divided over parts in proportion to their sizes, no part getting more than it has.
    static func divide(_ count: Int, over sizes: [String: Int]) -> [String: Int] {
        let total = sizes.values.reduce(0, +)
        guard count < total else { return sizes }
        var result: [String: Int] = [:], remainders: [(Double, String)] = []
        for (name, size) in sizes {
            let exact = Double(count) * Double(size) / Double(total)
            result[name] = Int(exact)
            remainders.append((exact - Double(Int(exact)), name))
        }
        let open = count - result.values.reduce(0, +)
        for (_, name) in remainders.sorted(by: { ($1.0, $0.1) < ($0.0, $1.1) }).prefix(open) { result[name, default: 0] += 1 }
        return result
    }

    /// Which of the questions stay where a domain has more than it wants: the subjects keep their shares.
    static func limit(_ questions: [Question], to count: Int, seed: UInt64) -> Set<Int> {
        guard questions.count > count else { return Set(questions.indices) }
        let bySubject = Dictionary(grouping: questions.indices) { questions[$0].subject }
        let quotas = divide(count, over: bySubject.mapValues(\.count))
        var kept: Set<Int> = []
        for (subject, indices) in bySubject {
            let order = indices.map { (Split.position(of: questions[$0].fingerprint, seed: seed &+ 1), questions[$0].fingerprint, $0) }
                .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
            kept.formUnion(order.prefix(quotas[subject] ?? 0).map(\.2))
        }
        return kept
    }
}
