/// What the pre-tokenisers' patterns tell apart.
package enum ScalarClass: UInt8 {
    /// Neither letter, number nor white space: `[^\s\p{L}\p{N}]`.
    case other
    /// `\p{L}`
    case letter
    /// `\p{N}`
    case number
    /// U+0020 alone, which the patterns attach to the word behind it.
    case space
    /// `[\r\n]`
    case newline
    /// The rest of `\s`.
    case blank

    package var isWhitespace: Bool { rawValue >= ScalarClass.space.rawValue }

    /// By general category. Characters that came after Unicode 16 count as unassigned, as they do in the regex engine of
    /// the `tokenizers` library whose ids are the reference.
    package static func of(_ scalar: Unicode.Scalar) -> ScalarClass {
        scalar.value < 0x10000 ? plane0[Int(scalar.value)] : lookUp(scalar)
    }

    private static let plane0: [ScalarClass] = (0..<0x10000).map { value in
        Unicode.Scalar(UInt32(value)).map(lookUp) ?? .other
    }

    private static func lookUp(_ scalar: Unicode.Scalar) -> ScalarClass {
        switch scalar.value {
        case 0x20: return .space
        case 0x0A, 0x0D: return .newline
        default: break
        }
        let properties = scalar.properties
        let found: ScalarClass
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: found = .letter
        case .decimalNumber, .letterNumber, .otherNumber: found = .number
        default: return properties.isWhitespace ? .blank : .other
        }
        if let age = properties.age, age.major > 16 { return .other }
        return found
    }
}

/// A text as the pre-tokenisers see it: for each scalar its class and the byte it begins at.
struct ScannedText {
    private(set) var classes: [ScalarClass] = []
    /// One more than there are scalars; the last is the text's length in bytes.
    private(set) var starts: [Int] = []

    var count: Int { classes.count }

    /// - Parameter text: valid UTF-8.
    init(_ text: UnsafeBufferPointer<UInt8>) {
        classes.reserveCapacity(text.count)
        starts.reserveCapacity(text.count + 1)
        var index = 0
        while index < text.count {
            starts.append(index)
            let first = UInt32(text[index])
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            var value = length == 1 ? first : first & (0x7F >> UInt32(length))
            for offset in 1..<max(length, 1) { value = value << 6 | UInt32(text[index + offset]) & 0x3F }
            classes.append(Unicode.Scalar(value).map(ScalarClass.of) ?? .other)
            index += length
        }
        starts.append(text.count)
    }
}
