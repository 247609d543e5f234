import Foundation
import Groundwork

/// The program that goes into a submission.
package struct SubmissionBinary {
    let path: String
    let bytes: Int
    /// The first line of its `--version`.
    let version: String
    /// The Swift libraries that it needs and that a machine without Swift lacks.
    let swiftLibraries: [String]

    /// - Throws: `SubmissionError.binary` unless it is an executable file that tells its version.
    init(_ path: String) throws {
        self.path = path
        guard FileManager.default.isExecutableFile(atPath: path), let data = FileManager.default.contents(atPath: path) else {
            let exists = FileManager.default.fileExists(atPath: path)
            throw SubmissionError.binary(path: path, reason: exists ? "it is not executable" : "no such file")
        }
        bytes = data.count
        swiftLibraries = Self.neededLibraries(data).filter { name in
            ["libswift", "libFoundation", "lib_Foundation"].contains { name.hasPrefix($0) }
        }
        version = try Self.version(path)
    }

    /// The program that runs now.
    static var current: String { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0] }

    private static func version(_ path: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["--version"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw SubmissionError.binary(path: path, reason: "it does not start: \(error.localizedDescription)")
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let line = text.split(separator: "\n").first.map(String.init) ?? ""
        guard process.terminationStatus == 0, !line.isEmpty else {
            throw SubmissionError.binary(path: path, reason: "`--version` gave status \(process.terminationStatus) and \"\(line)\"")
        }
        return line
    }

    /// The names of the shared libraries that a 64-bit little-endian ELF file asks for (DT_NEEDED); none for any other file.
    ///
    /// The layout is that of the System V ABI: the header's e_phoff (at 32), e_phentsize (54), e_phnum (56); program headers with p_type,
    /// p_offset (8), p_vaddr (16), p_filesz (32); the dynamic section's pairs of tag and value, names as offsets into DT_STRTAB.
    package static func neededLibraries(_ data: Data) -> [String] {
        let bytes = [UInt8](data)
        func number(_ offset: Int, _ size: Int) -> Int? {
            guard offset >= 0, offset <= bytes.count - size else { return nil }
            var value: UInt64 = 0
            for index in (0..<size).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
            return Int(exactly: value)
        }
        guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]), let headers = number(32, 8), let size = number(54, 2),
            let count = number(56, 2)
        else { return [] }
        var loads: [(offset: Int, address: Int, length: Int)] = [], dynamic: Range<Int>?
        for index in 0..<count {
            let (header, overflows) = headers.addingReportingOverflow(index * size)
            guard !overflows, header < bytes.count, let type = number(header, 4), let offset = number(header + 8, 8),
                let address = number(header + 16, 8), let length = number(header + 32, 8), offset <= bytes.count, length <= bytes.count - offset
            else { return [] }
            if type == 1 { loads.append((offset, address, length)) }
            if type == 2 { dynamic = offset..<offset + length }
        }
        guard let dynamic else { return [] }
        var names: [Int] = [], table: Int?
        for entry in stride(from: dynamic.lowerBound, to: dynamic.upperBound - 15, by: 16) {
            guard let tag = number(entry, 8), let value = number(entry + 8, 8) else { continue }
            if tag == 0 { break }
            if tag == 1 { names.append(value) }
            if tag == 5, let load = loads.first(where: { value >= $0.address && value - $0.address < $0.length }) {
                table = load.offset + value - load.address
            }
        }
        guard let table else { return [] }
        return names.compactMap { name in
            guard name >= 0, name < bytes.count - table else { return nil }
            return String(decoding: bytes[(table + name)...].prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
