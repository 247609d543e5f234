/// The letter of one of the four choices.
public enum Letter: String, Codable, CaseIterable, Sendable, Comparable, CustomStringConvertible {
    case A, B, C, D

    /// 0 for A … 3 for D.
    public var index: Int {
        switch self {
        case .A: 0
        case .B: 1
        case .C: 2
        case .D: 3
        }
    }

    /// The letter at `index`, or nil outside 0...3.
    public init?(index: Int) {
        guard Letter.allCases.indices.contains(index) else { return nil }
        self = Letter.allCases[index]
    }

    public var description: String { rawValue }

    public static func < (left: Letter, right: Letter) -> Bool { left.index < right.index }
}

/// What a specialist adapter is for. `other` holds what none of the four specialists covers.
public enum Domain: String, Codable, CaseIterable, Sendable, CustomStringConvertible {
    case math, code, stem, humanities, other

    /// The domains that have a specialist and a generator.
    public static let specialist: [Domain] = [.math, .code, .stem, .humanities]

    public var description: String { rawValue }
}
