import Foundation

/// One word of a text as far as likeness is concerned: hashed, without case and punctuation.
struct Word {
    enum Kind {
        /// Carries little: "the", "which", "following".
        case common
        case content
        /// A number, a formula's operator, a symbol with a digit in it: where these differ, the question is another one.
        case exact
        /// A function word that turns the meaning round: "not", "except", "least".
        case negation
    }

    var hash: UInt64
    var kind: Kind
    /// A name, a quoted word, a variable: where these differ, the question is likely another one.
    var isParticular: Bool

    /// The words of a text in order.
    static func words(of text: String) -> [Word] {
        var scanner = WordScanner(text)
        return scanner.scan()
    }

    /// FNV-1a with a finaliser.
    static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var z: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { z = (z ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return mixed(z)
    }

    static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// The hash of a sequence, order counting.
    static func hash(ofSequence hashes: some Sequence<UInt64>) -> UInt64 {
        var z: UInt64 = 0x9e37_79b9_7f4a_7c15
        for hash in hashes { z = mixed(z &* 31 ^ hash) }
        return z
    }

    /// A number that also has a word: "two" and "2", so that it may stand in an instruction ("choose one of the four").
    static func isSmallNumber(_ hash: UInt64) -> Bool { smallNumbers.contains(hash) }

    private static let smallNumbers = Set(numbers.values)

    fileprivate static func hashes(_ words: String) -> Set<UInt64> {
        Set(words.split(whereSeparator: \.isWhitespace).map { hash($0.utf8) })
    }

    fileprivate static let common = hashes("""
        a an the this that these those is are was were be been being am do does did done has have had having will would shall should can could
        may might must of in on at by for from to with within into onto as and or but if then than so it its he she they them their his her
        him we us our you your i me my one ones which what whats who whose whom where when why how there here some any each every both about
        following question choose select pick answer option options choice choices best correct correctly true statement statements please
        read carefully consider identify given below above q also just such very more most only
        many much
        """)
    fileprivate static let negations = hashes("""
        not no never none nor neither except cannot cant isnt arent wasnt werent doesnt dont didnt wont wouldnt shouldnt couldnt hasnt havent
        without least false incorrect incorrectly wrong untrue unlikely
        """)
    /// Number words count as the numbers. "one" is left out: "which one of these".
    fileprivate static let numbers: [UInt64: UInt64] = {
        let small = """
            zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
            """
        let others = "thirty forty fifty sixty seventy eighty ninety hundred thousand million billion half third quarter double twice"
        var numbers: [UInt64: UInt64] = [:]
        for (index, word) in small.split(separator: " ").enumerated() {
            numbers[hash(word.utf8)] = hash(String(index == 0 ? 0 : index + 1).utf8)
        }
        for word in others.split(separator: " ") { numbers[hash(word.utf8)] = hash(word.utf8) }
        return numbers
    }()
}

/// Walks over a text's scalars once.
private struct WordScanner {
    private let scalars: [Unicode.Scalar]
    private var words: [Word] = []
    private let isShouting: Bool

    init(_ text: String) {
        let isPlain = text.utf8.allSatisfy { $0 < 0x80 }
        let form = isPlain ? text : text.precomposedStringWithCanonicalMapping
        scalars = Array(form.unicodeScalars)
        // Where every letter is a capital one, capitals name nothing.
        isShouting = !text.utf8.contains { (0x61...0x7a).contains($0) }
    }

    mutating func scan() -> [Word] {
        var at = start
        var beginsSentence = true
        while at < scalars.count {
            let scalar = scalars[at]
            if isWordPart(scalar) {
                at = takeWord(at, beginsSentence: beginsSentence)
                beginsSentence = false
                continue
            }
            if isOperator(at) { words.append(Word(hash: Word.mixed(UInt64(plain(scalar))), kind: .exact, isParticular: false)) }
            if ".?!:;\n".unicodeScalars.contains(scalar) { beginsSentence = true }
            at += 1
        }
        return words
    }

    /// Behind a number that only counts the questions: "12. ", "Q7) ", "Question 3: ".
    private var start: Int {
        func skip(_ at: Int, while test: (Unicode.Scalar) -> Bool) -> Int {
            var at = at
            while at < scalars.count, test(scalars[at]) { at += 1 }
            return at
        }
        func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || scalar == "#" || scalar == "." }
        let first = skip(0) { $0.properties.isWhitespace }
        var at = skip(first) { $0.isASCII && $0.properties.isAlphabetic }
        let lead = String(String.UnicodeScalarView(scalars[first..<at])).lowercased()
        guard lead.isEmpty || ["q", "question", "problem", "exercise", "item", "no", "number"].contains(lead) else { return 0 }
        at = skip(at, while: isBlank)
        let digits = at
        at = skip(at) { ("0"..."9").contains($0) }
        guard at > digits, at - digits <= 4, at < scalars.count, ".):".unicodeScalars.contains(scalars[at]) else { return 0 }
        at += 1
        guard at < scalars.count, scalars[at].properties.isWhitespace else { return 0 }
        return at
    }

