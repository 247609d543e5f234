/// Cuts a stream into the rows of a table (RFC 4180), one at a time: fields in quotes may hold delimiters, line ends and doubled
/// quotes; everything outside quotes stays as written, spaces included. A row that breaks the rules is told and skipped.
struct CSVRows {
    enum Row {
        case fields([[UInt8]])
        case broken(String)
    }

    private let stream: ByteStream
    private let delimiter: UInt8
    private var piece: [UInt8]
    private var position = 0
    private var line = 1

    init(_ stream: ByteStream, start: [UInt8] = [], delimiter: UInt8 = UInt8(ascii: ",")) {
        self.stream = stream
        self.delimiter = delimiter
        piece = start
    }

    /// The next row that is not blank, with the line it begins on.
    mutating func next() throws -> (line: Int, row: Row)? {
        while try peek() != nil {
            let start = line
            let row = try nextRow()
            if case .fields(let fields) = row, fields.count == 1, fields[0].allSatisfy(Blank.contains) { continue }
            return (start, row)
        }
        return nil
    }

    private mutating func nextRow() throws -> Row {
        var fields: [[UInt8]] = [], field: [UInt8] = []
        var problem: String?
        var isQuoted = false, wasQuoted = false
        let quote = UInt8(ascii: "\"")
        while let byte = try peek() {
            position += 1
            if byte == UInt8(ascii: "\n") { line += 1 }
            if isQuoted {
                if byte != quote {
                    field.append(byte)
                } else if try peek() == quote {
                    position += 1
                    field.append(quote)
                } else {
                    (isQuoted, wasQuoted) = (false, true)
                }
                continue
            }
            switch byte {
            case delimiter:
                fields.append(field)
                (field, wasQuoted) = ([], false)
            case UInt8(ascii: "\r"):
                if try peek() != UInt8(ascii: "\n") { field.append(byte) }
            case UInt8(ascii: "\n"):
                fields.append(field)
                return problem.map(Row.broken) ?? .fields(fields)
            case quote where field.isEmpty && !wasQuoted:
                isQuoted = true
            case quote:
                problem = "a quote stands inside a field; double it and put the field in quotes"
            default:
                if wasQuoted { problem = "text follows a closing quote" }
                field.append(byte)
            }
        }
        if isQuoted { return .broken("a quote is never closed") }
        fields.append(field)
        return problem.map(Row.broken) ?? .fields(fields)
    }

    private mutating func peek() throws -> UInt8? {
        while position >= piece.count {
            guard let more = try stream.next() else { return nil }
            (piece, position) = (more, 0)
        }
        return piece[position]
    }
}
