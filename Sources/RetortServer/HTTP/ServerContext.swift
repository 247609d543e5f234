import Hummingbird
import NIOCore

/// What is known of a request beside its bytes.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Whose turn it is in the queue: clients are told apart by address.
    var client: String { channel.remoteAddress?.ipAddress ?? "local" }
}
