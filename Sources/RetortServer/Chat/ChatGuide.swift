import Groundwork
import Tokenizers
import Transformers

/// What a chat completion tells while it grows.
enum ChatEvent: Sendable {
    /// The prompt is taken; its tokens.
    case began(Int)
    case piece(ChatPiece)
    case ended(finish: String, tokens: Int)
}

/// One token, and the text that can be shown since the one before.
struct ChatPiece: Sendable {
    var text = ""
    /// Nil where none are wanted, and for what was held back to the end.
    var likelihood: Likelihood?

    struct Likelihood: Sendable {
        let token: TokenLikelihood
        let likeliest: [TokenLikelihood]
    }
}

/// Samples until the model ends its turn, a stop string stands in the text, the limit is reached or time runs out.
final class ChatGuide: Guide {
    private let request: ChatRequest
    private let limit: Int
    private let tokenizer: Tokenizer
    private let isOutOfTime: () -> Bool
    private let tell: (ChatPiece) -> Void
    private var text: StreamDecoder
    private var stop: StopText
    private var best: [TokenLikelihood]?
    /// Why it ended, by OpenAI's names; nil before.
    private(set) var finish: String?
    /// Tokens that the model wrote, the one that ended its turn among them.
    private(set) var count = 0

    /// - Parameters:
    ///   - limit: tokens at most.
    ///   - tell: gets every token's piece.
    init(
        _ request: ChatRequest, limit: Int, tokenizer: Tokenizer, isOutOfTime: @escaping () -> Bool, tell: @escaping (ChatPiece) -> Void
    ) {
        self.request = request
        self.limit = limit
        self.tokenizer = tokenizer
        self.isOutOfTime = isOutOfTime
        self.tell = tell
        text = StreamDecoder(tokenizer)
        stop = StopText(request.stops)
    }

    func next() -> Demand {
        if finish == nil, count >= limit || isOutOfTime() { end("length") }
        if finish != nil { return .finish }
        if let likeliest = request.likeliest, likeliest > 0, best == nil { return .likeliest(likeliest) }
        return .sample(request.sampling, nil)
    }

    func likeliest(_ tokens: [TokenLikelihood]) { best = tokens }

    func sampled(_ token: Int, logProbability: () -> Float) {
        count += 1
        defer { best = nil }
        if tokenizer.endTokens.contains(token) { return end("stop") }
        var piece = ChatPiece(text: stop.append(text.append(token)))
        if request.likeliest != nil {
            piece.likelihood = .init(token: TokenLikelihood(token: token, logProbability: logProbability()), likeliest: best ?? [])
        }
        tell(piece)
        if stop.isStopped { finish = "stop" }
    }

    func sampled(_ token: Int) { sampled(token) { 0 } }
    func scored(_ logProbabilities: [Float]) {}

    private func end(_ reason: String) {
        finish = reason
        let rest = stop.append(text.finish()) + stop.finish()
        if !rest.isEmpty { tell(ChatPiece(text: rest)) }
    }
}
