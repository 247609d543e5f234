import Questions

/// What training and labelling need of a tokenizer with its chat template.
public protocol ChatCoder: AnyObject, Sendable {
    /// Tokens of a text that holds no special tokens.
    func tokens(of text: String) -> [Int]
    func text(of tokens: [Int]) -> String
    func bytes(of token: Int) -> [UInt8]
    func isSpecial(_ token: Int) -> Bool
    var vocabularySize: Int { get }
    /// A system and a user message, up to where the assistant's reply begins.
    func prompt(system: String, user: String) throws -> [Int]
    /// The token that ends the assistant's reply.
    func endOfTurn() throws -> Int
}

/// The token ids of the answer format's fixed pieces, each tokenised alone as the format demands.
public struct AnswerTokens: Sendable, Hashable {
    public let reasoningOpening: [Int]
    /// The quote that ends a reasoning: one token, which a model learns to stop with.
    public let quote: Int
    /// What stands between that quote and the letter.
    public let link: [Int]
    /// Opens a reply without reasoning.
    public let answerOpening: [Int]
    /// A, B, C, D: one token each.
    public let letters: [Int]
    public let closing: [Int]
    public let endOfTurn: Int

    public init(coder: any ChatCoder) throws {
        func single(_ text: String) throws -> Int {
            let tokens = coder.tokens(of: text)
            guard tokens.count == 1 else {
                throw DistillationError.unsuitableTokenizer("\(text.debugDescription) takes \(tokens.count) tokens instead of one")
            }
            return tokens[0]
        }
        reasoningOpening = coder.tokens(of: AnswerFormat.reasoningOpening)
        quote = try single(AnswerFormat.answerLink[0])
        link = AnswerFormat.answerLink.dropFirst().flatMap { coder.tokens(of: $0) }
        answerOpening = coder.tokens(of: AnswerFormat.answerOpening)
        letters = try Letter.allCases.map { try single($0.rawValue) }
        closing = coder.tokens(of: AnswerFormat.closing)
        endOfTurn = try coder.endOfTurn()
        guard Set(letters).count == 4 else {
            throw DistillationError.unsuitableTokenizer("the letters A, B, C and D share a token")
        }
    }
}
