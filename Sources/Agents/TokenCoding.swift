/// What guided decoding needs of a tokenizer.
public protocol TokenCoding: AnyObject, Sendable {
    var vocabularySize: Int { get }
    /// All tokens that end a turn.
    var endTokens: Set<Int> { get }
    /// - Parameter specialTokens: whether special tokens inside `text` are recognised; never for text that comes from outside.
    func encode(_ text: String, specialTokens: Bool) -> [Int]
    func bytes(of id: Int) -> [UInt8]
    /// Whether a token was added to the byte-level vocabulary, as all special tokens are: none of these is text.
    func isAdded(_ id: Int) -> Bool
    /// The chat prompt up to where the assistant's reply begins, in the checkpoint's own template.
    func prompt(system: String, user: String) throws -> [Int]
}

extension TokenCoding {
    /// Tokens of a text of our own or of a model, in which nothing is a special token.
    package func plain(_ text: String) -> [Int] { encode(text, specialTokens: false) }

    /// How many tokens a tournament's checks count for `text`.
    public func count(_ text: String) -> Int { plain(text).count }
}
