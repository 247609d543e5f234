/// Works through pieces side by side, holding only those under way: memory does not grow with their number, and the next piece is
/// drawn when one is done, so a slow consumer or a slow server slows the source down.
public enum BoundedRun {
    private enum Event<Outcome: Sendable>: Sendable {
        case done(Outcome)
        case failed(any Error)
        case interrupted
    }

    /// - Parameters:
    ///   - limit: pieces under way at most.
    ///   - next: the next piece, nil at the end; never called twice at once. While it waits, nothing that was done is taken.
    ///   - work: runs side by side and is cancelled when the run ends early.
    ///   - take: gets every outcome exactly once, one after another, in the order in which they were done. It runs here, so it may hold a
    ///     file that is not `Sendable`.
    /// - Throws: `Interrupted` when the user asks to stop, `CancellationError` when the task is cancelled, else the first error of
    ///   `next`, `work` or `take`. What is done by then is taken first (unless `take` failed); what is under way is cancelled and waited for.
    public static func run<Piece: Sendable, Outcome: Sendable>(
        atOnce limit: Int, isInterrupted: @escaping @Sendable () -> Bool = { Interruption.isRequested },
        next: () async throws -> Piece?, work: @escaping @Sendable (Piece) async throws -> Outcome, take: (Outcome) throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Event<Outcome>.self) { group in
            group.addTask {
                while !isInterrupted(), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(50)) }
                return .interrupted
            }
            var underWay = 0, isDrawn = false, canTake = true
            var failure: (any Error)?
            func receive(_ event: Event<Outcome>) {
                switch event {
                case .done(let outcome):
                    underWay -= 1
                    guard canTake else { return }
                    do {
                        try take(outcome)
                    } catch {
                        canTake = false
                        failure = failure ?? error
                    }
                case .failed(let error):
                    underWay -= 1
                    failure = failure ?? error
                case .interrupted:
                    failure = failure ?? (isInterrupted() ? Interrupted() : CancellationError())
                }
            }
            while failure == nil {
                if !isDrawn, underWay < max(1, limit), !isInterrupted() {
                    do {
                        guard let piece = try await next() else {
                            isDrawn = true
                            continue
                        }
                        underWay += 1
                        group.addTask {
                            do { return .done(try await work(piece)) } catch { return .failed(error) }
                        }
                    } catch {
                        failure = error
                    }
                } else if isDrawn, underWay == 0 {
                    break
                } else if let event = try await group.next() {
                    receive(event)
                }
            }
            group.cancelAll()
            // The watcher's own end is no failure once all is done.
            let outcome = failure
            while let event = try await group.next() { receive(event) }
            if let failure = outcome ?? (canTake ? nil : failure) { throw failure }
        }
    }

    /// The same for pieces that are at hand, such as lazily read lines of a file.
    public static func run<Pieces: Sequence, Outcome: Sendable>(
        _ pieces: Pieces, atOnce limit: Int, isInterrupted: @escaping @Sendable () -> Bool = { Interruption.isRequested },
        work: @escaping @Sendable (Pieces.Element) async throws -> Outcome, take: (Outcome) throws -> Void
    ) async throws where Pieces.Element: Sendable {
        var iterator = pieces.makeIterator()
        try await run(atOnce: limit, isInterrupted: isInterrupted, next: { iterator.next() }, work: work, take: take)
    }
}
