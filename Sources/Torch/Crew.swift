import Foundation
import ProcessorHints
import Synchronization

/// libtorch's threads on their way through work of many short steps.
///
/// A fork and a join for every step cost some ten microseconds, and one token of a decoder has 150 steps, with an adapter 270. Who walks is
/// forked once: pieces of a step are taken from a counter, so that a thread that was held up takes fewer, and who finds none left
/// waits for the others by looking at a number in memory.
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
    // Every one of these numbers is written by one thread while others look at it, so each has a line of memory (64 bytes, fetched in pairs) to itself.
    private let next = Atomic(0)
    private let padding: Line = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    /// Places that have not come to the end of this step.
    private let missing: Atomic<Int>
    private let morePadding: Line = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    private let steps = Atomic(0)

    private typealias Line = (Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int)

    private init(members: Int) {
        self.members = members
        missing = Atomic(members)
    }

    /// Every thread calls `body` and goes through the same steps in the same order.
    package static func walk(_ library: Libtorch, _ body: (Member) -> Void) {
        let crew = Crew(members: library.threads)
        // OpenMP gives each thread one range, and may give fewer threads than were asked for: a thread counts for all places of its range.
        library.parallel(crew.members, grain: 1) { body(Member(library: library, crew: crew, weight: $0.count)) }
    }

    /// Looks, some ten microseconds of them, after which a thread lets others have its processor.
    private static let looks = 500

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
            if looks < Self.looks { relaxProcessor() } else { sched_yield() }
        }
    }

    /// The next pieces that nobody has: half of a fair share of what is left, so that all come to the end together.
    private func take(of count: Int, grain: Int) -> Range<Int>? {
        var first = next.load(ordering: .relaxed)
        while first < count {
            let end = min(count, first + max(grain, (count - first) / (2 * members)))
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
