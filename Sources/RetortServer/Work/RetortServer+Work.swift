import Agents
import Groundwork
import Hummingbird
import Transformers

extension RetortServer {
    /// Puts work into the queue and gives back what it tells, as it does.
    ///
    /// The stream ends with an `HTTPProblem` where something went wrong. Whoever stops listening to it, or closes the connection, ends the work.
    /// - Parameters:
    ///   - limit: from now to the last event.
    ///   - watch: turns what the streams say into events; nil where nobody wants to know.
    func begin<Event: Sendable>(
        _ path: String, _ context: ServerContext, limit: Duration, watch: (@Sendable (RequestWork.News) -> Event?)? = nil,
        _ work: @escaping @Sendable (RequestWork, _ tell: @escaping @Sendable (Event) -> Void) throws -> Void
    ) throws(HTTPProblem) -> AsyncThrowingStream<Event, any Error> {
        let (events, told) = AsyncThrowingStream<Event, any Error>.makeStream()
        var watcher: (@Sendable (RequestWork.News) -> Void)?
        if let watch {
            watcher = { news in
                if let event = watch(news) { told.yield(event) }
            }
        }
        let request = RequestWork(limit: limit, watch: watcher)
        let channel = context.channel
        let id: UInt64
        do {
            id = try queue.add(client: context.client, kind: path, limit: limit) {
                let problem = attempt(request) { try work(request) { told.yield($0) } }
                connections.end(channel)
                metrics.ended(path, request, problem)
                told.finish(throwing: problem)
                // Of work that nobody waited for, nothing is learnt.
                return request.cancellation.isRequested ? 0.95 : request.elapsed / request.limit
            } dropped: {
                connections.end(channel)
                metrics.ended(path, request, HTTPProblem.cancelled)
                told.finish(throwing: HTTPProblem.cancelled)
            }
        } catch {
            throw HTTPProblem.busy(error.retryAfter)
        }
        let stop: @Sendable () -> Void = {
            request.cancellation.request()
            queue.remove(id)
        }
        told.onTermination = { if case .cancelled = $0 { stop() } }
        connections.begin(channel, stop: stop)
        return events
    }

    private func attempt(_ request: RequestWork, _ work: () throws -> Void) -> HTTPProblem? {
        do {
            if request.cancellation.isRequested { throw HTTPProblem.cancelled }
            guard request.remainingForWork > .zero else { throw HTTPProblem.late }
            try RequestWork.$current.withValue(request) { try work() }
            return nil
        } catch {
            return HTTPProblem(error)
        }
    }
}
