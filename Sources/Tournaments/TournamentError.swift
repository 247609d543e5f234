/// What is wrong with a tournament before a match is played.
public enum TournamentError: Error, CustomStringConvertible, Sendable, Hashable {
    case team(text: String, reason: String)
    case tooFewTeams(Int)
    case twice(name: String)
    /// The folder holds another tournament.
    case other(folder: String, what: String)
    case damaged(path: String, reason: String)
    case external(team: String, reason: String)

    public var description: String {
        switch self {
        case .team(let text, let reason): "--team \(text): \(reason)"
        case .tooFewTeams(let count): "a tournament needs two teams or more, and there \(count == 1 ? "is one" : "are \(count)"); give --team NAME=… for each"
        case .twice(let name): "two teams are called \(name); give each its own name"
        case .other(let folder, let what):
            "\(folder) holds another tournament: its \(what); give another --out, or the command that began it to continue"
        case .damaged(let path, let reason): "\(path) cannot be used: \(reason); remove it, and its match is played again"
        case .external(let team, let reason): "team \(team): \(reason)"
        }
    }
}
