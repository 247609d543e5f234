import Foundation
import Synchronization
import Testing

import Torch

@Suite struct CrewTests {
    /// Every step reads what other pieces wrote in the step before: whatever is skipped, done twice or not waited for is seen.
    private static func walked(steps: Int, of count: Int, grain: Int = 1, places: Int? = nil, in library: Libtorch) -> Bool {
        let numbers = UnsafeMutablePointer<Int>.allocate(capacity: 2 * count), visits = (0..<count).map { _ in Counter() }
        numbers.initialize(repeating: 0, count: 2 * count)
        defer { numbers.deallocate() }
        Crew.walk(library, places: places) { member in
            for step in 1...steps {
                let (old, new) = (numbers + (step + 1) % 2 * count, numbers + step % 2 * count)
                member.share(count, grain: grain) { range in
                    for index in range {
                        new[index] = old[(7 * index + 1) % count] + 1
                        visits[index].value.add(1, ordering: .relaxed)
                    }
                }
                member.share(0) { _ in preconditionFailure("a step without pieces has none") }
            }
        }
        return (0..<count).allSatisfy { numbers[steps % 2 * count + $0] == steps && visits[$0].value.load(ordering: .relaxed) == steps }
    }

    private final class Counter: Sendable { let value = Atomic(0) }

    @Test(arguments: [1, 2, 3, 1000], [1, 8]) func everyPieceIsDoneOnceAndStepsFollowOneAnother(count: Int, grain: Int) throws {
        #expect(try Self.walked(steps: 500, of: count, grain: grain, in: .open()))
    }

    /// OpenMP may give fewer threads than were asked for: one then counts for several places.
    @Test(arguments: [1, 2, 5, 9]) func anyNumberOfPlacesComesToTheEnd(places: Int) throws {
        let library = try Libtorch.open()
        #expect(Self.walked(steps: 50, of: 40, places: places * library.threads + 1, in: library))
        #expect(Self.walked(steps: 50, of: 40, places: places, in: library))
    }

    /// Where libtorch's threads are at work already, one of them walks alone.
    @Test func aWalkInsideOfAForkIsDoneByOneThread() throws {
        let library = try Libtorch.open(), right = Atomic(0)
        library.parallel(2, grain: 1) { range in
            for _ in range where Self.walked(steps: 20, of: 40, in: library) { right.add(1, ordering: .relaxed) }
        }
        #expect(right.load(ordering: .relaxed) == 2)
    }

    @Test func severalWalkAtOnce() async throws {
        let library = try Libtorch.open()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 { group.addTask { Self.walked(steps: 100, of: 200, in: library) } }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test func outsideAWalkEveryStepForks() throws {
        let library = try Libtorch.open(), sum = Atomic(0)
        Crew.Member.forking(library).share(1000, grain: 8) { range in sum.add(range.reduce(0, +), ordering: .relaxed) }
        #expect(sum.load(ordering: .relaxed) == 499_500)
    }
}
