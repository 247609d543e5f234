/// Programming: what small Python programs print, data structures, complexity, terms. Every program is one line of valid
/// Python 3 without double quotes or backslashes, so that it stands unchanged in a JSON string.
enum CodeFamilies {
    static let all: [QuestionFamily] = [
        listIndexing, slices, dictionaryLookup, builtIns, assignments, conditionals, functions, comprehensions, concatenation,
        characters, types, comparisons, booleans, stacks, queues, numberBases, bitOperations, complexity, terms, methods,
    ]

    /// A Python list or set of texts or numbers as it is written in a program.
    static func list(_ items: [Int]) -> String { "[" + items.map(String.init).joined(separator: ", ") + "]" }
    static func list(_ items: [String]) -> String { "[" + items.map { "'\($0)'" }.joined(separator: ", ") + "]" }

    static func asks(_ program: String) -> String { "What does this Python code print? \(program)" }
}
