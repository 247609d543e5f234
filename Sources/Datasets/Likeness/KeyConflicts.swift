import Questions

/// Questions that stand more than once with the same text and choices, but not with the same answer. Only spacing and the order of
/// the choices are overlooked: a sign or a capital may be what the answer hangs on ("4 | 1" and "4 & 1", "Bb" and "bb").
struct KeyConflicts {
    private let ids: [UInt64: [(answer: UInt64, id: String)]]

    init(_ questions: some Sequence<Question>) {
        var ids: [UInt64: [(answer: UInt64, id: String)]] = [:]
        for question in questions { ids[Self.key(question), default: []].append((Self.hash(question.answerText), question.id)) }
        self.ids = ids.filter { Set($0.value.map(\.answer)).count > 1 }
    }

    /// The id of a question that contradicts this one; nil where none does.
    func other(than question: Question) -> String? {
        ids.isEmpty ? nil : ids[Self.key(question)]?.first { $0.answer != Self.hash(question.answerText) }?.id
    }

    private static func key(_ question: Question) -> UInt64 {
        Word.hash(ofSequence: [hash(question.question)] + question.choices.map(hash).sorted())
    }

    private static func hash(_ text: String) -> UInt64 {
        Word.hash(text.utf8.split { $0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }.joined(separator: [0x20]))
    }
}
