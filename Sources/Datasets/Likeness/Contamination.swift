import Groundwork
import Questions

/// Which questions stand in an evaluation set, so that training on them would spoil its verdict.
public struct Contamination: Sendable {
    public enum Kind: String, Codable, CaseIterable, Sendable, CodingKeyRepresentable {
        /// The same text of the question, whatever case, punctuation and spacing.
        case sameQuestion
        /// Nearly the same question with the same answer.
        case nearDuplicate
        /// Thirteen words in a row (Brown et al. 2020, appendix C), unless they are a form that more than ten evaluation questions share.
        case thirteenWords

        public var words: String {
            switch self {
            case .sameQuestion: "same question"
            case .nearDuplicate: "nearly the same question"
            case .thirteenWords: "13 words in a row"
            }
        }
    }

    public struct Match: Sendable, Hashable {
        /// The place in the list that was checked.
        public let question: Int
        /// The place in the evaluation list.
        public let evaluation: Int
        public let kind: Kind
    }

    /// At most one match a question: the first kind that applies.
    public let matches: [Match]

    private static let length = 13
    private static let commonForm = 10

    /// - Throws: `Interrupted`.
    public static func find(in questions: [Question], against evaluation: [Question], progress: (Int) -> Void = { _ in }) throws -> Contamination {
        try find(in: try Profile.profiles(of: questions), against: try Profile.profiles(of: evaluation), progress: progress)
    }

    static func find(in questions: [Profile], against evaluation: [Profile], progress: (Int) -> Void = { _ in }) throws -> Contamination {
        guard !evaluation.isEmpty else { return Contamination(matches: []) }
        var found: [Int: Match] = [:]
        func note(_ question: Int, _ evaluation: Int, _ kind: Kind) {
            if found[question] == nil { found[question] = Match(question: question, evaluation: evaluation, kind: kind) }
        }
        let profiles = evaluation + questions
        let count = evaluation.count
        var stems: [UInt64: [Int]] = [:]
        for index in 0..<count { stems[profiles[index].stem, default: []].append(index) }
        for index in questions.indices {
            let profile = profiles[count + index]
            // "Which of these is true?" is the same question only with the same choices.
            let same = stems[profile.stem]?.first { other in
                profile.content >= 4 || profile.fingerprint == profiles[other].fingerprint
                    || Sorted.shared(profile.choices, profiles[other].choices) >= 3
            }
            if let same { note(index, same, .sameQuestion) }
        }
        for pair in try NearDuplicates.find(among: profiles, progress: progress).pairs where pair.second >= count {
            if pair.first < count {
                note(pair.second - count, pair.first, .nearDuplicate)
            } else if pair.isExact, let first = found[pair.first - count] {
                // Copies are compared through their first.
                note(pair.second - count, first.evaluation, first.kind)
            }
        }
        let windows = try Windows(evaluation)
        for (index, question) in questions.enumerated() {
            if index % 4096 == 0 { try Interruption.check() }
            if found[index] == nil, let hit = windows.first(in: question) { note(index, hit, .thirteenWords) }
        }
        return Contamination(matches: found.values.sorted { $0.question < $1.question })
    }

    /// Every run of thirteen words of the evaluation questions.
    private struct Windows {
        /// The first question that has it, and how many have.
        private var seen: [UInt64: (first: UInt32, last: UInt32, count: UInt32)] = [:]

        init(_ evaluation: [Profile]) throws {
            for (index, question) in evaluation.enumerated() {
                if index % 4096 == 0 { try Interruption.check() }
                for window in Self.windows(of: question) {
                    if let entry = seen[window] {
                        if entry.last != UInt32(index) { seen[window] = (entry.first, UInt32(index), entry.count + 1) }
                    } else {
                        seen[window] = (UInt32(index), UInt32(index), 1)
                    }
                }
            }
        }

        func first(in question: Profile) -> Int? {
            for window in Self.windows(of: question) {
                if let entry = seen[window], entry.count <= Contamination.commonForm { return Int(entry.first) }
            }
            return nil
        }

        private static func windows(of question: Profile) -> [UInt64] {
            let words = (question.sequence + question.answerSequence).map(UInt64.init)
            guard words.count >= Contamination.length else { return [] }
            return (0...(words.count - Contamination.length)).map { Word.hash(ofSequence: words[$0..<($0 + Contamination.length)]) }
        }
    }
}
