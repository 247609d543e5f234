import Questions

/// Questions that must not be asked again, ready to be asked about one question at a time: training data, or what was asked so far.
/// Likeness is judged as among a collection's `NearDuplicates`, and the same text is the same question whatever its answer.
public struct KnownQuestions: Sendable {
    public struct Match: Sendable, Hashable {
        /// The place in the order of insertion.
        public let index: Int
        /// Shared weight of the words, from 0 to 1; 1 for the same text.
        public let likeness: Double
    }

    private var profiles: [Profile] = []
    private var common = WordWeights([])
    private var stems: [UInt64: [Int]] = [:]
    private var answers: [UInt64: [Int]] = [:]
    /// By each word of an answer of three words and more, which may differ a little.
    private var answerWords: [UInt64: [Int]] = [:]

    /// More known questions than this with the answer's word come from a form; the last ones are looked at.
    private static let company = 2_000

    public init(_ questions: some Sequence<Question> = []) { for question in questions { insert(question) } }

    public var count: Int { profiles.count }

    public mutating func insert(_ question: Question) {
        let profile = Profile(question), index = profiles.count
        profiles.append(profile)
        common.add(profile)
        stems[profile.stem, default: []].append(index)
        answers[profile.answer, default: []].append(index)
        if profile.answerWords.count >= 3 {
            for word in profile.answerWords { answerWords[word, default: []].append(index) }
        }
    }

    /// The known question that `question` is nearly the same as, if there is one.
    public func match(_ question: Question) -> Match? {
        let profile = Profile(question)
        // "Which of these is true?" is the same question only with the same choices.
        let same = stems[profile.stem]?.first { index in
            profile.content >= 4 || profile.fingerprint == profiles[index].fingerprint
                || Sorted.shared(profile.choices, profiles[index].choices) >= 3 || profile.answer == profiles[index].answer
        }
        if let same { return Match(index: same, likeness: 1) }
        var near = Set((answers[profile.answer] ?? []).suffix(Self.company))
        if profile.answerWords.count >= 3 {
            for word in profile.answerWords { near.formUnion((answerWords[word] ?? []).suffix(Self.company)) }
        }
        let places = near.sorted()
        let likeness = Likeness(places.map { profiles[$0] } + [profile], common: common)
        var best: Match?
        for (place, index) in places.enumerated() {
            guard let value = likeness.likeness(place, places.count), value > best?.likeness ?? 0 else { continue }
            best = Match(index: index, likeness: value)
        }
        return best
    }
}
