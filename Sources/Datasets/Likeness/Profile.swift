import Groundwork
import Questions

/// What likeness needs of a question, some 800 bytes where the question has 40 words.
struct Profile {
    /// The different words of the question's text that are neither numbers nor operators, sorted.
    let words: [UInt64]
    /// Those of them that are common or negations, sorted.
    let light: [UInt64]
    /// Names, quoted words and variables, sorted.
    let particulars: [UInt64]
    /// Numbers and operators in order.
    let exacts: [UInt64]
    /// Those of them that have no word of their own.
    let exactKey: UInt64
    let negations: UInt64
    /// The whole text in order, a shorter hash for each word.
    let sequence: [UInt32]
    let stem: UInt64
    /// Words that carry something: neither common nor negations; numbers and operators among them.
    let content: Int
    let answer: UInt64
    /// The answer's words in order.
    let answerSequence: [UInt32]
    /// The answer's different words, sorted.
    let answerWords: [UInt64]
    let answerExact: UInt64
    /// The choices in ascending order of hash.
    let choices: [UInt64]
    let fingerprint: Fingerprint

    init(_ question: Question) {
        let stemWords = Word.words(of: question.question)
        let texts = stemWords.filter { $0.kind != .exact }
        words = Set(texts.map(\.hash)).sorted()
        light = Set(texts.filter { $0.kind != .content }.map(\.hash)).sorted()
        particulars = Set(texts.filter(\.isParticular).map(\.hash)).sorted()
        exacts = stemWords.filter { $0.kind == .exact }.map(\.hash)
        exactKey = Word.hash(ofSequence: exacts.filter { !Word.isSmallNumber($0) })
        negations = Word.hash(ofSequence: texts.filter { $0.kind == .negation }.map(\.hash).sorted())
        sequence = stemWords.map { UInt32(truncatingIfNeeded: $0.hash) }
        stem = Word.hash(ofSequence: stemWords.map(\.hash))
        content = Set(texts.filter { $0.kind == .content }.map(\.hash)).count + exacts.count

        let choiceWords = question.choices.map(Word.words)
        let choiceHashes = zip(choiceWords, question.choices).map { words, text in
            // A choice of signs only ("?", "{}") is itself.
            words.isEmpty ? Word.hash(text.utf8) : Word.hash(ofSequence: words.map(\.hash))
        }
        let right = choiceWords[question.answer.index]
        answer = choiceHashes[question.answer.index]
        answerSequence = right.map { UInt32(truncatingIfNeeded: $0.hash) }
        answerWords = Set(right.map(\.hash)).sorted()
        // In an answer a lone letter names something ("B and C only"), so it counts as a number does.
        answerExact = Word.hash(
            ofSequence: right.filter { $0.kind == .exact || $0.kind == .negation || ($0.kind == .content && $0.isParticular) }.map(\.hash))
        choices = choiceHashes.sorted()
        fingerprint = question.fingerprint
    }

    /// - Throws: `Interrupted`.
    static func profiles(of questions: [Question]) throws -> [Profile] {
        try questions.enumerated().map { index, question in
            if index % 4096 == 0 { try Interruption.check() }
            return Profile(question)
        }
    }

    /// Equal for questions whose text, answer and choices are the same but for case, punctuation and order.
    var identity: UInt64 { Word.hash(ofSequence: [stem, answer, choiceSet]) }

    /// All four choices as one hash, whatever their order.
    var choiceSet: UInt64 { Word.hash(ofSequence: choices) }
}

/// How much a word says, from how many questions of the collection have it.
struct WordWeights {
    private var counts: [UInt64: UInt32] = [:]
    private var questions = 0
    /// Of a handful of questions nothing can be learnt about how common a word is.
    private var total: Double { Double(max(questions, 1000)) }

    init(_ profiles: [Profile]) { for profile in profiles { add(profile) } }

    mutating func add(_ profile: Profile) {
        for word in profile.words { counts[word, default: 0] += 1 }
        questions += 1
    }

    /// 1 for a common word, up to 6 for a rare one.
    func weight(of word: UInt64, isLight: Bool) -> Int {
        if isLight { return 1 }
        let share = Double(counts[word] ?? 1) / total
        return share >= 0.1 ? 1 : share >= 0.02 ? 2 : share >= 0.005 ? 3 : share >= 0.001 ? 5 : 6
    }

    /// The weights of a profile's words, in their order.
    func weights(_ profile: Profile) -> [UInt8] {
        var light = profile.light[...]
        return profile.words.map { word in
            let isLight = light.first == word
            if isLight { light.removeFirst() }
            return UInt8(weight(of: word, isLight: isLight))
        }
    }
}
