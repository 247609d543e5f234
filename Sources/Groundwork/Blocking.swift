import Foundation
import Synchronization

/// Waits in a synchronous place, such as a subcommand, for asynchronous work. Never to be called from asynchronous code.
public enum Blocking {
    public static func run<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
        let waiting = Waiting<T>()
        Task.detached {
            do {
                let value = try await body()
                waiting.end(.success(value))
            } catch {
                waiting.end(.failure(error))
            }
        }
        return try waiting.wait()
    }

    private final class Waiting<T: Sendable>: Sendable {
        private let result = Mutex<Result<T, any Error>?>(nil)
        private let done = DispatchSemaphore(value: 0)

        func end(_ value: Result<T, any Error>) {
            result.withLock { $0 = value }
            done.signal()
        }

        func wait() throws -> T {
            done.wait()
            guard let ended = result.withLock({ $0 }) else { preconditionFailure("it was waited for") }
            return try ended.get()
        }
    }
}
