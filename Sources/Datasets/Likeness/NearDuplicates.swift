import Groundwork
import Questions

/// Finds questions that are nearly the same, in time that grows with their number and not with its square.
///
/// Candidates come from MinHash (Broder 1997) in 32 bands of two over the words' weights (a word of weight 4 counts as four), each band
/// joined with one MinHash of the right answer and with the numbers of the text, so that the thousand questions of one form
/// never meet; and from two bands more, of the last and of the first five words with the answer, in which a text meets
/// itself under a long preface. Two texts whose weighted likeness is 1/2 and whose answers are the same meet with probability 0.9999, at 0.35
/// with 0.98. Every candidate is then judged by `Likeness`, exactly.
public struct NearDuplicates: Sendable {
    /// Two questions by their places in the list, `first < second`.
    public struct Pair: Sendable, Hashable {
        public let first: Int
        public let second: Int
        /// Same text and same answer: equal fingerprints, or equal but for a leading number ("Q7)") and what else likeness overlooks.
        public let isExact: Bool
        /// Shared weight of the words, from 0 to 1.
        public let likeness: Double
    }

    public let pairs: [Pair]

    private static let bands = 32
    /// Within a band, a question is compared with this many before it. Larger crowds come from a form with one answer, and
    /// what is really alike in them also meets in bands whose words are rarer.
    private static let company = 24

    /// - Parameters:
    ///   - isExactOnly: only equal fingerprints make pairs.
    ///   - progress: called with the share of the questions that the finished bands stand for.
    /// - Throws: `Interrupted`.
    public static func find(in questions: [Question], isExactOnly: Bool = false, progress: (Int) -> Void = { _ in }) throws -> NearDuplicates {
        try find(among: try Profile.profiles(of: questions), isExactOnly: isExactOnly, progress: progress)
    }

    static func find(among profiles: [Profile], isExactOnly: Bool = false, progress: (Int) -> Void = { _ in }) throws -> NearDuplicates {
        var pairs: [Pair] = []
        // Copies are told apart from their first, so that a thousand copies make a thousand pairs and not half a million.
        var firsts: [Fingerprint: Int] = [:], identities: [UInt64: Int] = [:]
        var unique: [Int] = []
        for (index, profile) in profiles.enumerated() {
            if let first = firsts[profile.fingerprint] ?? identities[profile.identity] {
                pairs.append(Pair(first: first, second: index, isExact: true, likeness: 1))
            } else {
                firsts[profile.fingerprint] = index
                identities[profile.identity] = index
                unique.append(index)
            }
        }
        if isExactOnly { return NearDuplicates(pairs: pairs) }
        let likeness = Likeness(profiles)
        let signatures = try Signatures(unique, of: likeness, bands: bands)
        var judged: Set<UInt64> = []
        for band in 0..<Signatures.count(bands) {
            try Interruption.check()
            let order = signatures.order(in: band)
            var start = 0
            while start < order.count {
                var end = start + 1
                while end < order.count, order[end].key == order[start].key { end += 1 }
                for later in start..<end {
                    for earlier in max(start, later - company)..<later {
                        let (i, j) = (Int(order[earlier].index), Int(order[later].index))
                        guard judged.insert(UInt64(i) << 32 | UInt64(j)).inserted, let value = likeness.likeness(i, j) else { continue }
                        pairs.append(Pair(first: i, second: j, isExact: false, likeness: value))
                    }
                }
                start = end
            }
            progress(profiles.count * (band + 1) / Signatures.count(bands))
        }
        return NearDuplicates(pairs: sorted(pairs + withKept(sorted(pairs), judged, likeness)))
    }

    private static func sorted(_ pairs: [Pair]) -> [Pair] { pairs.sorted { ($0.second, $0.first) < ($1.second, $1.first) } }

