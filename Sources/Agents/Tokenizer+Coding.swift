import Tokenizers

extension Tokenizer: TokenCoding {
    public func prompt(system: String, user: String) throws -> [Int] {
        try encodeChat([Message(role: .system, text: system), Message(role: .user, text: user)], generationPrompt: true)
    }
}
