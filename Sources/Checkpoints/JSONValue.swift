/// A JSON document. Unlike Foundation's parser this one keeps the order of keys, refuses duplicate ones, tells integers from
/// other numbers, and bounds nesting and the number of values, since the documents come from files that nobody vouches for.
public enum JSONValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

public struct JSONObject: Sendable, Equatable {
    public private(set) var keys: [String] = []
    private var values: [String: JSONValue] = [:]

    public init() {}

    public init(_ pairs: [(String, JSONValue)]) {
        for (key, value) in pairs { self[key] = value }
    }

    /// Setting a value keeps the key's place, or puts it last when it is new; setting nil does nothing.
    public subscript(key: String) -> JSONValue? {
        get { values[key] }
        set {
            guard let newValue else { return }
            if values.updateValue(newValue, forKey: key) == nil { keys.append(key) }
        }
    }

    public var pairs: [(key: String, value: JSONValue)] { keys.map { ($0, values[$0] ?? .null) } }
}

extension JSONValue {
    /// What kind of value this is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The document as text: on one line, or indented by two blanks a level. Keys keep their order.
    public func text(indented: Bool = false) -> String {
        var text = ""
        write(to: &text, indentation: indented ? "\n" : nil)
        return text
    }

    private func write(to text: inout String, indentation: String?) {
        let inner = indentation.map { $0 + "  " }
        switch self {
        case .null: text += "null"
        case .boolean(let flag): text += flag ? "true" : "false"
        case .integer(let number): text += String(number)
        case .number(let number): text += number.isFinite ? "\(number)" : "null"
        case .string(let string): Self.write(string, to: &text)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                text += (index > 0 ? "," : "") + (inner ?? (index > 0 ? " " : ""))
                element.write(to: &text, indentation: inner)
            }
            text += (elements.isEmpty ? "" : indentation ?? "") + "]"
        case .object(let object):
            text += "{"
            for (index, pair) in object.pairs.enumerated() {
                text += (index > 0 ? "," : "") + (inner ?? (index > 0 ? " " : ""))
                Self.write(pair.key, to: &text)
                text += ": "
                pair.value.write(to: &text, indentation: inner)
            }
            text += (object.keys.isEmpty ? "" : indentation ?? "") + "}"
        }
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 32:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
