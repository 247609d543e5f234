import Agents
import ArgumentParser
import Foundation
import Groundwork
import RetortServer
import Synchronization
import Transformers

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve both agents and chat over HTTP, with a page.",
        discussion: """
            POST /v1/answer, /v1/question and /v1/chat/completions (OpenAI-compatible), GET /v1/models, /healthz, /metrics; / is a page. \
            A request's "model" chooses among the base and the adapters. SIGTERM or Ctrl-C ends it after what it has accepted; a second one at once.
            """)

    @OptionGroup var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("An adapter folder and the name that requests choose it by; may be repeated.", valueName: "name=folder"))
    var adapter: [NamedFolder] = []

    @Option(help: "The base's name in requests. (default: the model's file or folder name)")
    var servedModelName: String?

    @Option(help: "The address to listen on; one that others reach needs a token.")
    var host = "127.0.0.1"

    @Option(help: "The port; 0 takes a free one.")
    var port = 8080

    @Option(help: "Streams that are decoded side by side.")
    var slots = 16

    @Option(help: "Requests that may wait; more are answered 429.")
    var queue = 64

    @Option(help: "Tokens that a prompt and its reply may have together.")
    var maxModelLen = 2048

    @Option(help: "Time for an answer, from the request's arrival.")
    var answerDeadline = DurationArgument(seconds: 6)

    @Option(help: "Time for a question.")
    var questionDeadline = DurationArgument(seconds: 10)

    @Option(help: "Time for a chat completion.")
    var chatDeadline = DurationArgument(seconds: 120)

    @Option(help: "Drafts of each question, of which the best that the checks leave is given; 1 gives the first as it is.")
    var candidates = QuestionReview.defaultCandidates

    @Option(help: ArgumentHelp("The environment variable that holds the bearer token.", valueName: "name"))
    var apiKeyEnv: String?

    @Option(help: ArgumentHelp("A file whose first line is the bearer token.", valueName: "file"))
    var apiKeyFile: String?

    func validate() throws {
        if !(0...65_535).contains(port) { throw ValidationError("--port is a number from 0 to 65535.") }
        if !(1...256).contains(slots) { throw ValidationError("--slots is a number from 1 to 256.") }
        if !(1...100_000).contains(queue) { throw ValidationError("--queue is a number from 1 to 100000.") }
        if maxModelLen < 256 { throw ValidationError("--max-model-len is a number of at least 256.") }
        if apiKeyEnv != nil, apiKeyFile != nil { throw ValidationError("Give either --api-key-env or --api-key-file.") }
    }

    private func token() throws -> String? {
        if let apiKeyEnv {
            guard let token = ProcessInfo.processInfo.environment[apiKeyEnv], !token.isEmpty else {
                throw ValidationError("--api-key-env names \(apiKeyEnv), which is not set.")
            }
            return token
        }
        guard let apiKeyFile else { return nil }
        let text = String(decoding: try WholeFile.read(apiKeyFile), as: UTF8.self)
        guard let token = text.split(whereSeparator: \.isNewline).first?.trimmingCharacters(in: .whitespaces), !token.isEmpty else {
            throw FileError(path: apiKeyFile, action: "take the token from", reason: "its first line is empty")
        }
        return token
    }

    func run() throws {
        var settings = ServerSettings()
        settings.host = host
        settings.port = port
        settings.token = try token()
        settings.queue = queue
        settings.answerDeadline = answerDeadline.duration
        settings.questionDeadline = questionDeadline.duration
        settings.chatDeadline = chatDeadline.duration
        settings.asking.candidates = candidates
        try settings.asking.validate()
        try settings.validate()  // before a model is loaded

        let model = try modelOptions.load()
        let name = servedModelName ?? URL(fileURLWithPath: modelOptions.model).deletingPathExtension().lastPathComponent
        var adapters: [(name: String, adapter: Adapter)] = []
        for one in adapter {
            Console.note("loading adapter \(one.name) from \(one.folder)")
            adapters.append((one.name, try Adapter.load(one.folder, for: model, onlyInference: true)))
        }
        let start = ContinuousClock.now
        let models = try ServedModels(model, name: name, adapters: adapters, slots: slots, context: maxModelLen)
        try models.warmUp(settings)
        Console.note(String(format: "warmed up in %.1f s", (ContinuousClock.now - start) / .seconds(1)))
        let server = try RetortServer(models: models, settings: settings)
        try Interruption.check()
        let signals = StopSignals()
        let wishes = signals.wishes, host = settings.host
        try withExtendedLifetime(signals) {
            try Blocking.run {
                try await server.run(until: { for await _ in wishes { return } }) { port in
                    try? Console.write("serving on http://\(host):\(port)/\n")
                }
            }
        }
        Console.note("stopped; everything accepted was answered")
    }
}

/// NAME=FOLDER.
struct NamedFolder: ExpressibleByArgument {
    let name: String
    let folder: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        (name, folder) = (String(parts[0]), String(parts[1]))
    }
}

/// SIGTERM and SIGINT while serving: the first is a wish to stop, which interrupts nobody's work; a second ends the process.
private struct StopSignals {
    let wishes: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]
    private static let count = Atomic<Int>(0)

    init() {
        let (wishes, told) = AsyncStream<Void>.makeStream()
        self.wishes = wishes
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                if Self.count.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
                told.yield()
            }
            source.resume()
            return source
        }
    }
}
