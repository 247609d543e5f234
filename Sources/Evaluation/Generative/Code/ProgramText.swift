import Foundation

/// The program in a model's reply.
public enum ProgramText {
    /// The last fenced block (three or more backticks or tildes) that is closed; without one, the last that was opened. Nil where there is
    /// none or it is empty.
    public static func lastFenced(in reply: String) -> String? {
        var last: String?
        var fence: String?
        var lines: [Substring] = []
        for line in reply.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            let mark = line.drop { $0 == " " }.prefix { $0 == "`" || $0 == "~" }
            if let open = fence {
                let rest = line.drop { $0 == " " }.dropFirst(mark.count)
                if mark.count >= open.count, mark.first == open.first, rest.allSatisfy(\.isWhitespace) {
                    last = lines.joined(separator: "\n")
                    (fence, lines) = (nil, [])
                } else {
                    lines.append(line)
                }
            } else if mark.count >= 3, Set(mark).count == 1 {
                fence = String(mark)
            }
        }
        let program = last ?? (fence == nil ? nil : lines.joined(separator: "\n"))
        return program.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 + "\n" }
    }
}
