/// A prompt in pieces, each computed in a pass of its own, so that the clock is looked at between them: a pass that runs
/// cannot be stopped, and one over ten thousand tokens would take its time.
public struct PromptReading: Sendable {
    /// Tokens of one pass at most.
    public static let piece = 512
    /// A pass over fewer is not worth its reading of all weights.
    private static let leastPiece = 32
    /// The share of an answer's time that one pass takes at most on a machine as fast as it is known to be, so that it may be several times
    /// as slow before a pass is what makes an answer late.
    private static let shareOfLimit = 1.0 / 8

    private var pieces: ArraySlice<[Int]>
    /// Tokens of the whole prompt.
    public let total: Int
    /// Tokens of other prompts that are likely to be read in the same pass.
    let beside: Int

    /// - Parameters:
    ///   - beside: tokens of the other prompts of the same request.
    ///   - piece: tokens of one pass at most.
    public init(_ prompt: [Int], beside: Int = 0, piece: Int = PromptReading.piece) {
        total = prompt.count
        self.beside = min(beside, max(0, Self.together - prompt.count))
        // Pieces of one length: a short rest costs nearly as much as a whole piece.
        let count = (prompt.count + piece - 1) / piece
        pieces = (0..<count).map { Array(prompt[prompt.count * $0 / count..<prompt.count * ($0 + 1) / count]) }[...]
    }

    /// Tokens of one pass for answers with such a limit on a machine of such a speed.
    static func piece(within limit: Duration?, _ speed: AnswerSpeed?) -> Int {
        guard let limit, let token = speed?.promptToken, token > .zero else { return piece }
        return Int(min(Double(piece), max(Double(leastPiece), limit * shareOfLimit / token)))
    }

    /// A decoder starts no more prompts together than have about so many tokens.
    private static let together = 2_048

    /// What the stream begins with.
    public var start: [Int] { pieces.first ?? [] }
    /// Tokens of the piece that comes next, and of those behind it.
    var next: Int { start.count }
    var rest: Int { pieces.dropFirst().reduce(0) { $0 + $1.count } + beside }
    var isLast: Bool { pieces.count <= 1 }

    /// The present piece was read.
    /// - Returns: the one to read now.
    mutating func advance() -> [Int] {
        pieces = pieces.dropFirst()
        return start
    }
}
