import Agents
import Foundation

/// A decoding error in words: which key, and what is wrong with it.
package enum DecodingReason {
    package static func of(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.reduce(into: "") { text, key in
                text += key.intValue.map { "[\($0)]" } ?? (text.isEmpty ? key.stringValue : "." + key.stringValue)
            }
        }
        switch error {
        case DecodingError.keyNotFound(let key, _): return "\"\(key.stringValue)\" is missing"
        case DecodingError.typeMismatch(let type, let context):
            let key = place(context.codingPath)
            return key.isEmpty ? "it is not a JSON object" : "\"\(key)\" is not \(name(of: type))"
        case DecodingError.valueNotFound(_, let context): return "\"\(place(context.codingPath))\" is null"
        case DecodingError.dataCorrupted(let context):
            if let cause = context.underlyingError as? AgentError { return "\(cause)" }
            let key = place(context.codingPath)
            return key.isEmpty ? "it is not valid JSON" : "\"\(key)\": \(context.debugDescription)"
        // Foundation's own reasons are of a type of its own and speak of its insides.
        default: return String(reflecting: type(of: error)).contains("JSONError") ? "it is not valid JSON" : "\(error)"
        }
    }

    package static func name(of type: Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Int.Type, is UInt64.Type: "a whole number"
        case is Double.Type: "a number"
        case is Bool.Type: "true or false"
        case is [Any].Type, is [String].Type: "a list"
        default: "an object"
        }
    }
}
