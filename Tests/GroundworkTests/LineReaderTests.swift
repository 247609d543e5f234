import Foundation
import Groundwork
import Testing

@Suite struct LineReaderTests {
    private func lines(_ content: Data) throws -> [(Int, String, Bool)] {
        let path = NSTemporaryDirectory() + "retort-lines-\(UUID().uuidString)"
        try content.write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reader = try LineReader(path)
        var found: [(Int, String, Bool)] = []
        while let line = try reader.next() { found.append((line.number, line.text, line.isEnded)) }
        return found
    }

    @Test func countsLinesAndPassesOverBlankOnes() throws {
        let found = try lines(Data("one\n\n  two \r\n   \nthree".utf8))
        #expect(found.map(\.0) == [1, 3, 5])
        #expect(found.map { $0.1.trimmingCharacters(in: .whitespacesAndNewlines) } == ["one", "two", "three"])
        #expect(found.map(\.2) == [true, true, false])
        #expect(try lines(Data()).isEmpty)
    }

    @Test func readsLinesLongerThanAPieceAndManyShortOnes() throws {
        let long = String(repeating: "ä", count: 1_500_000)
        let found = try lines(Data((long + "\n" + (0..<5000).map { "line \($0)\n" }.joined() + long).utf8))
        #expect(found.count == 5002)
        #expect(found.first?.1 == long && found.last?.1 == long)
        #expect(found[5000].1 == "line 4999")
    }

    @Test func saysWhichFileIsMissing() {
        let error = #expect(throws: FileError.self) { try LineReader("/nowhere/labels.jsonl") }
        #expect(error?.description == "cannot read /nowhere/labels.jsonl: no such file")
    }
}
