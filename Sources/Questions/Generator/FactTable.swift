import Groundwork

/// Facts in rows and columns, written in the source as lines of fields separated by bars:
///
///     France | Paris | Europe
package struct FactTable: Sendable {
    package let rows: [[String]]

    /// - Precondition: every line has `columns` fields, none empty, and no two lines begin alike.
    init(columns: Int, _ text: String) {
        var firsts: Set<String> = []
        rows = text.split(separator: "\n").map { line in
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(Self.trimmed)
            precondition(fields.count == columns && !fields.contains(""), "a row with other than \(columns) fields: \(line)")
            precondition(firsts.insert(fields[0]).inserted, "two rows about \(fields[0])")
            return fields
        }
    }

    private static func trimmed(_ field: Substring) -> String {
        var field = field.drop { $0 == " " }
        while field.last == " " { field.removeLast() }
        return String(field)
    }

    package var count: Int { rows.count }

    /// Another row's field: one of the same group where there are at least three such, else of any row.
    /// - Parameters:
    ///   - column: whose texts are wanted as wrong choices.
    ///   - group: a column in which the rows should agree (continent, era), or nil.
    ///   - isRight: tells which texts would also be right and so cannot be wrong choices.
    func others(
        than row: [String], column: Int, alikeIn group: Int? = nil, where isRight: (String) -> Bool = { _ in false }
    ) -> [String] {
        func texts(_ rows: [[String]]) -> [String] {
            var seen: Set<String> = [row[column]]
            return rows.map { $0[column] }.filter { !isRight($0) && seen.insert($0).inserted }
        }
        if let group {
            let near = texts(rows.filter { $0[group] == row[group] })
            if near.count >= 3 { return near }
        }
        return texts(rows)
    }
}