    private mutating func takeWord(_ begin: Int, beginsSentence: Bool) -> Int {
        var at = begin
        var bytes: [UInt8] = []
        var hasDigit = false, count = 0
        while at < scalars.count {
            let scalar = scalars[at]
            if isWordPart(scalar) {
                if isDigit(scalar) { hasDigit = true }
                append(scalar, to: &bytes)
                count += 1
            } else if isApostrophe(scalar), at + 1 < scalars.count, isWordPart(scalars[at + 1]), !isDigit(scalars[at + 1]) {
                // "don't" and "dont" are one word.
            } else if scalar == ".", at + 1 < scalars.count, isDigit(scalars[at - 1]), isDigit(scalars[at + 1]) {
                bytes.append(0x2e)
            } else if scalar == ",", groupsThousands(at) {
                // "1,000" is "1000".
            } else {
                break
            }
            at += 1
        }
        let hash = Word.hash(bytes)
        let first = scalars[begin]
        let isQuoted = begin > 0 && (isApostrophe(scalars[begin - 1]) || "\"`“".unicodeScalars.contains(scalars[begin - 1]))
        let isCapital = !isShouting && !beginsSentence && first.properties.isUppercase
        if hasDigit {
            words.append(Word(hash: hash, kind: .exact, isParticular: false))
        } else if let number = Word.numbers[hash] {
            words.append(Word(hash: number, kind: .exact, isParticular: false))
        } else if Word.negations.contains(hash) {
            words.append(Word(hash: hash, kind: .negation, isParticular: false))
        } else if Word.common.contains(hash) {
            words.append(Word(hash: hash, kind: .common, isParticular: false))
        } else {
            words.append(Word(hash: hash, kind: .content, isParticular: isQuoted || isCapital || count == 1))
        }
        return at
    }

    private func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        if scalar.isASCII {
            let byte = UInt8(scalar.value)
            bytes.append((0x41...0x5a).contains(byte) ? byte + 0x20 : byte)
        } else {
            bytes += Array(scalar.properties.lowercaseMapping.utf8)
        }
    }

    private func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            let value = scalar.value
            return (0x30...0x39).contains(value) || (0x41...0x5a).contains(value) || (0x61...0x7a).contains(value)
        }
        return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || scalar.properties.generalCategory == .nonspacingMark
    }

    private func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? ("0"..."9").contains(scalar) : scalar.properties.numericType != nil
    }

    private func isApostrophe(_ scalar: Unicode.Scalar) -> Bool { scalar == "'" || scalar == "’" || scalar == "‘" }

    private func groupsThousands(_ at: Int) -> Bool {
        guard at > 0, isDigit(scalars[at - 1]), at + 3 < scalars.count else { return false }
        guard (1...3).allSatisfy({ isDigit(scalars[at + $0]) }) else { return false }
        return at + 4 >= scalars.count || !isDigit(scalars[at + 4])
    }

    /// Minus signs of all kinds are one.
    private func plain(_ scalar: Unicode.Scalar) -> UInt32 { scalar == "−" ? 0x2d : scalar.value }

    /// A sign that calculates or compares. Signs that are also punctuation count beside a number only.
    private func isOperator(_ at: Int) -> Bool {
        let scalar = scalars[at]
        switch scalar {
        case "+", "=", "<", ">", "^", "%", "√", "×", "÷", "±": return true
        case "-", "−", "*", "/", "&", "|": return isBesideNumber(at) || (scalar == "*" && at > 0 && scalars[at - 1] == ")")
        case "!": return at + 1 < scalars.count && scalars[at + 1] == "="
        case "#": return at > 0 && isWordPart(scalars[at - 1])
        default: return !scalar.isASCII && scalar.properties.generalCategory == .mathSymbol
        }
    }

    private func isBesideNumber(_ at: Int) -> Bool {
        var next = at + 1, previous = at - 1
        while next < scalars.count, scalars[next].properties.isWhitespace { next += 1 }
        while previous >= 0, scalars[previous].properties.isWhitespace { previous -= 1 }
        return (next < scalars.count && isDigit(scalars[next])) || (previous >= 0 && isDigit(scalars[previous]))
    }
}