    /// Pairs with the question that stays, for what met only questions that go for it.
    private static func withKept(_ pairs: [Pair], _ judged: Set<UInt64>, _ likeness: Likeness) -> [Pair] {
        var keptFor: [Int: Int] = [:], found: [Pair] = []
        for pair in pairs where keptFor[pair.second] == nil {
            guard let kept = keptFor[pair.first] else {
                keptFor[pair.second] = pair.first
                continue
            }
            if pair.isExact {
                keptFor[pair.second] = kept
            } else if !judged.contains(UInt64(kept) << 32 | UInt64(pair.second)), let value = likeness.likeness(kept, pair.second) {
                keptFor[pair.second] = kept
                found.append(Pair(first: kept, second: pair.second, isExact: false, likeness: value))
            }
        }
        return found
    }

    /// For each question that is nearly the same as one that is kept before it, that one and the pair's kind. What is kept has
    /// no two of a pair.
    public func dropped(of count: Int) -> [Int: Pair] {
        var dropped: [Int: Pair] = [:]
        for pair in pairs where dropped[pair.second] == nil {
            // An exact copy goes with its first even where that one went for another.
            if pair.isExact || dropped[pair.first] == nil { dropped[pair.second] = pair }
        }
        return dropped
    }

    /// Groups of questions that are joined by pairs: for each question, the place of its group's first.
    public func groups(of count: Int) -> [Int] {
        var parent = Array(0..<count)
        func root(_ index: Int) -> Int {
            var index = index
            while parent[index] != index {
                parent[index] = parent[parent[index]]
                index = parent[index]
            }
            return index
        }
        for pair in pairs {
            let (a, b) = (root(pair.first), root(pair.second))
            parent[max(a, b)] = min(a, b)
        }
        return (0..<count).map(root)
    }
}

/// The bands of every question: those of MinHash, then its end and its beginning.
private struct Signatures {
    let indices: [Int]
    private let bands: Int
    /// `[question][band]`.
    private var keys: [UInt64]

    static func count(_ bands: Int) -> Int { bands + 2 }

    init(_ indices: [Int], of likeness: Likeness, bands: Int) throws {
        self.indices = indices
        self.bands = bands
        keys = []
        keys.reserveCapacity(indices.count * Self.count(bands))
        let seeds = (0..<(3 * bands)).map { Word.mixed(0x5bd1_e995 &+ UInt64($0) &* 0x9e37_79b9_7f4a_7c15) }
        var items: [UInt64] = []
        for (position, index) in indices.enumerated() {
            if position % 4096 == 0 { try Interruption.check() }
            let profile = likeness.profiles[index]
            items.removeAll(keepingCapacity: true)
            for (word, weight) in zip(profile.words, likeness.weights[index]) {
                for copy in 0..<UInt64(weight) { items.append(Word.mixed(word &+ copy)) }
            }
            // A text without words ("12 × 7 = ?") is found by its numbers alone.
            if items.isEmpty { items.append(profile.exactKey) }
            let answer = profile.answerWords.count < 3 ? [profile.answer] : profile.answerWords
            for band in 0..<bands {
                let key = Self.minimum(items, seeds[3 * band]) &* 31 ^ Self.minimum(items, seeds[3 * band + 1])
                keys.append(Word.mixed(key ^ profile.exactKey &* 0x9e37_79b9 ^ Self.minimum(answer, seeds[3 * band + 2]) &* 17))
            }
            for end in [profile.sequence.suffix(5), profile.sequence.prefix(5)] {
                keys.append(Word.hash(ofSequence: end.map(UInt64.init) + [profile.answer, profile.exactKey]))
            }
        }
    }

    private static func minimum(_ items: [UInt64], _ seed: UInt64) -> UInt64 {
        var least = UInt64.max
        for item in items {
            let x = (item ^ seed) &* 0xbf58_476d_1ce4_e5b9
            least = min(least, (x ^ (x >> 32)) &* 0x94d0_49bb_1331_11eb)
        }
        return least
    }

    /// All questions of a band, equal keys side by side, each crowd in the questions' order.
    func order(in band: Int) -> [(key: UInt64, index: UInt32)] {
        indices.indices.map { (keys[$0 * Self.count(bands) + band], UInt32(indices[$0])) }.sorted { ($0.key, $0.index) < ($1.key, $1.index) }
    }
}
