import Foundation
import Synchronization

/// The user asked to stop (Ctrl-C, SIGTERM). Long work asks `Interruption.check()` where stopping loses nothing.
public struct Interrupted: Error, CustomStringConvertible {
    private let keepsWork: Bool

    /// - Parameter keepsWork: whether the same command goes on where it was, or begins anew.
    public init(keepsWork: Bool = true) { self.keepsWork = keepsWork }
    public var description: String {
        keepsWork ? "interrupted; what was finished is kept, the same command continues" : "interrupted; nothing is finished, the same command begins anew"
    }
}

extension Interrupted {
    /// Work that keeps nothing of what it has done: a stop in it says so.
    public static func losing<T>(_ work: () throws -> T) throws -> T {
        do { return try work() } catch is Interrupted { throw Interrupted(keepsWork: false) }
    }
}

public enum Interruption {
    private static let requested = Atomic<Bool>(false)

    /// From now on SIGINT and SIGTERM ask for a stop instead of killing the process; a second one kills.
    public static func watch() {
        // A parent may have started this process with the signals blocked.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                if Interruption.requested.exchange(true, ordering: .relaxed) { _exit(130) }
                signal(number, SIG_DFL)
            }
        }
    }

    public static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// - Throws: `Interrupted` once the user has asked to stop.
    public static func check(keepsWork: Bool = true) throws {
        if isRequested { throw Interrupted(keepsWork: keepsWork) }
    }
}
