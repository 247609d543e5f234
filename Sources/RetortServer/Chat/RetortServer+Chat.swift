import Checkpoints
import Groundwork
import Hummingbird
import Tokenizers
import Transformers

extension RetortServer {
    /// `POST /v1/chat/completions`.
    func chat(_ request: Request, _ context: ServerContext) async throws -> Response {
        let chat = try ChatRequest(await JSONFields(request, most: settings.bodyBytes), settings)
        let name = chat.model ?? models.standard, adapter = try models.adapter(name)
        let models = models
        let events = try begin("/v1/chat/completions", context, limit: chat.deadline) { (work, tell: @escaping @Sendable (ChatEvent) -> Void) in
            let prompt = try models.tokenizer.encodeChat(chat.messages, generationPrompt: true)
            let room = models.capacity - prompt.count
            guard room > 0 else { throw ModelError.tooLong(tokens: prompt.count + 1, context: models.capacity) }
            tell(.began(prompt.count))
            let guide = ChatGuide(
                chat, limit: min(chat.maxTokens ?? room, room), tokenizer: models.tokenizer,
                isOutOfTime: { work.remainingForWork <= .zero }, tell: { tell(.piece($0)) })
            try models.run([Transformers.Stream(prompt: prompt, guide: guide, seed: chat.seed)], adapter: adapter)
            tell(.ended(finish: guide.finish ?? "stop", tokens: guide.count))
        }
        let reply = ChatReply(model: name, tokenizer: models.tokenizer)
        return chat.streams ? try await stream(events, chat, reply) : try await whole(events, chat, reply)
    }

    private func whole(
        _ events: AsyncThrowingStream<ChatEvent, any Error>, _ chat: ChatRequest, _ reply: ChatReply
    ) async throws -> Response {
        var text = "", likelihoods: [ChatPiece.Likelihood] = [], prompt = 0
        for try await event in events {
            switch event {
            case .began(let tokens): prompt = tokens
            case .piece(let piece):
                text += piece.text
                if let likelihood = piece.likelihood { likelihoods.append(likelihood) }
            case .ended(let finish, let tokens):
                return Response(.ok, reply.whole(
                    text, chat.likeliest == nil ? nil : likelihoods, finish: finish, prompt: prompt, written: tokens))
            }
        }
        throw HTTPProblem.cancelled
    }

    /// The status waits for the first event, so that a prompt that cannot be taken is an error and not a broken stream.
    private func stream(
        _ events: AsyncThrowingStream<ChatEvent, any Error>, _ chat: ChatRequest, _ reply: ChatReply
    ) async throws -> Response {
        let usage: JSONValue? = chat.includesUsage ? .null : nil
        return try await Self.eventStream(events) { event, state in
            switch event {
            case .began(let tokens):
                state = tokens
                return ServerSentEvent.text(nil, reply.chunk(role: true, text: "", usage: usage))
            case .piece(let piece):
                if piece.text.isEmpty, piece.likelihood == nil { return "" }
                return ServerSentEvent.text(nil, reply.chunk(text: piece.text, piece.likelihood, usage: usage))
            case .ended(let finish, let tokens):
                let last = ServerSentEvent.text(nil, reply.chunk(finish: finish, usage: usage))
                return last + (chat.includesUsage ? ServerSentEvent.text(nil, reply.usageChunk(state, tokens)) : "") + ServerSentEvent.text(nil, "[DONE]")
            }
        }
    }

    /// A response whose events are made of what work tells. What fails before the first event is thrown; what fails later becomes an event.
    /// - Parameter text: the event's text, empty for none; keeps a number from one event to the next.
    static func eventStream<Event: Sendable>(
        _ events: AsyncThrowingStream<Event, any Error>, _ text: @escaping @Sendable (Event, inout Int) -> String
    ) async throws -> Response {
        let (texts, written) = AsyncStream<String>.makeStream()
        let (first, began) = AsyncThrowingStream<Void, any Error>.makeStream()
        let reading = Task {
            var state = 0, isFirst = true
            do {
                for try await event in events {
                    let text = text(event, &state)
                    if !text.isEmpty { written.yield(text) }
                    if isFirst { began.finish() }
                    isFirst = false
                }
            } catch {
                if !isFirst { written.yield(ServerSentEvent.text("error", HTTPProblem(error).json)) }
                began.finish(throwing: error)
            }
            began.finish()
            written.finish()
        }
        // A reader that stops reading ends the work: the task's end ends the events.
        written.onTermination = { if case .cancelled = $0 { reading.cancel() } }
        for try await _ in first {}
        return Response(events: texts)
    }
}
