import Foundation
import Groundwork
import Testing

@Suite struct DurableFileTests {
    private let folder = NSTemporaryDirectory() + "retort-\(UUID().uuidString)"

    /// Large files are flushed while they grow.
    @Test func aFileThatIsFlushedWhileItGrowsIsWhole() throws {
        let path = NSTemporaryDirectory() + "growing-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let piece = Data((0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try WholeFile.write(to: path) { handle in
            for _ in 0..<70 { try handle.write(contentsOf: piece) }
            usleep(300_000)  // the first flush comes after a fifth of a second
            for _ in 0..<5 { try handle.write(contentsOf: piece) }
        }
        let written = try WholeFile.read(path)
        #expect(written.count == 75 << 20 && (0..<75).allSatisfy { written[$0 << 20..<($0 + 1) << 20] == piece })
    }

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

    /// A device is written into: a file in its place would be there for everybody.
    @Test func whatIsNoFileIsNotReplaced() throws {
        try WholeFile.write("lost", to: "/dev/null")
        var status = stat()
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
        #expect(throws: FileError.self) { try WholeFile.write("too much", to: "/dev/full") }
        #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    /// A file in memory below /dev is a file like others: replaced as a whole, and by what is shorter, too.
    @Test(.enabled(if: access("/dev/shm", W_OK) == 0, "there is no /dev/shm")) func aFileInMemoryIsReplaced() throws {
        let path = "/dev/shm/retort-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        for text in ["a long text", "short"] { try WholeFile.write(text, to: path) }
        #expect(try WholeFile.read(path) == Data("short".utf8))
    }

    @Test func linksAndDotsLeadToOnePlace() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try WholeFile.makeFolder(folder + "/there")
        try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "there")
        for path in ["/link", "/there/", "/there/../link", "/./there"] { #expect(Paths.areSame(folder + path, folder + "/there"), "\(path)") }
        #expect(Paths.areSame(folder + "/link/new/one", folder + "/there/new/one"))
        #expect(!Paths.areSame(folder + "/link/new", folder + "/there"))
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
