import Foundation

/// What the x86-64 build asks of its processor: Package.swift has it compiled for AVX2 and FMA, which every one has had since 2013.
public enum Processor {
    /// Why this program cannot run here, and what to do; nil where it can, or where the system does not say.
    public static var objection: String? {
        #if arch(x86_64) && os(Linux)
        guard let file = FileHandle(forReadingAtPath: "/proc/cpuinfo"), let start = try? file.read(upToCount: 16_384) else { return nil }
        return objection(to: String(decoding: start, as: UTF8.self))
        #else
        return nil
        #endif
    }

    /// - Parameter description: `/proc/cpuinfo`, or its beginning.
    public static func objection(to description: String) -> String? {
        guard let line = description.split(separator: "\n").first(where: { $0.hasPrefix("flags") }) else { return nil }
        let flags = Set(line.split(separator: " "))
        let missing = ["avx2", "fma"].filter { !flags.contains(Substring($0)) }
        if missing.isEmpty { return nil }
        return "this processor has no \(missing.joined(separator: " and no ")), which retort was compiled for; "
            + "use one made since 2013, or build with the last lines of Package.swift removed"
    }
}
