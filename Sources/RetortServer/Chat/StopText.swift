/// Text on its way to a reader who must not see a stop string, nor a part of one: what could become one is held back.
package struct StopText {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    package private(set) var isStopped = false

    package init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) } }

    /// What may be shown after this piece.
    package mutating func append(_ text: String) -> String {
        if isStopped { return "" }
        held += text.utf8
        if stops.isEmpty { return take(held.count) }
        for start in held.indices {
            let rest = held[start...]
            if stops.contains(where: rest.starts(with:)) {
                isStopped = true
                return take(start)
            }
            // A stop begins at the start of a character, so neither part is broken.
            if stops.contains(where: { $0.starts(with: rest) }) { return take(start) }
        }
        return take(held.count)
    }

    /// What is left when no more text comes.
    package mutating func finish() -> String { isStopped ? "" : take(held.count) }

    private mutating func take(_ count: Int) -> String {
        defer { held.removeFirst(count) }
        return String(decoding: held[..<count], as: UTF8.self)
    }
}
