import Foundation

/// Progress of long work: a line that rewrites itself on a terminal and a line every few seconds elsewhere, on standard error,
/// with the rate and the time left. Standard output stays free for results that are piped.
public final class Progress {
    private let title: String
    private let unit: String
    private let total: Int
    private var start = ContinuousClock.now
    private var lastShown: ContinuousClock.Instant?
    private var done = 0
    private var alreadyDone: Int
    private let isTerminal = isatty(2) == 1

    /// - Parameter alreadyDone: what an earlier, interrupted run had finished: counted as done, not in the rate.
    public init(_ title: String, total: Int, alreadyDone: Int = 0, unit: String) {
        self.title = title
        self.total = total
        self.unit = unit
        self.alreadyDone = alreadyDone
        done = alreadyDone
    }

    /// For work that finds out late what an earlier run had finished. The clock starts here.
    public func resume(at count: Int) {
        (done, alreadyDone, start) = (count, count, .now)
    }

    /// - Parameter note: what else is worth a glance, such as the loss.
    public func advance(by count: Int = 1, note: @autoclosure () -> String = "") {
        if count == 0, lastShown != nil, done >= total { return }  // its end was shown
        done += count
        let now = ContinuousClock.now
        let pause: Duration = isTerminal ? .milliseconds(200) : .seconds(10)
        if let last = lastShown, now - last < pause, done < total { return }
        lastShown = now
        show(note: note(), end: done >= total)
    }

    /// For work that counts what it has done in all.
    public func advance(to count: Int, note: @autoclosure () -> String = "") {
        advance(by: max(0, count - done), note: note())
    }

    private func show(note: String, end: Bool) {
        let seconds = Double((ContinuousClock.now - start).components.seconds)
            + Double((ContinuousClock.now - start).components.attoseconds) * 1e-18
        let rate = Double(done - alreadyDone) / max(seconds, 1e-3)
        var line = "\(title): \(done)/\(total) \(unit), \(String(format: rate < 10 ? "%.2f" : "%.0f", rate))/s"
        line += end ? ", \(Self.clock(seconds)) in all" : ", \(Self.clock(Double(total - done) / max(rate, 1e-9))) left"
        if !note.isEmpty { line += ", \(note)" }
        Console.show(isTerminal ? "\r\u{1B}[K\(line)\(end ? "\n" : "")" : line + "\n")
    }

    /// `75 s` as "1:15".
    public static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 360_000 else { return "?" }
        let whole = Int(seconds.rounded())
        return whole < 3600
            ? String(format: "%d:%02d", whole / 60, whole % 60)
            : String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
    }
}
