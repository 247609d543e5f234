import Foundation

/// Finds the teacher's tokens that begin where the student's do.
///
/// Places are counted in bytes without white space, since what a student is taught has its line ends and spaces brought in order; quotes
/// and backslashes, which the answer format replaces, count as what replaces them. Behind the first byte in which both texts
/// differ nothing is aligned.
struct DenseAlignment {
    private let dense: DenseReasoning
    private let stream: [UInt8]
    /// By the byte at which it begins, the piece that begins there with something visible.
    private var starts: [Int: Int] = [:]

    init(_ dense: DenseReasoning) {
        self.dense = dense
        var stream: [UInt8] = []
        for (index, piece) in dense.pieces.enumerated() {
            let visible = Self.normalised(Array(piece.utf8)).filter { !Self.isBlank($0) }
            if !visible.isEmpty { starts[stream.count] = index }
            stream += visible
        }
        self.stream = stream
    }

    /// - Parameters:
    ///   - tokens: the bytes of each of the student's tokens, in order.
    ///   - sharesTokenizer: whether only the same token counts as the same place, as it must where ids are compared.
    /// - Returns: for each token the teacher's likeliest there, or nil.
    func targets(for tokens: [[UInt8]], sharesTokenizer: Bool) -> [DenseTarget?] {
        let visible = tokens.map { Self.normalised($0).filter { !Self.isBlank($0) } }
        let agreed = zip(stream, visible.joined()).prefix { $0 == $1 }.count
        var place = 0
        return tokens.indices.map { index in
            defer { place += visible[index].count }
            guard !visible[index].isEmpty, place + visible[index].count <= agreed, let piece = starts[place] else { return nil }
            if sharesTokenizer, Array(dense.pieces[piece].utf8) != tokens[index] { return nil }
            let target = dense.place(piece)
            return target.logProbabilities.isEmpty ? nil : target
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    /// As `AnswerFormat.sanitise` replaces quotes and backslashes.
    private static func normalised(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if at + 2 < bytes.count, bytes[at] == 0xe2, bytes[at + 1] == 0x80, (0x9c...0x9e).contains(bytes[at + 2]) {
                result.append(UInt8(ascii: "'"))
                at += 3
                continue
            }
            switch bytes[at] {
            case UInt8(ascii: "\""): result.append(UInt8(ascii: "'"))
            case UInt8(ascii: "\\"): result.append(UInt8(ascii: "/"))
            case let byte: result.append(byte)
            }
            at += 1
        }
        return result
    }
}
