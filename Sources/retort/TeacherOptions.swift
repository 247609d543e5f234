import ArgumentParser
import Distillation
import Foundation
import Groundwork
import Pipeline
import Transformers

/// Who labels, and how it is asked.
struct TeacherOptions: ParsableArguments {
    enum Engine: String, ExpressibleByArgument, CaseIterable {
        case native
        case llamaCpp = "llama.cpp"
    }

    @Option(help: "The teacher: a GGUF file, a Hugging Face folder, or a repository id in the local Hugging Face cache.")
    var model: String?

    @Option(help: "What runs --model: native (this program) or llama.cpp (a server on a GGUF file, started and ended by this program).")
    var engine = Engine.native

    @Option(help: ArgumentHelp(
        "A server that speaks OpenAI's protocol instead of --model, such as http://localhost:8080/v1; repeat for several.",
        valueName: "URL[,model=…,key-env=…,weight=…]"))
    var endpoint: [String] = []

    @OptionGroup var adapterOptions: AdapterOptions

    @Option(help: "Native: keep the weights as int8 (decoding on a CPU) or nf4 (4 bits, as bitsandbytes does). (default: as --dtype says)")
    var quantization: Quantization?

    @OptionGroup var compute: ComputeOptions

    @Flag(help: "Native: give the teacher each question's own worked explanation as its reasoning; it only scores the letters.")
    var informed = false

    @Option(help: "Tokens at most: of reasoning natively, of thinking and reply together behind a server. (default: 120; 1024)")
    var maxTokens: Int?

    @Option(help: "0 takes the likeliest token each time.")
    var temperature = 0.6

    @Option(help: "Sample from the smallest set of tokens that reaches this probability.")
    var topP = 0.95

    @Option(help: "Another seed draws other reasoning.")
    var seed: UInt64 = 0

    @Option(help: "Questions labelled side by side; an endpoint has ,slots=N instead. (default: 16, with llama.cpp 4)")
    var slots: Int?

    @Option(help: "Ask under so many orders of the choices, 1 to 4, and average the scores: with 4 a taste for a letter cancels.")
    var rotations = 1

    @Option(help: "While a question has no right and whole reply, draw so many more.")
    var samples = 0

    @Flag(help: "Then ask once with the right answer given; such labels are marked, and their scores are not learnt from.")
    var hint = false

    @Option(help: ArgumentHelp(
        "Store so many likeliest tokens for every token of the reasoning, to train on beside its text; 64 is usual. (default: none)",
        valueName: "k"))
    var dense: Int?

    @Option(help: "With --dense: the student's checkpoint, if its tokenizer is the teacher's. (default: for llama.cpp the teacher's file)")
    var student: String?

    var isServed: Bool { !endpoint.isEmpty || engine == .llamaCpp }
    var tokens: Int { maxTokens ?? (isServed ? 1024 : 120) }
    var sideBySide: Int { slots ?? (engine == .llamaCpp ? 4 : 16) }
    var rules: AskingRules { AskingRules(rotations: rotations, samples: samples, hint: hint, dense: dense ?? 0) }

    func validate() throws {
        if (model == nil) == endpoint.isEmpty { throw ValidationError("Give either --model or --endpoint.") }
        if !endpoint.isEmpty, engine == .llamaCpp { throw ValidationError("--engine llama.cpp runs --model; an --endpoint runs itself.") }
        if isServed {
            if informed { throw ValidationError("--informed needs a native teacher.") }
            if adapterOptions.adapter != nil { throw ValidationError("--adapter needs a native teacher.") }
            if quantization != nil { throw ValidationError("--quantization needs a native teacher.") }
        }
        if let slots, slots < 1 { throw ValidationError("--slots is a number of at least 1.") }
        if slots != nil, !endpoint.isEmpty { throw ValidationError("An endpoint takes its own ,slots=N instead of --slots.") }
        do {
            try ServedTeacher.check(endpoints: endpoint)
        } catch {
            throw ValidationError("\(error).")
        }
        if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens is a number of at least 1.") }
        if !(temperature >= 0 && temperature.isFinite) { throw ValidationError("--temperature is a number from 0 up.") }
        if !(topP > 0 && topP <= 1) { throw ValidationError("--top-p is a number above 0, up to 1.") }
        if let dense, dense < 1 { throw ValidationError("--dense is a number of at least 1.") }
        if student != nil, dense == nil { throw ValidationError("--student needs --dense.") }
        do {
            try rules.validate(way: informed ? .informed : .free, temperature: temperature)
        } catch {
            throw ValidationError("\(error).")
        }
    }

    /// Loads the model, starts the server or looks at the endpoints.
    func open() throws -> LabelMaker {
        let sampling = Sampling(temperature: temperature, topP: topP)
        guard isServed else { return try native(sampling) }
        let vocabulary = try dense == nil ? nil : student.map(LabelMaker.vocabulary) ?? teachersVocabulary
        let served: ServedTeacher = endpoint.isEmpty
            ? .llamaServer(model: model ?? "", slots: sideBySide, maximumTokens: tokens, threads: compute.threads) : .endpoints(endpoint)
        if endpoint.isEmpty { Console.note("starting a llama.cpp server on \(model ?? "")") }
        return try served.open(
            sampling: sampling, maximumTokens: tokens, seed: seed, rules: rules, vocabulary: vocabulary, notice: Console.note)
    }

    /// A llama.cpp teacher may be of an architecture that Retort itself cannot run: then its tokens are stored by their texts alone.
    private var teachersVocabulary: DenseVocabulary? {
        do {
            return try model.map(LabelMaker.vocabulary)
        } catch {
            Console.note("tokens are stored without ids, to be compared by rank: \(error)")
            return nil
        }
    }

    private func native(_ sampling: Sampling) throws -> LabelMaker {
        try compute.applyThreads()
        let name = model ?? ""
        Console.note("loading \(name)")
        let model = try LanguageModel.load(
            name, device: compute.chosenDevice(), dtype: compute.dtype?.type, quantization: quantization)
        let adapter = try adapterOptions.load(for: model)
        let identity = try ModelIdentity.of(name) + (adapterOptions.adapter.map { try " + " + ModelIdentity.ofAdapter($0) } ?? "")
        let teacher = try NativeTeacher(
            identity: identity, coder: model.tokenizer, decoder: Decoder(model: model, adapter: adapter, slots: sideBySide),
            way: informed ? .informed : .free, sampling: sampling, maximumTokens: tokens, seed: seed, rules: rules)
        return .native(teacher, batch: sideBySide)
    }
}
