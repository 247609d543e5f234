import Foundation
import ProcessorHints
import Synchronization

/// libtorch's threads on their way through work of many short steps.
///
/// A fork and a join for every step cost some ten microseconds, and a decoder's token has 240 steps, with an adapter beside the weights 360. Who
/// walks is forked once: pieces of a step are taken from a counter, so that a thread that was held up takes fewer, and who finds none left
/// waits for the others by looking at a number in memory.
///
/// It relies on OpenMP, by which libtorch is built: all threads of a fork run side by side. A pool that queues its work could wait for ever.
package final class Crew: Sendable {
    /// One of the threads; or, outside a walk, the caller, for whom every step forks.
    package struct Member {
        fileprivate let library: Libtorch
        /// Nil outside a walk.
        fileprivate let crew: Crew?
        /// How many threads' places this one takes.
        fileprivate let weight: Int
    }

    private let members: Int
    // A number that one thread writes while others look at another in the same line of memory (64 bytes, fetched in pairs) holds them up.
    private let padding: Line = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    /// The first piece of this step that nobody has.
    private let next = Atomic(0)
    private let secondPadding: Line = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    /// Places that have not come to the end of this step.
    private let missing: Atomic<Int>
    private let thirdPadding: Line = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    /// Steps that are done.
    private let steps = Atomic(0)
    private let lastPadding: Line = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    private typealias Line = (Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int)

    private init(members: Int) {
        self.members = members
        missing = Atomic(members)
    }

    /// Every thread calls `body` and goes through the same steps in the same order.
    /// - Parameter places: for how many threads; as many as libtorch has where nil.
    package static func walk(_ library: Libtorch, places: Int? = nil, _ body: (Member) -> Void) {
        let crew = Crew(members: places ?? library.threads)
        // A thread gets one range, and there may be fewer than were asked for: it counts for all places of its range.
        library.parallel(crew.members, grain: 1) { body(Member(library: library, crew: crew, weight: $0.count)) }
    }

    /// Looks, some microseconds of them, after which a waiting thread lets others have its processor, and after which it sleeps.
    private static let looks = (busy: 500, yielding: 1_000)

    private func wait(_ weight: Int) {
        let step = steps.load(ordering: .relaxed)
        if missing.subtract(weight, ordering: .acquiringAndReleasing).newValue == 0 {
            next.store(0, ordering: .relaxed)
            missing.store(members, ordering: .relaxed)
            steps.store(step + 1, ordering: .releasing)
            return
        }
        var looks = 0
        while steps.load(ordering: .acquiring) == step {
            looks += 1
            if looks < Self.looks.busy {
                relaxProcessor()
            } else if looks < Self.looks.yielding {
                sched_yield()
            } else {
                usleep(50)
            }
        }
    }

    /// The next pieces that nobody has: three quarters of a fair share of what is left, so that all come to the end together, and few begin anew.
    private func take(of count: Int, grain: Int) -> Range<Int>? {
        var first = next.load(ordering: .relaxed)
        while first < count {
            let end = members == 1 ? count : min(count, first + max(grain, 3 * (count - first) / (4 * members)))
            let (isMine, now) = next.compareExchange(expected: first, desired: end, ordering: .relaxed)
            if isMine { return first..<end }
            first = now
        }
        return nil
    }
}

extension Crew.Member {
    /// For steps of a caller that does not walk.
    package static func forking(_ library: Libtorch) -> Crew.Member { Crew.Member(library: library, crew: nil, weight: 1) }

    /// A step: `body` is called with ranges that together are `0..<count`, and all of them are done when this returns.
    ///
    /// - Parameter grain: the fewest pieces that are worth a thread.
    package func share(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
        guard count > 0 else { return }
        guard let crew else { return library.parallel(count, grain: grain, body) }
        while let range = crew.take(of: count, grain: grain) { body(range) }
        crew.wait(weight)
    }
}
