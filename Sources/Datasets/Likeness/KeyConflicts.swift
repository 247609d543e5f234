/// Questions that stand more than once with the same text and choices, but not with the same answer.
struct KeyConflicts {
    private let ids: [UInt64: [(answer: UInt64, id: String)]]

    init(_ questions: some Sequence<(Profile, String)>) {
        var ids: [UInt64: [(answer: UInt64, id: String)]] = [:]
        for (profile, id) in questions { ids[Self.key(profile), default: []].append((profile.answer, id)) }
        self.ids = ids.filter { Set($0.value.map(\.answer)).count > 1 }
    }

    /// The id of a question that contradicts this one; nil where none does.
    func other(than question: Profile) -> String? { ids[Self.key(question)]?.first { $0.answer != question.answer }?.id }

    private static func key(_ profile: Profile) -> UInt64 { Word.hash(ofSequence: [profile.stem, profile.choiceSet]) }
}
