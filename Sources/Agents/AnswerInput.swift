import Foundation
import Groundwork
import Questions

/// Questions as they come to an answer agent: JSONL or one JSON array, from whoever wrote them. An entry that is no question
/// becomes a request with its refusal, at its place, and costs the others nothing; the right answer need not be there.
public enum AnswerInput {
    public struct Entry: Sendable, Hashable {
        public let request: AnswerRequest
        /// The letter that the entry declares to be right; the model never sees it.
        public let declared: Letter?
    }

    /// - Throws: `FileError`, or `AgentError` if there is no entry at all.
    public static func read(_ path: String) throws -> [Entry] {
        try entries(in: WholeFile.read(path), name: path)
    }

    /// - Parameter name: of the file, for ids and messages.
    /// - Throws: `AgentError` if there is no entry at all.
    public static func entries(in data: Data, name: String) throws -> [Entry] {
        var text = String(decoding: data, as: UTF8.self)
        if text.first == "\u{FEFF}" { text.removeFirst() }
        let pieces = text.utf8.first { !isSpace($0) } == UInt8(ascii: "[") ? items(of: text) : lines(of: text)
        guard !pieces.isEmpty else { throw AgentError.noQuestions(path: name) }
        let stem = ((name as NSString).lastPathComponent as NSString).deletingPathExtension
        let decoder = JSONDecoder()
        return pieces.enumerated().map { index, piece in
            let id = "\(stem)/\(index + 1)"
            do {
                return try decoder.decode(Record.self, from: piece).entry(id: id)
            } catch {
                let reason = (error as? Swift.DecodingError).map(Self.reason) ?? "it is not valid JSON"
                return Entry(
                    request: AnswerRequest(
                        id: id, question: "", choices: [], refusal: AnswerRefusal(.unreadable, "the entry is no question: \(reason)")),
                    declared: nil)
            }
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func lines(of text: String) -> [Data] {
        text.utf8.split(separator: UInt8(ascii: "\n")).filter { !$0.allSatisfy(isSpace) }.map { Data($0) }
    }

    /// The elements of a JSON array, told apart by brackets and quotes alone, so that each can be bad for itself. A bracket that
    /// closes another kind closes what stands open inside that; an object that begins where one must have a key is the next
    /// element, and the one before was cut off.
    private static func items(of text: String) -> [Data] {
        var items: [Data] = []
        var item = Data()
        var open: [UInt8] = []
        var isString = false, isEscaped = false
        var last: UInt8 = 0
        func end() {
            if !item.allSatisfy(isSpace) { items.append(item) }
            item = Data()
            open = []
        }
        func close(_ opening: UInt8) {
            if let place = open.lastIndex(of: opening) { open.removeSubrange(place...) }
        }
        for byte in text.utf8.drop(while: isSpace).dropFirst() {
            if isString {
                isString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            } else {
                switch byte {
                case UInt8(ascii: "\""): isString = true
                case UInt8(ascii: "{"):
                    if open == [byte], last == UInt8(ascii: ",") { end() }
                    open.append(byte)
                case UInt8(ascii: "["): open.append(byte)
                case UInt8(ascii: "}"): close(UInt8(ascii: "{"))
                case UInt8(ascii: "]"):
                    if open.isEmpty {
                        end()
                        return items
                    }
                    close(UInt8(ascii: "["))
                case UInt8(ascii: ",") where open.isEmpty:
                    end()
                    continue
                default: break
                }
                if !isSpace(byte) { last = byte }
            }
            item.append(byte)
        }
        end()
        return items
    }

    /// The fields that matter, whatever else the entry holds.
    private struct Record: Decodable {
        let id: Scalar?
        let question: String
        let choices: [Scalar]
        let answer: Scalar?

        enum CodingKeys: CodingKey { case id, question, choices, answer }

        init(from decoder: any Swift.Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            question = try fields.decode(String.self, forKey: .question)
            choices = try fields.decode([Scalar].self, forKey: .choices)
            // An answer agent needs neither.
            id = try? fields.decode(Scalar.self, forKey: .id)
            answer = try? fields.decode(Scalar.self, forKey: .answer)
        }

        func entry(id standard: String) -> Entry {
            let written = choices.map(\.text)
            let texts = AgentQuestion(topic: "", question: question, choices: written, answer: "", explanation: nil).choiceTexts
            // Letters are the file's own only if every choice has one: "A. Smith" may be a person.
            let isLettered = texts.count == 4 && zip(texts, written).allSatisfy { $0 != $1 }
            let choices = (isLettered ? texts : written).map(Self.trimmed)
            let request = AnswerRequest(id: id?.text ?? standard, question: Self.trimmed(question), choices: choices)
            return Entry(request: request, declared: letter(among: choices, written))
        }

        private func letter(among choices: [String], _ written: [String]) -> Letter? {
            if let index = answer?.index { return Letter(index: index) }
            guard let text = answer.map({ Self.trimmed($0.text) }) else { return nil }
            if let letter = Letter(rawValue: text) { return letter }
            return (choices.firstIndex(of: text) ?? written.firstIndex(of: text)).flatMap(Letter.init(index:))
        }

        private static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    /// A text, or a number or truth value that stands where a text should.
    private struct Scalar: Decodable {
        let text: String
        let index: Int?

        init(from decoder: any Swift.Decoder) throws {
            let value = try decoder.singleValueContainer()
            index = try? value.decode(Int.self)
            if let index {
                text = "\(index)"
            } else if let number = try? value.decode(Double.self) {
                text = "\(number)"
            } else if let truth = try? value.decode(Bool.self) {
                text = "\(truth)"
            } else {
                text = try value.decode(String.self)
            }
        }
    }

    private static func reason(of error: Swift.DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined()
        }
        switch error {
        case .keyNotFound(let key, _): return "\(key.stringValue) is missing"
        case .valueNotFound(_, let context): return "\(place(context.codingPath)) is null"
        case .typeMismatch(_, let context):
            let place = place(context.codingPath)
            return place.isEmpty ? "it is not a JSON object" : "\(place) is of the wrong type"
        default: return "it is not valid JSON"
        }
    }
}
