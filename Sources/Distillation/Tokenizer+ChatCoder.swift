import Tokenizers

extension Tokenizer: ChatCoder {
    public func tokens(of text: String) -> [Int] { encode(text, specialTokens: false) }

    public func text(of tokens: [Int]) -> String { decode(tokens, skippingSpecial: true) }

    public func prompt(system: String, user: String) throws -> [Int] {
        try encodeChat([Message(role: .system, text: system), Message(role: .user, text: user)], generationPrompt: true)
    }

    public func endOfTurn() throws -> Int {
        let token = try chatTemplate().endOfTurn
        guard let id = id(of: token) else {
            throw DistillationError.unsuitableTokenizer("the template's end of turn, \(token), is not in the vocabulary")
        }
        return id
    }
}
