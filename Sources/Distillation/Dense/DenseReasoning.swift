import ContentHash
import Foundation

/// The likeliest tokens along a teacher's reasoning, most likely first.
public struct DenseReasoning: Codable, Sendable, Hashable {
    /// The teacher's tokens as text; together they are the reasoning, before it was brought into the form that a student is taught.
    public var pieces: [String]
    /// Tokens stored at every place.
    public var width: Int
    /// Log-probabilities [pieces, width] as 16-bit floats, little-endian; −∞ fills up places where the teacher gave fewer.
    public var logProbabilities: Data
    /// Their token ids [pieces, width] as 32-bit integers, little-endian; nil where the teacher's tokenizer is not the student's.
    public var ids: Data?
    /// Which tokenizer the ids belong to: a hash of its vocabulary.
    public var tokenizer: String?

    static let noID = UInt32.max

    /// - Parameter places: for each piece its likeliest tokens; ids where `tokenizer` is given.
    public init(pieces: [String], places: [[(id: Int?, logProbability: Double)]], width: Int, tokenizer: String?) {
        precondition(pieces.count == places.count, "one list of likeliest tokens for each piece")
        var values: [UInt16] = [], ids: [UInt32] = []
        for place in places {
            let known = tokenizer == nil ? place : place.filter { $0.id != nil }
            for rank in 0..<width {
                let entry = rank < known.count ? known[rank] : nil
                values.append(Float16(entry?.logProbability ?? -.infinity).bitPattern.littleEndian)
                ids.append((entry?.id.map { UInt32($0) } ?? Self.noID).littleEndian)
            }
        }
        self.pieces = pieces
        self.width = width
        self.tokenizer = tokenizer
        logProbabilities = values.withUnsafeBytes { Data($0) }
        self.ids = tokenizer == nil ? nil : ids.withUnsafeBytes { Data($0) }
    }

    /// The likeliest tokens at one place, without the fillers.
    /// - Returns: log-probabilities, likeliest first; ids parallel to them where the tokenizer is known.
    func place(_ index: Int) -> DenseTarget {
        var target = DenseTarget(ids: [], logProbabilities: [])
        for slot in index * width..<(index + 1) * width {
            let bits = UInt16(littleEndian: logProbabilities.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: slot * 2, as: UInt16.self) })
            let value = Double(Float16(bitPattern: bits))
            guard value.isFinite else { break }
            target.logProbabilities.append(value)
            if let ids {
                target.ids.append(Int(UInt32(littleEndian: ids.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: slot * 4, as: UInt32.self) })))
            }
        }
        return target
    }

    func flaw() -> String? {
        let slots = pieces.count * width
        if width < 1 || logProbabilities.count != slots * 2 || (ids.map { $0.count != slots * 4 } ?? false) {
            return "dense reasoning whose lists do not fit its \(pieces.count) pieces of \(width)"
        }
        return nil
    }
}

/// A teacher's likeliest tokens at one place.
public struct DenseTarget: Sendable, Hashable {
    /// In the student's vocabulary; empty where the tokenizers differ.
    public var ids: [Int]
    /// Likeliest first; their probabilities sum to at most 1, the rest being spread over all other tokens.
    public var logProbabilities: [Double]

    public init(ids: [Int], logProbabilities: [Double]) {
        self.ids = ids
        self.logProbabilities = logProbabilities
    }
}

/// A vocabulary to look up tokens in by their text, and its name.
public struct DenseVocabulary: Sendable {
    /// SHA-256 over all tokens' bytes in the order of their ids.
    public let identity: String
    private let ids: [[UInt8]: Int]

    public init(_ coder: any ChatCoder) {
        identity = Self.identity(of: coder)
        var ids: [[UInt8]: Int] = [:]
        for id in 0..<coder.vocabularySize where !coder.isSpecial(id) {
            let bytes = coder.bytes(of: id)
            if !bytes.isEmpty, ids[bytes] == nil { ids[bytes] = id }
        }
        self.ids = ids
    }

    public func id(of text: String) -> Int? { ids[Array(text.utf8)] }

    public static func identity(of coder: any ChatCoder) -> String {
        var all: [UInt8] = []
        for id in 0..<coder.vocabularySize {
            all += coder.bytes(of: id).flatMap { byte in [byte >> 4 + 0x40, byte & 15 + 0x40] }
            all.append(coder.isSpecial(id) ? 0x21 : 0x20)
        }
        return ContentHash.of(String(decoding: all, as: UTF8.self))
    }
}
