import Foundation

/// Unicode's composed normal form (NFC, UAX 15), as the `tokenizers` library computes it: with the data of Unicode 9, so marks
/// that came later neither move nor combine.
///
/// Foundation's own form is not used on text: it leaves a Hangul syllable and a following trailing consonant apart and does not
/// sort what U+0F73, U+0F75 and U+0F81 fall into. Only its per-character decompositions are read, once.
package enum ComposedForm {
    /// The composed form of `text`, or nil where that is the text itself.
    static func of(_ text: UnsafeBufferPointer<UInt8>) -> String? {
        // Below U+0300 (lead byte 0xCC) every text is in composed form already.
        guard text.contains(where: { $0 >= 0xCC }) else { return nil }
        let source = String(decoding: text, as: UTF8.self).unicodeScalars
        guard source.contains(where: { tables.mayChange($0.value) }) else { return nil }
        var scalars: [(value: UInt32, order: UInt8)] = []
        for scalar in source { decompose(scalar.value, into: &scalars) }
        sort(&scalars)
        var result = String.UnicodeScalarView()
        for value in compose(scalars) {
            if let scalar = Unicode.Scalar(value) { result.append(scalar) }
        }
        return String(result)
    }

    package static func of(_ text: String) -> String {
        var text = text
        return text.withUTF8 { of($0) } ?? text
    }

    // Hangul syllables are computed: Unicode, section 3.12.
    private static let syllables: ClosedRange<UInt32> = 0xAC00...0xD7A3
    private static let (leading, vowel, trailing): (UInt32, UInt32, UInt32) = (0x1100, 0x1161, 0x11A7)
    private static let (vowelCount, trailingCount): (UInt32, UInt32) = (21, 28)

    private static func decompose(_ value: UInt32, into scalars: inout [(value: UInt32, order: UInt8)]) {
        if syllables.contains(value) {
            let index = value - syllables.lowerBound
            scalars.append((leading + index / (vowelCount * trailingCount), 0))
            scalars.append((vowel + index % (vowelCount * trailingCount) / trailingCount, 0))
            if index % trailingCount > 0 { scalars.append((trailing + index % trailingCount, 0)) }
        } else if let parts = tables.decompositions[value] {
            for part in parts { scalars.append((part, order(part))) }
        } else {
            scalars.append((value, order(value)))
        }
    }

    /// The canonical combining class by which marks are sorted; 0 for what starts a character.
    private static func order(_ value: UInt32) -> UInt8 {
        // U+0EBA got its class in Unicode 12, long after the character.
        guard value >= 0x300, value != 0xEBA, let properties = Unicode.Scalar(value)?.properties else { return 0 }
        let order = properties.canonicalCombiningClass.rawValue
        return order == 0 || (properties.age?.major ?? 0) > 9 ? 0 : order
    }

    private static func sort(_ scalars: inout [(value: UInt32, order: UInt8)]) {
        var start = 0
        while start < scalars.count {
            if scalars[start].order == 0 {
                start += 1
                continue
            }
            let end = scalars[start...].firstIndex { $0.order == 0 } ?? scalars.count
            // The index keeps marks of one class in their order.
            let sorted = scalars[start..<end].enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }
            scalars.replaceSubrange(start..<end, with: sorted.map(\.element))
            start = end
        }
    }

    private static func compose(_ scalars: [(value: UInt32, order: UInt8)]) -> [UInt32] {
        var result: [UInt32] = []
        var starter: Int?
        // The class of what stands between the starter and here; nil when nothing does.
        var between: UInt8?
        for (value, order) in scalars {
            if let starter, between.map({ $0 < order && $0 > 0 }) ?? true, let composite = composite(result[starter], value) {
                result[starter] = composite
                continue
            }
            result.append(value)
            if order == 0 {
                starter = result.count - 1
                between = nil
            } else {
                between = order
            }
        }
        return result
    }

    private static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if (leading..<leading + 19).contains(first), (vowel..<vowel + vowelCount).contains(second) {
            return syllables.lowerBound + ((first - leading) * vowelCount + second - vowel) * trailingCount
        }
        if syllables.contains(first), (first - syllables.lowerBound) % trailingCount == 0,
            (trailing + 1..<trailing + trailingCount).contains(second)
        {
            return first + second - trailing
        }
        return tables.composites[UInt64(first) << 32 | UInt64(second)].map(UInt32.init)
    }

    private struct Tables: Sendable {
        /// Full canonical decompositions, Hangul apart.
        var decompositions: [UInt32: [UInt32]] = [:]
        /// first << 32 | second -> the character that both make.
        var composites = IntegerTable(minimumCapacity: 2048)
        private var flags: [Bool]

        /// Whether the character is changed by the form, or may change or join what stands before it.
        func mayChange(_ value: UInt32) -> Bool { value < flags.count && flags[Int(value)] }

        /// All characters with a canonical decomposition lie in these blocks.
        private static let blocks: [ClosedRange<UInt32>] = [
            0xC0...0x30FF, 0xF900...0xFB4F, 0x11000...0x11FFF, 0x1D100...0x1D1FF, 0x2F800...0x2FA1F,
        ]

        init() {
            flags = [Bool](repeating: false, count: 0x30000)
            for value in 0x300..<UInt32(flags.count) where order(value) != 0 { flags[Int(value)] = true }
            var pairs: [(whole: UInt32, parts: [UInt32])] = []
            for value in Self.blocks.joined() {
                guard let scalar = Unicode.Scalar(value), (scalar.properties.age?.major ?? 99) <= 9 else { continue }
                let parts = String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
                if parts == [value] { continue }
                decompositions[value] = parts
                let isStable = String(scalar).precomposedStringWithCanonicalMapping.unicodeScalars.elementsEqual([scalar])
                if isStable && parts.count > 1 { pairs.append((value, parts)) } else { flags[Int(value)] = true }
            }
            // A decomposition of three is that of the composite of its first two, and a third.
            for (whole, parts) in pairs.sorted(by: { $0.parts.count < $1.parts.count }) {
                var first = UInt64(parts[0])
                for part in parts[1..<parts.count - 1] { first = composites[first << 32 | UInt64(part)] ?? first }
                composites.set(first << 32 | UInt64(parts[parts.count - 1]), UInt64(whole))
                flags[Int(parts[parts.count - 1])] = true
            }
            for value in Int(vowel)..<Int(vowel + vowelCount) { flags[value] = true }
            for value in Int(trailing + 1)..<Int(trailing + trailingCount) { flags[value] = true }
        }
    }

    private static let tables = Tables()
}
