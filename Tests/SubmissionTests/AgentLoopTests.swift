import Agents
import Foundation
import Submission
import Testing

/// Answers with what it was asked, and notes when the lines were read.
private final class Echo: AgentServing {
    var sizes: [Int] = []
    var read: [Duration] = []
    var failure: (any Error)?

    func serve(_ requests: [TimedRequest], reply: (AgentReply) throws -> Void) throws {
        if let failure { throw failure }
        sizes.append(requests.count)
        for request in requests {
            read.append(request.read)
            try reply(AgentReply(id: request.request.id, output: request.request.message ?? request.request.agent.rawValue))
        }
    }
}

@Suite struct AgentLoopTests {
    private static let ready = ReadyLine(version: "1", model: "m", adapter: nil, seconds: 0)

    /// What the loop writes for an input that ends.
    private func replies(to input: Data, _ echo: Echo = Echo(), clock: RequestClock = .continuous) throws -> [[String: Any]] {
        let (requests, replies) = (Pipe(), Pipe())
        let writer = Thread {
            requests.fileHandleForWriting.write(input)
            try? requests.fileHandleForWriting.close()
        }
        writer.start()
        let loop = AgentLoop(
            input: requests.fileHandleForReading.fileDescriptor, output: replies.fileHandleForWriting.fileDescriptor, service: echo, clock: clock)
        // The loop knows descriptors alone; the pipe closes its own when nobody holds it any more.
        try withExtendedLifetime((requests, replies)) { try loop.run(ready: Self.ready) }
        try replies.fileHandleForWriting.close()
        return try replies.fileHandleForReading.readDataToEndOfFile().split(separator: UInt8(ascii: "\n")).map {
            try #require(JSONSerialization.jsonObject(with: $0) as? [String: Any])
        }
    }

    private func replies(to lines: String...) throws -> [[String: Any]] { try replies(to: Data(lines.joined(separator: "\n").utf8)) }

    @Test func theReadyLineComesFirstAndNamesTheProtocol() throws {
        let lines = try replies(to: "")
        #expect(lines.count == 1 && lines[0]["ready"] as? Bool == true && lines[0]["protocol"] as? Int == AgentProtocol.version)
    }

