import Checkpoints
import Foundation
import Testing

@Suite struct JSONValueTests {
    @Test func `documents are read and written in order`() throws {
        let text = #"{"z": [1, -2, 0.5, 1e3, true, false, null], "a": {"": "é\u0041\uD83D\uDE00\n\"\\\/"}, "m": []}"#
        let value = try JSONValue(parsing: text)
        #expect(value.pairs.map(\.key) == ["z", "a", "m"])
        #expect(value["z"].elements == [.integer(1), .integer(-2), .number(0.5), .number(1000), .boolean(true), .boolean(false), .null])
        #expect(value["a"][""] == .string("éA😀\n\"\\/"))
        #expect(try JSONValue(parsing: value.text()) == value)
        #expect(try JSONValue(parsing: value.text(indented: true)) == value)
        #expect(value["m"].text(indented: true) == "[]")
        #expect(JSONValue.object(JSONObject([("a", .array([.integer(1), .string("\u{1}")]))])).text(indented: true)
            == "{\n  \"a\": [\n    1,\n    \"\\u0001\"\n  ]\n}")
    }

    @Test func `Foundation agrees on what was written`() throws {
        let value = JSONValue.object(JSONObject([("a\u{0}\t", .string("\u{7F}\u{2028}😀\"\\")), ("b", .number(1e-7)), ("c", .number(0))]))
        let parsed = try JSONSerialization.jsonObject(with: Data(value.text().utf8)) as? [String: Any]
        #expect(parsed?["a\u{0}\t"] as? String == "\u{7F}\u{2028}😀\"\\")
        #expect(parsed?["b"] as? Double == 1e-7)
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "[1 2]", "{1: 2}", #"{"a" 1}"#, #"{"a": 1,}"#, #"{"a": 1, "a": 2}"#, "01", "1.", "-", "+1", ".5", "1e", "1e999",
        "nul", "True", "NaN", "\"", "\"\t\"", #""\x""#, #""\u12""#, #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, #""\u+123""#, "1 1", "[1]]",
        "\u{FEFF}{}",
    ]) func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func `size is bounded`() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: "1" + String(repeating: "0", count: 1_000)) }
        #expect(throws: Never.self) { try JSONValue(parsing: String(repeating: "[", count: 100) + String(repeating: "]", count: 100)) }
    }
}
