import Foundation

/// Amounts of memory as people write them: `8G` is 8·10⁹ bytes, `8GiB` (or `8Gi`) 8·2³⁰; without a letter, bytes.
public enum ByteCount {
    /// Nil for anything that is no amount above 0.
    public static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(digits), value > 0 else { return nil }
        var unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        if unit.hasSuffix("b") { unit.removeLast() }
        let isBinary = unit.hasSuffix("i")
        if isBinary { unit.removeLast() }
        guard let power = ["", "k", "m", "g", "t"].firstIndex(of: unit), !isBinary || power > 0 else { return nil }
        let bytes = value * pow(isBinary ? 1024 : 1000, Double(power))
        return bytes >= 1 && bytes < 0x1p60 ? Int(bytes) : nil
    }

    /// "73.4 GB", "512 MB", "1.3 kB": three digits or two, powers of ten.
    public static func text(_ bytes: Int) -> String {
        let value = Double(bytes)
        for (size, unit) in [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")] where value >= size * 0.9995 {
            let scaled = value / size
            return String(format: scaled < 9.995 ? "%.2f %@" : scaled < 99.95 ? "%.1f %@" : "%.0f %@", scaled, unit)
        }
        return "\(bytes) B"
    }
}
