import Foundation

/// The processor and what the x86-64 build asks of it: Package.swift has it compiled for AVX2 and FMA, which every one has had since 2013.
public enum Processor {
    /// Whether vectors of sixteen float32 numbers may be used (AVX-512) and are worth it: of the processors that have them, those of before
    /// 2019 slow down for their sake, and lack `avx512_vbmi2`.
    public static let hasWideVectors: Bool = {
        guard let flags = description.flatMap(flags(in:)) else { return false }
        return ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512_vbmi2"].allSatisfy { flags.contains(Substring($0)) }
    }()

    /// Whether Intel made it: MKL, which is in PyTorch's builds, is the same maker's.
    public static let isIntel = description.map(isIntel(in:)) ?? false

    /// - Parameter description: `/proc/cpuinfo`, or its beginning.
    public static func isIntel(in description: String) -> Bool {
        description.split(separator: "\n").first { $0.hasPrefix("vendor_id") }?.hasSuffix(" GenuineIntel") ?? false
    }

    /// Why this program cannot run here, and what to do; nil where it can, or where the system does not say.
    public static var objection: String? { description.flatMap(objection(to:)) }

    /// - Parameter description: `/proc/cpuinfo`, or its beginning.
    public static func objection(to description: String) -> String? {
        guard let flags = flags(in: description) else { return nil }
        let missing = ["avx2", "fma"].filter { !flags.contains(Substring($0)) }
        if missing.isEmpty { return nil }
        return "this processor has no \(missing.joined(separator: " and no ")), which retort was compiled for; "
            + "use one made since 2013, or build with the last lines of Package.swift removed"
    }

    private static var description: String? {
        #if arch(x86_64) && os(Linux)
        guard let file = FileHandle(forReadingAtPath: "/proc/cpuinfo"), let start = try? file.read(upToCount: 16_384) else { return nil }
        return String(decoding: start, as: UTF8.self)
        #else
        return nil
        #endif
    }

    private static func flags(in description: String) -> Set<Substring>? {
        description.split(separator: "\n").first { $0.hasPrefix("flags") }.map { Set($0.split(separator: " ")) }
    }
}
