/// Cuts a stream of bytes into lines, each with its number from 1; blank lines are left out.
struct Lines {
    private let stream: ByteStream
    private var piece: [UInt8]
    private var position = 0
    private var number = 0
    private var isAtEnd = false

    /// - Parameter start: bytes that were already taken from the stream.
    init(_ stream: ByteStream, start: [UInt8] = []) {
        self.stream = stream
        piece = start
    }

    mutating func next() throws -> (number: Int, bytes: [UInt8])? {
        while !isAtEnd {
            let line = try nextLine()
            if line.contains(where: { !Blank.contains($0) }) { return (number, line) }
        }
        return nil
    }

    private mutating func nextLine() throws -> [UInt8] {
        number += 1
        var line: [UInt8] = []
        while true {
            if let end = piece[position...].firstIndex(of: UInt8(ascii: "\n")) {
                line += piece[position..<end]
                position = end + 1
                return line
            }
            line += piece[position...]
            position = 0
            guard let more = try stream.next() else {
                piece = []
                isAtEnd = true
                return line
            }
            piece = more
        }
    }
}

enum Blank {
    static func contains(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }
}

/// Cuts a JSON array into the bytes of its elements without holding more than one of them.
struct ArrayElements {
    private let stream: ByteStream
    private var piece: [UInt8]
    private var position = 0
    private var isDone = false

    /// - Parameter start: bytes that were already taken from the stream, beginning before the array's bracket.
    init(_ stream: ByteStream, start: [UInt8]) {
        self.stream = stream
        piece = start
        while position < piece.count, Blank.contains(piece[position]) { position += 1 }
        position += 1
    }

    /// - Throws: a reason in words where the array is not closed.
    mutating func next() throws -> [UInt8]? {
        if isDone { return nil }
        var element: [UInt8] = []
        var depth = 0, isInText = false, isEscaped = false
        while let byte = try nextByte() {
            if isInText {
                element.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInText = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]") where depth == 0:
                isDone = true
                return element.allSatisfy(Blank.contains) ? nil : element
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ",") where depth <= 0: return element
            default: break
            }
            element.append(byte)
        }
        isDone = true
        throw Unclosed()
    }

    struct Unclosed: Error {}

    private mutating func nextByte() throws -> UInt8? {
        if position == piece.count {
            guard let more = try stream.next() else { return nil }
            (piece, position) = (more, 0)
        }
        defer { position += 1 }
        return piece[position]
    }
}
