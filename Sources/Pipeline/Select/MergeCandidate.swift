import Merging

/// One way of merging that a selection tries, named by what it is:
///
///     [start:][space:]method[:setting=value …]       ties, core:ties, ties:density=0.5:sign=total, start:ties
///
/// `start` merges the changes since a common start (`AdapterMerge.run(_:relativeTo:…)`); the settings are density, lambda, sign,
/// convention, rank, seed, epsilon and gamma.
public struct MergeCandidate: Sendable, Hashable {
    public let name: String
    public let settings: MergeSettings
    public let isRelative: Bool

    /// What is tried where nobody says what: the methods with the settings of their papers, and TIES trimmed harder and in other spaces.
    public static let standard = [
        "cat:lambda=0.5", "svd", "ties", "ties:density=0.5", "core:ties", "core:ties:density=0.5", "knots:ties", "dare_ties", "della", "sce",
        "breadcrumbs_ties", "iso_c",
    ]
    /// The same, relative to a start.
    public static let relative = ["start:ties", "start:ties:density=0.5", "start:linear"]
    /// Always tried, for what is more involved has to be better than these.
    public static let baselines = ["cat", "linear"]

    /// - Throws: `SelectionError.candidate` with what is wrong.
    public init(_ name: String, seed: UInt64 = 0) throws {
        self.name = name
        var parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)[...]
        isRelative = parts.first == "start"
        if isRelative { parts = parts.dropFirst() }
        var space: MergeSpace?
        if let first = parts.first, let found = MergeSpace(rawValue: first) {
            space = found
            parts = parts.dropFirst()
        }
        do {
            guard let method = parts.popFirst() else { throw SelectionError.candidate(name, "the method is missing") }
            var settings = MergeSettings(method: try .named(method), space: space, seed: seed)
            for part in parts { try Self.set(part, in: &settings, of: name) }
            try settings.check()
            self.settings = settings
        } catch let error as MergeError {
            throw SelectionError.candidate(name, "\(error)")
        }
    }

    private static func set(_ part: String, in settings: inout MergeSettings, of name: String) throws {
        let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2 else {
            throw SelectionError.candidate(name, "'\(part)' is no setting; write [start:][space:]method[:setting=value …]")
        }
        let (key, value) = (halves[0], halves[1])
        func read<Value>(_ value: Value?) throws -> Value {
            guard let value else { throw SelectionError.candidate(name, "'\(halves[1])' is no value for \(key)") }
            return value
        }
        let method = settings.method
        let meaningless = ["density": !method.usesDensity, "sign": !method.usesSign, "seed": !method.usesSeed,
            "epsilon": method.sparsification != .randomByRank, "gamma": method.sparsification != .magnitudeWithoutOutliers]
        if meaningless[key] == true { throw SelectionError.candidate(name, "\(key) means nothing to the method \(method.name)") }
        switch key {
        case "density": settings.density = try read(Double(value))
        case "lambda": settings.lambda = try read(Double(value))
        case "sign": settings.sign = try read(SignElection(rawValue: value))
        case "convention": settings.convention = try read(MergeConvention(rawValue: value))
        case "rank": settings.rank = try read(MergeRank(value))
        case "seed": settings.seed = try read(UInt64(value))
        case "epsilon": settings.epsilon = try read(Double(value))
        case "gamma": settings.gamma = try read(Double(value))
        default:
            throw SelectionError.candidate(
                name, "there is no setting '\(key)'; there are density, lambda, sign, convention, rank, seed, epsilon and gamma")
        }
    }

    func merge(_ inputs: [MergeInput], start: String?, to folder: String, threads: Int) throws -> MergeReport {
        guard isRelative, let start else { return try AdapterMerge.run(inputs, settings: settings, to: folder, threads: threads) }
        return try AdapterMerge.run(inputs, relativeTo: start, settings: settings, to: folder, threads: threads)
    }

    func check(_ inputs: [MergeInput], start: String?, to folder: String) throws {
        if isRelative, start == nil { throw SelectionError.candidate(name, "it needs the start from which the adapters were trained (--start DIR)") }
        try AdapterMerge.check(inputs, relativeTo: isRelative ? start : nil, settings: settings, to: folder)
    }
}

/// Why no merge could be selected.
public enum SelectionError: Error, CustomStringConvertible, Equatable {
    case candidate(String, String)
    case unknownOwn(specialist: String, name: String, known: [String])
    case outputIsInput(String)
    case cache(path: String, line: Int)

    public var description: String {
        switch self {
        case .candidate(let name, let reason): "the candidate '\(name)' cannot be tried: \(reason)"
        case .unknownOwn(let specialist, let name, let known):
            "no question has the domain or subject '\(name)', which is to judge \(specialist); the file has \(known.joined(separator: ", "))"
        case .outputIsInput(let folder): "\(folder) takes part in the selection; choose another output folder"
        case .cache(let path, let line):
            "line \(line) of \(path) is no answer to the question at its place; delete this file, and its questions are asked again"
        }
    }
}
