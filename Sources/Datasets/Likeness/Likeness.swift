/// Whether two questions are nearly the same. The rule, on texts without case, punctuation and spacing:
///
/// 1. The right answers agree: the same words, or (answers of three words and more) three fifths of them, with the same numbers,
///    unless one question has the other's answer among its wrong choices.
/// 2. The texts have the same numbers and operators in the same order, and the same negations. Other numbers make another question.
/// 3. The words agree: shared weight over united weight, rare words weighing up to six times what common ones do, reaches the
///    bar below. A word put in place of another raises it, and so does a name, a quoted word or a variable in place of another.
///
///        choices shared      all four   two or three   fewer
///        words more or less      0.5           0.65     0.8
///        words for words         0.65          0.8      0.85
///        names for names         0.85          0.85     never   (three choices at least)
///
///    Choices that more than eight questions share ("True, True") are no evidence.
///    Names and variables that both have must come in the same order.
/// 4. Or one text is the end or the beginning of the other, whose preface may have small numbers of its own ("choose one of the
///    four"), or holds nine tenths of its weight and all choices are shared.
///
/// A text that carries fewer than two words ("Which of these is true?") needs three shared choices besides.
struct Likeness {
    let profiles: [Profile]
    /// For each question the weights of its words.
    let weights: [[UInt8]]
    private let choiceSets: [UInt64: Int]

    /// More questions than this with the same four choices come from a form, not from copying.
    private static let commonChoices = 8

    /// - Parameter common: how often words come in a larger collection that `profiles` are a part of.
    init(_ profiles: [Profile], common: WordWeights? = nil) {
        self.profiles = profiles
        let common = common ?? WordWeights(profiles)
        weights = profiles.map { common.weights($0) }
        var stems: Set<UInt64> = []
        var sets: [UInt64: Int] = [:]
        for profile in profiles where stems.insert(profile.stem ^ profile.choiceSet).inserted {
            sets[profile.choiceSet, default: 0] += 1
        }
        choiceSets = sets.filter { $0.value > Self.commonChoices }
    }

    /// The share of the words' weight that both have, from 0 to 1; nil where they are different questions.
    func likeness(_ i: Int, _ j: Int) -> Double? {
        guard profiles[i].negations == profiles[j].negations, Self.oneHoldsTheOther(profiles[i].exacts, profiles[j].exacts) else { return nil }
        let (a, b) = (profiles[i], profiles[j])
        guard Self.answersAgree(a, b) else { return nil }
        let shared = sharedChoices(a, b)
        let content = min(a.content, b.content)
        if content < 2, shared < 3 { return nil }
        let overlap = overlap(i, j)
        let likeness = overlap.shared / max(overlap.united, 1)
        if content >= 3 || shared >= 3, Self.oneHoldsTheOther(a.sequence, b.sequence) { return likeness }
        guard a.exacts.count == b.exacts.count else { return nil }
        guard Self.particularsInOrder(a, b) else { return nil }
        if likeness >= bar(a, b, shared: shared, isSubstitution: overlap.hasOwnWords) { return likeness }
        let isContained = overlap.shared >= 0.9 * max(overlap.smaller, 1)
        return isContained && shared == 4 && content >= 3 && !Self.haveOwnParticulars(a, b) ? likeness : nil
    }

    private func bar(_ a: Profile, _ b: Profile, shared: Int, isSubstitution: Bool) -> Double {
        if Self.haveOwnParticulars(a, b) { return shared >= 3 ? 0.85 : .infinity }
        switch shared {
        case 4: return isSubstitution ? 0.65 : 0.5
        case 2, 3: return isSubstitution ? 0.8 : 0.65
        default: return isSubstitution ? 0.85 : 0.8
        }
    }

    /// The shorter list begins or ends the longer one.
    private static func oneHoldsTheOther<T: Equatable>(_ a: [T], _ b: [T]) -> Bool {
        let (short, long) = a.count <= b.count ? (a, b) : (b, a)
        return long.starts(with: short) || long.suffix(short.count).elementsEqual(short)
    }

    private static func answersAgree(_ a: Profile, _ b: Profile) -> Bool {
        if a.answer == b.answer { return true }
        guard min(a.answerWords.count, b.answerWords.count) >= 3, a.answerExact == b.answerExact else { return false }
        if Sorted.contains(a.choices, b.answer) || Sorted.contains(b.choices, a.answer) { return false }
        let shared = Sorted.shared(a.answerWords, b.answerWords)
        return 5 * shared >= 3 * (a.answerWords.count + b.answerWords.count - shared)
    }

    /// How many choices both have; one at most where the choices are those of a form.
    private func sharedChoices(_ a: Profile, _ b: Profile) -> Int {
        var shared = Sorted.shared(a.choices, b.choices)
        // An answer that was reworded a little is shared all the same.
        if a.answer != b.answer { shared += 1 }
        return choiceSets[a.choiceSet] == nil ? min(shared, 4) : min(shared, 1)
    }

    private static func haveOwnParticulars(_ a: Profile, _ b: Profile) -> Bool {
        a.particulars.contains { !Sorted.contains(b.words, $0) } && b.particulars.contains { !Sorted.contains(a.words, $0) }
    }

    /// Whether the names and variables that both have come in the same order: "A and B" against "B and C" is another question, although
    /// every letter is in both texts.
    private static func particularsInOrder(_ a: Profile, _ b: Profile) -> Bool {
        let common = Set((a.particulars + b.particulars).filter { Sorted.contains(a.words, $0) && Sorted.contains(b.words, $0) })
        guard common.count > 1 else { return true }
        let short = Set(common.map { UInt32(truncatingIfNeeded: $0) })
        return a.sequence.filter(short.contains).elementsEqual(b.sequence.filter(short.contains))
    }

    private func overlap(_ i: Int, _ j: Int) -> (shared: Double, united: Double, smaller: Double, hasOwnWords: Bool) {
        let (a, b) = (profiles[i], profiles[j])
        let (wa, wb) = (weights[i], weights[j])
        // Numbers and operators are the same here, and count for both.
        let exact = 2 * min(a.exacts.count, b.exacts.count)
        var shared = exact, left = exact, right = exact
        // Whether each has a word that carries something and that the other lacks.
        var leftOwn = false, rightOwn = false
        var x = 0, y = 0
        while x < a.words.count || y < b.words.count {
            if y == b.words.count || (x < a.words.count && a.words[x] < b.words[y]) {
                left += Int(wa[x])
                leftOwn = leftOwn || wa[x] > 1
                x += 1
            } else if x == a.words.count || b.words[y] < a.words[x] {
                right += Int(wb[y])
                rightOwn = rightOwn || wb[y] > 1
                y += 1
            } else {
                (shared, left, right) = (shared + Int(wa[x]), left + Int(wa[x]), right + Int(wa[x]))
                (x, y) = (x + 1, y + 1)
            }
        }
        return (Double(shared), Double(left + right - shared), Double(min(left, right)), leftOwn && rightOwn)
    }
}

/// Sorted lists of different hashes.
enum Sorted {
    static func shared(_ a: [UInt64], _ b: [UInt64]) -> Int {
        var count = 0, x = 0, y = 0
        while x < a.count, y < b.count {
            if a[x] == b[y] {
                (count, x, y) = (count + 1, x + 1, y + 1)
            } else if a[x] < b[y] {
                x += 1
            } else {
                y += 1
            }
        }
        return count
    }

    static func contains(_ list: [UInt64], _ value: UInt64) -> Bool {
        var low = 0, high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < list.count && list[low] == value
    }
}
