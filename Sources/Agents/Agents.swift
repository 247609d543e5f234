/// The two agents of a team: one asks four-choice questions, one answers them, each within hard limits. Their replies are valid
/// JSON by construction, because a guide forces the skeleton, masks what may not stand in a string, keeps limits of words and
/// tokens, chooses the letter among four, and closes the reply before its deadline. Knows guides and agents, no rules of a
/// tournament; runs no model itself: whatever advances streams is handed in.
/// Imports Groundwork, Tokenizers, Transformers (its decoding protocols and Decoder), Questions, and Datasets for telling near-copies.
import Questions

/// Why a text that a model writes ended, and with it the reply.
public enum Ending: String, Codable, Sendable, Hashable, CaseIterable {
    /// The model closed the string.
    case closed
    /// The model wanted to end its turn inside the string; the guide closed it.
    case endToken = "end-token"
    /// The text would have become longer than its limit of words.
    case wordLimit = "word-limit"
    /// The text reached its limit of tokens.
    case tokenLimit = "token-limit"
    /// The clock said that closing must begin.
    case deadline
    /// Nothing was left to write: a reply in letter mode.
    case letterOnly = "letter-only"
    /// A question of the pool stands in for one that could not be finished in time.
    case pool
    /// Nothing was written: the question was refused.
    case refused
}
