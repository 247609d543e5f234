/// A number as people write it in an answer, with what stands around it.
public struct NumberText: Sendable, Hashable {
    public let value: Double
    /// What is left without the number, in lower case: "cm", "$"; empty for a bare number. A percent sign is part of the value.
    public let unit: String

    /// Reads "12", "-3.5", "1,000", "1/2", "3 1/2", "50%", "$5", "12 cm", "seven".
    /// - Returns: nil for a text that is not one number with at most two words of unit.
    public init?(_ text: String) {
        var words = text.lowercased().replacing("−", with: "-").split(whereSeparator: \.isWhitespace).map(Self.bare)
        words.removeAll(where: \.isEmpty)
        guard let first = words.first else { return nil }
        if words.count == 1, let number = Self.named[first] {
            self.init(value: Double(number), unit: "")
            return
        }
        guard let lead = Self.leading(first) else { return nil }
        var value = lead.value, rest = lead.rest
        words.removeFirst()
        // "3 1/2"
        if rest.isEmpty, let next = words.first, next.contains("/"), let part = Self.leading(next), part.rest.isEmpty, part.value < 1,
            value == value.rounded()
        {
            value += value < 0 ? -part.value : part.value
            words.removeFirst()
        }
        if rest == "%" || (rest.isEmpty && words.first == "percent") {
            value /= 100
            if rest.isEmpty { words.removeFirst() }
            rest = ""
        }
        let unit = ([lead.sign + rest] + words).filter { !$0.isEmpty }
        guard unit.count <= 2, !unit.joined().contains(where: \.isNumber), unit.allSatisfy(Self.isUnit) else { return nil }
        self.init(value: value, unit: unit.joined(separator: " "))
    }

    private init(value: Double, unit: String) {
        self.value = value
        self.unit = unit
    }

    /// Whether both are the same amount: 0.5 and 1/2, but not 5 cm and 5 m.
    public func equals(_ other: NumberText) -> Bool { unit == other.unit && Self.near(value, other.value) }

    /// Equal but for what arithmetic in binary leaves.
    public static func near(_ a: Double, _ b: Double) -> Bool {
        a.isFinite && b.isFinite && abs(a - b) <= 1e-9 * max(1, abs(a), abs(b))
    }

    static let named: [String: Int] = [
        "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
        "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
        "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    ]

    /// Without punctuation at the end, which belongs to the sentence.
    private static func bare(_ word: Substring) -> String {
        var word = word
        while let last = word.last, ".,;:?!".contains(last) { word.removeLast() }
        return String(word)
    }

    private static func isUnit(_ text: String) -> Bool {
        text.allSatisfy { $0.isLetter || "$€£¥°²³/%".contains($0) }
    }

    /// The number that `word` begins with, its currency sign, and what follows without a space.
    private static func leading(_ word: String) -> (sign: String, value: Double, rest: String)? {
        var rest = Substring(word), negative = false, sign = ""
        while let first = rest.first, "-+$€£".contains(first) {
            if first == "-" { negative.toggle() } else if first != "+" { sign.append(first) }
            rest.removeFirst()
        }
        guard var value = number(&rest) else { return nil }
        if rest.first == "/", rest.dropFirst().first?.isNumber == true {
            rest.removeFirst()
            guard let divisor = number(&rest), divisor != 0 else { return nil }
            value /= divisor
        }
        return (sign, negative ? -value : value, String(rest))
    }

    /// Digits with commas between groups of three and at most one point.
    static func number(_ rest: inout Substring) -> Double? {
        var digits = "", hasPoint = false
        while let next = rest.first {
            if next.isASCII, next.isNumber {
                digits.append(next)
            } else if next == ".", !hasPoint, rest.dropFirst().first?.isASCII == true, rest.dropFirst().first?.isNumber == true {
                digits.append(next)
                hasPoint = true
            } else if next == ",", !hasPoint, !digits.isEmpty, isGroup(rest.dropFirst()) {
                rest.removeFirst()
                continue
            } else {
                break
            }
            rest.removeFirst()
        }
        return digits.first?.isNumber == true || hasPoint ? Double(digits) : nil
    }

    private static func isGroup(_ rest: Substring) -> Bool {
        let group = rest.prefix(4)
        return group.count >= 3 && group.prefix(3).allSatisfy { $0.isASCII && $0.isNumber } && group.dropFirst(3).first?.isNumber != true
    }
}
