import Foundation
import Groundwork
import Testing

@Suite struct DurableFileTests {
    private let folder = NSTemporaryDirectory() + "retort-\(UUID().uuidString)"

    @Test func aFailedWriteLeavesTheOldFileAndNothingBeside() throws {
        let path = folder + "/deep/report.md"
        try WholeFile.write("old", to: path)
        struct Failure: Error {}
        #expect(throws: Failure.self) {
            try WholeFile.write(to: path) { handle in
                try handle.write(contentsOf: Data("half".utf8))
                throw Failure()
            }
        }
        #expect(try String(decoding: WholeFile.read(path), as: UTF8.self) == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/deep") == ["report.md"])
    }

    @Test func linesSurviveACrashInTheMiddleOfOne() throws {
        let path = folder + "/labels.jsonl"
        try WholeFile.write("{\"a\":1}\n{\"a\":2}\n{\"a\":", to: path)
        let file = try LineFile(appendingTo: path)
        try file.append("{\"a\":3}")
        try file.flush()
        #expect(try LineFile.read(path).map(\.text) == ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"])
    }

    @Test func aFileOfOneHalfLineBecomesEmpty() throws {
        let path = folder + "/half.jsonl"
        try WholeFile.write("{\"a\"", to: path)
        _ = try LineFile(appendingTo: path)
        #expect(try WholeFile.read(path).isEmpty)
    }

    @Test func errorsNameTheFileAndTheReason() throws {
        let error = #expect(throws: FileError.self) { try WholeFile.read("/no/such/file") }
        #expect(error?.description == "cannot read /no/such/file: no such file")
        let refused = #expect(throws: FileError.self) { try WholeFile.write("x", to: "/proc/retort/x") }
        #expect("\(try #require(refused))".contains("/proc/retort"))
        #expect(throws: FileError.self) { try LineFile(appendingTo: "/proc/self/retort.jsonl") }
    }

    @Test func aFullDiskIsAnErrorAndLosesNothing() throws {
        // /dev/full takes no byte: what a full disk answers.
        let file = try LineFile(appendingTo: "/dev/full")
        let error = #expect(throws: FileError.self) { try file.append("{}") }
        #expect("\(try #require(error))".contains("No space left"))
    }
}

@Suite struct ProgressTests {
    @Test func clockReads() {
        #expect(Progress.clock(75) == "1:15" && Progress.clock(3_725) == "1:02:05" && Progress.clock(.infinity) == "?")
    }
}