    @Test func everyRequestGetsItsIDBackAlsoOnALastLineWithoutItsEnd() throws {
        let lines = try replies(
            to: #"{"id": 1, "agent": "chat", "message": "a"}"#, "", "  \r", #"[{"id": "x", "agent": "chat", "message": "b"}, {"id": 3, "agent": "answer"}]"#)
        #expect(lines.dropFirst().map { $0["output"] as? String } == ["a", "b", "answer"])
        #expect(lines[1]["id"] as? Int == 1 && lines[2]["id"] as? String == "x" && lines[3]["id"] as? Int == 3)
    }

    @Test func aListIsServedTogether() throws {
        let echo = Echo()
        _ = try replies(to: Data(#"[{"id": 1, "agent": "chat"}, {"id": 2, "agent": "chat"}]"#.utf8), echo)
        #expect(echo.sizes == [2])
    }

    @Test(arguments: [
        ("nonsense", "not valid JSON"), ("7", "not a JSON object"), ("\"text\"", "not a JSON object"), ("[7]", "not an object"), (#"{"agent": "chat"}"#, "\"id\" is missing"),
        (#"{"id": 1}"#, "\"agent\" is missing"), (#"{"id": 1, "agent": "poet"}"#, "not one of question, answer, chat"),
        (#"{"id": 1, "agent": "chat", "seed": -1}"#, "seed"), (#"{"id": 1, "agent": "chat", "deadline": -2}"#, "not a number of seconds"),
        (#"{"id": 1, "agent": "chat", "deadline": 1e300}"#, "not a number of seconds"), (#"{"id": {}, "agent": "chat"}"#, "\"id\" is not a text"),
        (#"{"id": 1, "agent": "answer", "question": {"question": "q", "choices": "four"}}"#, "choices"),
        (#"{"id": 1, "agent": "chat", "settings": {"a": [1]}}"#, "settings"), (#"{"id": 1, "agent": "chat", "message": "\ud800"}"#, "not valid JSON"),
        (String(repeating: "[", count: 100_000), "cannot be read"),
    ])
    func aLineThatIsNoRequestGetsAnErrorAndTheNextOneAnAnswer(line: String, message: String) throws {
        let lines = try replies(to: line, #"{"id": 9, "agent": "chat", "message": "still here"}"#)
        try #require(lines.count == 3)
        let error = try #require(lines[1]["error"] as? String)
        #expect(error.contains(message), "\(error)")
        #expect(lines[1].keys.contains("id"))
        #expect(lines[2]["output"] as? String == "still here")
    }

    @Test func bytesThatAreNoTextGetAnError() throws {
        let lines = try replies(to: Data([0xFF, 0xFE, 0x00, 0x0A]) + Data(#"{"id": 9, "agent": "chat"}"#.utf8))
        #expect(lines.count == 3 && lines[1]["error"] != nil && lines[2]["id"] as? Int == 9)
    }

    @Test func aBadRequestOfAListDoesNotSpoilTheOthers() throws {
        let lines = try replies(to: #"[{"id": 1, "agent": "chat", "message": "a"}, {"id": 2}, {"id": 3, "agent": "chat", "message": "c"}]"#)
        let byID = Dictionary(uniqueKeysWithValues: lines.dropFirst().compactMap { line in (line["id"] as? Int).map { ($0, line) } })
        #expect(byID[1]?["output"] as? String == "a" && byID[3]?["output"] as? String == "c" && byID[2]?["error"] != nil)
    }

    @Test func aLineWithoutEndIsPassedOverInBoundedMemory() throws {
        let long = Data(repeating: UInt8(ascii: "x"), count: AgentProtocol.longestLine * 3)
        let lines = try replies(to: long + Data("\n{\"id\": 9, \"agent\": \"chat\"}\n".utf8))
        #expect(lines.count == 3 && (lines[1]["error"] as? String)?.contains("longer than") == true)
        #expect(lines[2]["id"] as? Int == 9)
    }

    @Test func aListThatIsTooLongIsRefusedRequestByRequest() throws {
        let count = AgentProtocol.largestBatch + 1
        let list = "[" + (0..<count).map { #"{"id": \#($0), "agent": "chat"}"# }.joined(separator: ",") + "]"
        let lines = try replies(to: list)
        #expect(lines.count == count + 1 && lines.dropFirst().allSatisfy { $0["error"] != nil && $0["id"] is Int })
    }

    @Test func aRequestsClockStartsWhenItsLineIsRead() throws {
        let echo = Echo()
        _ = try replies(to: Data("{\"id\": 1, \"agent\": \"chat\"}\n".utf8), echo, clock: RequestClock { .seconds(42) })
        #expect(echo.read == [.seconds(42)])
    }

    @Test func itEndsWhenAskedToWithoutWaitingForInput() throws {
        let (requests, replies) = (Pipe(), Pipe())
        var asked = 0
        let loop = AgentLoop(
            input: requests.fileHandleForReading.fileDescriptor, output: replies.fileHandleForWriting.fileDescriptor, service: Echo()
        ) {
            asked += 1
            return asked > 1
        }
        try withExtendedLifetime((requests, replies)) { try loop.run(ready: Self.ready) }
        #expect(asked == 2)
        // The thread still reads, and from a descriptor of its own: else it would read from whoever gets the number next.
        #if os(Linux)
        let folder = "/proc/self/fd/", files = FileManager.default
        let pipe = try files.destinationOfSymbolicLink(atPath: folder + "\(requests.fileHandleForReading.fileDescriptor)")
        let holders = try files.contentsOfDirectory(atPath: folder).filter { (try? files.destinationOfSymbolicLink(atPath: folder + $0)) == pipe }
        #expect(holders.count == 3, "the pipe's two ends and the thread's own")
        #endif
        try requests.fileHandleForWriting.close()
    }

    @Test func itEndsWhenNobodyReadsItsReplies() throws {
        signal(SIGPIPE, SIG_IGN)
        let (requests, replies) = (Pipe(), Pipe())
        try replies.fileHandleForReading.close()
        let loop = AgentLoop(
            input: requests.fileHandleForReading.fileDescriptor, output: replies.fileHandleForWriting.fileDescriptor, service: Echo())
        try withExtendedLifetime((requests, replies)) { try loop.run(ready: Self.ready) }
        try requests.fileHandleForWriting.close()
    }
}
