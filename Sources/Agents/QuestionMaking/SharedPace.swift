import Synchronization

/// The pace that all requests of an agent measure together.
final class SharedPace: Sendable {
    private let pace = Mutex(MakingPace())

    var value: MakingPace { pace.withLock { $0 } }

    func note(_ stage: MakingStage, streams: Int, _ duration: Duration) {
        pace.withLock { $0.note(stage, streams: streams, duration) }
    }
}
