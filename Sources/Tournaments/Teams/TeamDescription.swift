import Agents
import Foundation
import Teachers

/// A team as `--team` writes it:
///
///     NAME=MODEL[,adapter=DIR][,mode=M][,settings=DIR]              Retort's own agents
///     NAME=http://…[,model=NAME][,key-env=VARIABLE]                 a model behind an OpenAI-compatible endpoint
///     NAME=cmd:DIR[,python=PROGRAM][,startup=SECONDS]               an external command that follows the submission interface
public struct TeamDescription: Sendable, Hashable {
    public enum Player: Sendable, Hashable {
        case model(ModelTeam)
        case endpoint(EndpointSettings)
        case command(CommandTeam)
    }

    public struct ModelTeam: Sendable, Hashable {
        public var model: String
        public var adapter: String?
        /// Of the answer agent; nil: as the settings say, else its default.
        public var mode: AnswerMode?
        /// A folder with `qgen.yaml` and `agen.yaml`, or one of them.
        public var settings: String?
    }

    public struct CommandTeam: Sendable, Hashable {
        public var folder: String
        /// What runs the modules; nil: `python`, else `python3`, of PATH.
        public var python: String?
        /// Seconds of each run that are not counted, such as for loading the model.
        public var startup: Double

        public init(folder: String, python: String? = nil, startup: Double = 0) {
            (self.folder, self.python, self.startup) = (folder, python, startup)
        }
    }

    public let name: String
    public let player: Player

    static let nameRule = "a team's name is up to 40 letters, digits, '-', '_' and '.', with a letter or digit in front: --team NAME=…"

    static func isName(_ text: String) -> Bool { text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._\-]{0,39}/) != nil }

    /// - Throws: `TournamentError.team` with what is wrong; what an address's settings throw.
    public init(parsing text: String) throws {
        func wrong(_ reason: String) -> TournamentError { .team(text: text, reason: reason) }
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2, Self.isName(halves[0]) else { throw wrong(Self.nameRule) }
        name = halves[0]
        if halves[1].lowercased().hasPrefix("http://") || halves[1].lowercased().hasPrefix("https://") {
            do {
                player = .endpoint(try EndpointSettings(parsing: halves[1]))
            } catch TeacherError.badEndpoint(let address, let reason) {
                // The text may hold a key that was written where it does not belong.
                throw TournamentError.team(text: "\(halves[0])=\(address)", reason: reason)
            }
            return
        }
        var parts = halves[1].split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }[...]
        let what = parts.popFirst() ?? ""
        let isCommand = what.hasPrefix("cmd:")
        guard !what.isEmpty, what != "cmd:" else {
            throw wrong(isCommand ? "cmd: needs the folder with agents/: NAME=cmd:DIR" : "say who plays: NAME=MODEL, NAME=http://… or NAME=cmd:DIR")
        }
        let known = isCommand ? ["python", "startup"] : ["adapter", "mode", "settings"]
        var values: [String: String] = [:]
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2, !pair[1].isEmpty else { throw wrong("'\(part)' is not name=value") }
            guard known.contains(pair[0]) else { throw wrong("there is no '\(pair[0])' here; there are \(known.joined(separator: ", "))") }
            guard values.updateValue(pair[1], forKey: pair[0]) == nil else { throw wrong("\(pair[0]) is given twice") }
        }
        if isCommand {
            var team = CommandTeam(folder: String(what.dropFirst(4)), python: values["python"])
            if let seconds = values["startup"] {
                guard let value = Double(seconds), (0...86_400).contains(value) else { throw wrong("startup is \(seconds), not a number of seconds") }
                team.startup = value
            }
            player = .command(team)
        } else {
            var team = ModelTeam(model: what, adapter: values["adapter"], settings: values["settings"])
            if let mode = values["mode"] {
                guard let found = AnswerMode(rawValue: mode) else {
                    throw wrong("there is no mode '\(mode)'; there are \(AnswerMode.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                team.mode = found
            }
            player = .model(team)
        }
    }
}
