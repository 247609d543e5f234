import NIOCore
import Synchronization

/// Knows which connections are open and what is being done for each, so that work nobody waits for any more is stopped.
final class ConnectionWatch: Sendable {
    private struct Connection {
        var isGone = false
        var stop: (@Sendable () -> Void)?
    }

    private let connections = Mutex([ObjectIdentifier: Connection]())

    /// A handler for one connection's pipeline.
    func handler() -> some RemovableChannelHandler { Handler(watch: self) }

    /// Work begins for a connection; `stop` is called if its client goes, at once if it has gone already.
    func begin(_ channel: any Channel, stop: @escaping @Sendable () -> Void) {
        let isGone = connections.withLock { connections in
            connections[ObjectIdentifier(channel)]?.stop = stop
            return connections[ObjectIdentifier(channel)]?.isGone ?? true
        }
        if isGone { stop() }
    }

    func end(_ channel: any Channel) {
        connections.withLock { $0[ObjectIdentifier(channel)]?.stop = nil }
    }

    private func opened(_ channel: any Channel) {
        connections.withLock { $0[ObjectIdentifier(channel)] = Connection() }
    }

    /// The client sends no more: a browser that was closed, a program that was stopped. One that only closes its sending side is taken for gone
    /// too.
    private func gone(_ channel: any Channel) {
        let stop = connections.withLock { connections in
            connections[ObjectIdentifier(channel)]?.isGone = true
            return connections[ObjectIdentifier(channel)]?.stop
        }
        stop?()
    }

    private func closed(_ channel: any Channel) {
        gone(channel)
        connections.withLock { $0[ObjectIdentifier(channel)] = nil }
    }

    private final class Handler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = NIOAny
        private let watch: ConnectionWatch

        init(watch: ConnectionWatch) { self.watch = watch }

        func handlerAdded(context: ChannelHandlerContext) { watch.opened(context.channel) }
        func handlerRemoved(context: ChannelHandlerContext) { watch.closed(context.channel) }

        func channelInactive(context: ChannelHandlerContext) {
            watch.closed(context.channel)
            context.fireChannelInactive()
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .inputClosed? = event as? ChannelEvent { watch.gone(context.channel) }
            context.fireUserInboundEventTriggered(event)
        }
    }
}
