import Transformers

/// Leads a teacher through the answer format: reasoning, its closing quote, the link, and there the scores of the four letters.
final class TeacherGuide: Guide {
    private enum Stage { case opening, reasoning, link, scoring, done }

    private let tokens: AnswerTokens
    private let sampling: Sampling
    private let mask: TokenMask?
    private let maximumTokens: Int
    private var stage = Stage.opening
    private var stoppedItself = false
    private let given: [Int]?
    /// Likeliest tokens noted before every token of the reasoning; 0 for none.
    private let watched: Int
    private var hasLooked = false

    /// The reasoning's tokens, without the closing quote.
    private(set) var reasoning: [Int] = []
    private(set) var scores: [Float] = []
    /// Before each token of the reasoning, the likeliest there over the whole vocabulary.
    private(set) var likeliest: [[TokenLikelihood]] = []

    /// The teacher reasons itself.
    /// - Parameter mask: what may stand in the reasoning, and the closing quote.
    init(tokens: AnswerTokens, sampling: Sampling, mask: TokenMask, maximumTokens: Int, watched: Int = 0) {
        self.watched = watched
        self.tokens = tokens
        self.sampling = sampling
        self.mask = mask
        self.maximumTokens = maximumTokens
        given = nil
    }

    /// The reasoning is given; without any, the bare letter is scored.
    init(tokens: AnswerTokens, reasoning: [Int]) {
        self.tokens = tokens
        self.reasoning = reasoning
        watched = 0
        given = reasoning
        sampling = .greedy
        mask = nil
        maximumTokens = reasoning.count
        stoppedItself = true
    }

    var ending: Label.Ending { stoppedItself ? .finished : .tokenLimit }

    func next() throws -> Demand {
        switch stage {
        case .opening:
            guard let given else {
                stage = .reasoning
                return .append(tokens.reasoningOpening)
            }
            stage = .scoring
            return .append(
                given.isEmpty ? tokens.answerOpening : tokens.reasoningOpening + given + [tokens.quote] + tokens.link)
        case .reasoning:
            if reasoning.count < maximumTokens {
                if watched > 0, !hasLooked { return .likeliest(watched) }
                return .sample(sampling, mask)
            }
            stage = .scoring
            return .append([tokens.quote] + tokens.link)
        case .link:
            stage = .scoring
            return .append(tokens.link)
        case .scoring:
            return .score(tokens.letters)
        case .done:
            return .finish
        }
    }

    func likeliest(_ tokens: [TokenLikelihood]) throws {
        likeliest.append(tokens)
        hasLooked = true
    }

    func sampled(_ token: Int) throws {
        hasLooked = false
        if token == tokens.quote {
            if watched > 0 { likeliest.removeLast() }
            stoppedItself = true
            stage = .link
        } else {
            reasoning.append(token)
        }
    }

    func scored(_ logProbabilities: [Float]) throws {
        scores = logProbabilities
        stage = .done
    }
}

/// The tokens that may stand in reasoning: no special ones, no quotes, backslashes or control characters, so that the text is a JSON
/// string without escapes; and the lone quote that ends it.
package enum ReasoningMask {
    package static func make(_ coder: any ChatCoder, quote: Int) -> TokenMask {
        TokenMask(vocabularySize: coder.vocabularySize) { token in
            if token == quote { return true }
            if coder.isSpecial(token) { return false }
            let bytes = coder.bytes(of: token)
            return !bytes.isEmpty && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        }
    }
}
