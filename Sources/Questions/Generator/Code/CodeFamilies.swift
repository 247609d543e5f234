/// Programming: what small programs print, data structures, complexity, databases, tools, terms. Every program stands on one line
/// without double quotes or backslashes, so that it stands unchanged in a JSON string; where Python needs several lines, each is
/// in backticks.
enum CodeFamilies {
    static let all: [QuestionFamily] = [
        basics, programs, expressions, idioms, structures, algorithms, databases, shell, engineering,
    ].flatMap { $0 }

    /// Python on one line, and terms.
    private static let basics: [QuestionFamily] = [
        listIndexing, slices, dictionaryLookup, builtIns, assignments, conditionals, functions, comprehensions, concatenation,
        characters, types, comparisons, booleans, stacks, queues, numberBases, bitOperations, complexity, terms, methods,
    ]

    /// Programs of the little language, in five languages.
    private static let programs: [QuestionFamily] = [countingLoops, whileLoops, nestedLoops, branches, arrayUpdates, recursion]
    private static let expressions: [QuestionFamily] = [
        integerDivision, precedence, conversions, fixedWidth, characterArithmetic, increments,
    ]
    private static let idioms: [QuestionFamily] = [
        coercion, truthiness, shortCircuit, references, ranges, pipelines, closures, dispatch, exceptions,
    ]
    private static let structures: [QuestionFamily] = [deques, maps, heaps, hashTables, searchTrees]
    private static let algorithms: [QuestionFamily] = [sortingPasses, binarySearch, graphSearch, runningTime, growth]
    private static let databases: [QuestionFamily] = [sqlFilters, sqlGroups, sqlJoins, sqlNulls, fullMatches, searches]
    private static let shell: [QuestionFamily] = [shellPipelines, shellExpansion, exitStatus, permissions, paths]
    private static let engineering: [QuestionFamily] = [gitIndex, gitHistory, gitCommands, designPatterns, principles]

    /// A Python list or set of texts or numbers as it is written in a program.
    static func list(_ items: [Int]) -> String { "[" + items.map(String.init).joined(separator: ", ") + "]" }
    static func list(_ items: [String]) -> String { "[" + items.map { "'\($0)'" }.joined(separator: ", ") + "]" }

    static func asks(_ program: String) -> String { "What does this Python code print? \(program)" }
}
