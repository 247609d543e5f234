import Distillation
import Foundation
import Questions

extension Recipe {
    init(_ root: RecipeSection) throws {
        name = try root.string("name")
        guard name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }), !name.hasPrefix(".") else {
            throw root.error("name", "the name '\(name)' becomes a folder's name: use letters, digits, '-', '_' and '.'")
        }
        seed = UInt64(try root.integer("seed", in: 0...Int.max, default: 1))
        model = try ModelSettings(root.requiredSection("model"))
        limits = try Limits(root.section("limits"))
        teachers = [:]
        if let section = try root.section("teachers") {
            for name in section.names { teachers[name] = try TeacherSettings(section.requiredSection(name)) }
        }
        let train = try TrainSettings(root.requiredSection("train"), defaults: nil)
        let domainSection = try root.requiredSection("domains")
        domains = try domainSection.names.map { name in
            guard let domain = Domain(rawValue: name) else {
                let names = Domain.allCases.map(\.rawValue)
                let near = NearestName.of(name, among: names).map { "; did you mean '\($0)'?" } ?? ""
                throw domainSection.error(name, "'\(name)' is no domain, they are \(names.joined(separator: ", "))\(near)")
            }
            return try DomainSettings(domainSection.requiredSection(name), domain: domain, train: train)
        }
        guard !domains.isEmpty else { throw root.error("domains", "a recipe needs at least one domain") }
        for settings in domains {
            guard let teacher = settings.teacher, teachers[teacher] == nil else { continue }
            let near = NearestName.of(teacher, among: Array(teachers.keys)).map { "; did you mean '\($0)'?" } ?? ""
            let section = try domainSection.requiredSection(settings.domain.rawValue)
            throw section.error("teacher", "'teachers' holds no teacher named '\(teacher)'\(near)")
        }
        label = try LabelSettings(root.section("label"))
        primer = try root.section("primer").map { try PrimerSettings($0, train: train) }
        if let primer, let other = domains.first(where: { !$0.train.hasSameAdapter(as: primer.train) }) {
            throw root.error(
                "primer", "the \(other.domain) specialist starts from the primer, so both need the same rank, alpha, rank_stabilised, dropout and modules")
        }
        if primer == nil, let teacher = teachers.first(where: { $0.value.adapter == PrimerSettings.name })?.key, let section = try root.section("teachers") {
            throw try section.requiredSection(teacher).error("adapter", "the recipe has no section 'primer' whose adapter this teacher could use")
        }
        merge = try MergeRecipe(root.requiredSection("merge"), domains: domains.map(\.domain.rawValue))
        agents = try AgentsSettings(root.requiredSection("agents"))
        validate = try ValidateSettings(root.requiredSection("validate"))
        tournament = try TournamentSettings(root.requiredSection("tournament"))
        targets = []
        if let section = try root.section("targets") {
            targets = try section.names.map { try TargetSettings(section.requiredSection($0), name: $0) }
        }
    }
}

extension ModelSettings {
    init(_ section: RecipeSection) throws {
        checkpoint = try section.string("checkpoint")
        quantisation = try section.word("quantisation", default: .asStored)
        dtype = section.has("dtype") ? try section.word("dtype") : nil
        device = try section.word("device", default: .auto)
        threads = try section.integer("threads", in: 0...4096, default: 0)
        shape = try section.section("shape").map(ModelShape.init)
    }
}

extension ModelShape {
    init(_ section: RecipeSection) throws {
        let size = 1...1_000_000
        self.init(
            vocabulary: try section.integer("vocabulary", in: 1...10_000_000), hidden: try section.integer("hidden", in: size),
            intermediate: try section.integer("intermediate", in: size), layers: try section.integer("layers", in: 1...10_000),
            heads: try section.integer("heads", in: 1...10_000),
            keyValueHeads: try section.integer("key_value_heads", in: 1...10_000),
            headSize: try section.integer("head_size", in: 1...10_000),
            tiedEmbeddings: try section.flag("tied_embeddings", default: false))
        let parameters = AdapterSize.baseParameters(self)
        // Bytes of such a model, and all that is reckoned from them, still fit a number.
        if parameters > 10_000_000_000_000 {
            throw section.error("layers", "these dimensions make a model of \(AdapterSize.short(parameters)) parameters; 10 000 B are allowed")
        }
    }
}

extension Limits {
    init(_ section: RecipeSection?) throws {
        trainingMemory = try section?.optionalNumber("training_memory_gb", in: 0...1e6)
        inferenceMemory = try section?.optionalNumber("inference_memory_gb", in: 0...1e6)
    }
}

extension TeacherSettings {
    init(_ section: RecipeSection) throws {
        engine = try section.word("engine", default: .native)
        model = try section.string("model", default: "base")
        adapter = try section.optionalString("adapter")
        if engine != .native, adapter != nil {
            throw section.error("adapter", "only a native teacher takes an adapter")
        }
        let endpoints = try section.strings("endpoint", default: [])
        endpoint = endpoints.first
        furtherEndpoints = endpoints.count > 1 ? Array(endpoints.dropFirst()) : nil
        if engine == .openAI, endpoint == nil {
            throw section.error("engine", "an openai teacher needs 'endpoint', such as http://localhost:8080/v1")
        }
        if engine != .native, model == "base" {
            throw section.error("model", "a \(engine.rawValue) teacher needs 'model'; only a native one can be the base model itself")
        }
        informed = try section.flag("informed", default: false)
        maxTokens = try section.integer("max_tokens", in: 1...1_000_000, default: 200)
        sampling = try SamplingSettings(section, temperature: 0, topP: 1, hasPenalty: false)
        slots = try section.integer("slots", in: 1...4096, default: 16)
        quantisation = try section.optionalString("quantisation")
        do {
            try ServedTeacher.check(endpoints: endpoints)
        } catch {
            throw section.error("endpoint", "\(error)")
        }
        rotations = section.has("rotations") ? try section.integer("rotations", in: 1...4) : nil
        samples = section.has("samples") ? try section.integer("samples", in: 0...1000) : nil
        hint = section.has("hint") ? try section.flag("hint", default: false) : nil
        dense = section.has("dense") ? try section.integer("dense", in: 0...65_535) : nil
        if informed, engine != .native {
            throw section.error("informed", "only a native teacher can be informed")
        }
        do {
            try rules.validate(way: informed ? .informed : .free, temperature: sampling.temperature)
        } catch {
            throw section.error(informed ? "informed" : "samples", "\(error)")
        }
    }
}

extension SamplingSettings {
    init(_ section: RecipeSection, temperature: Double, topP: Double, hasPenalty: Bool) throws {
        self.temperature = try section.number("temperature", in: 0...10, default: temperature)
        self.topP = try section.number("top_p", in: 0...1, default: topP)
        topK = hasPenalty ? try section.integer("top_k", in: 0...1_000_000, default: 0) : 0
        repetitionPenalty = hasPenalty ? try section.number("repetition_penalty", in: 0.01...10, default: 1) : 1
    }
}

extension DomainSettings {
    init(_ section: RecipeSection, domain: Domain, train: TrainSettings) throws {
        self.domain = domain
        kind = try section.word("kind")
        teacher = try section.optionalString("teacher")
        switch (kind, teacher) {
        case (.distilled, nil): throw section.error("kind", "a distilled domain needs 'teacher', a name from 'teachers'")
        case (.supervised, .some): throw section.error("teacher", "a supervised domain has no teacher; write kind: distilled")
        default: break
        }
        questions = try section.integer("questions", in: 1...100_000_000)
        families = try section.strings("families", default: [])
        files = try section.strings("files", default: [])
        difficulty = section.has("difficulty") ? try section.integer("difficulty", in: 1...3) : nil
        if !families.isEmpty || difficulty != nil, !files.isEmpty {
            throw section.error("families", "questions come from the generator ('families', 'difficulty') or from 'files', not from both")
        }
        subjects = try section.strings("subjects", default: [])
        if !subjects.isEmpty, files.isEmpty {
            throw section.error("subjects", "'subjects' chooses among the questions of 'files', and there are none")
        }
        dataset = try section.string("dataset", default: "\(domain.rawValue)_\(kind.rawValue)_dataset")
        guard !dataset.contains("/"), !dataset.hasPrefix(".") else {
            throw section.error("dataset", "'dataset' is a plain name inside the run folder, without '/'")
        }
        self.train = try section.section("train").map { try TrainSettings($0, defaults: train) } ?? train
    }
}

extension LabelSettings {
    init(_ section: RecipeSection?) throws {
        maxWords = try section?.integer("max_words", in: 1...100_000, default: 100) ?? 100
        maxTokens = try section?.integer("max_tokens", in: 1...1_000_000, default: 150) ?? 150
        if let section, section.has("cut") { cut = try section.flag("cut", default: false) }
        if let section, section.has("keep_hinted") { keepHinted = try section.flag("keep_hinted", default: true) }
    }
}

extension PrimerSettings {
    init(_ section: RecipeSection, train: TrainSettings) throws {
        questions = try section.integer("questions", in: 1...100_000_000)
        self.train = try section.section("train").map { try TrainSettings($0, defaults: train) } ?? train
    }
}

extension TrainSettings {
    static let projections = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

    init(_ section: RecipeSection, defaults d: TrainSettings?) throws {
        rank = try d == nil ? section.integer("rank", in: 1...65536) : section.integer("rank", in: 1...65536, default: d?.rank ?? 1)
        let positive = Double.leastNonzeroMagnitude...1e9
        alpha = try d == nil ? section.number("alpha", in: positive) : section.number("alpha", in: positive, default: d?.alpha ?? 1)
        rankStabilised = try section.flag("rank_stabilised", default: d?.rankStabilised ?? true)
        dropout = try section.number("dropout", in: 0...0.99, default: d?.dropout ?? 0)
        modules = try section.strings("modules", default: d?.modules ?? Self.projections)
        if modules.isEmpty { throw section.error("modules", "no projection is named; leave the key out for all of \(Self.projections.joined(separator: ", "))") }
        for module in modules where !Self.projections.contains(module) {
            let near = NearestName.of(module, among: Self.projections).map { "; did you mean '\($0)'?" } ?? ""
            throw section.error(
                "modules", "'\(module)' is no projection, they are \(Self.projections.joined(separator: ", "))\(near)")
        }
        learningRate = try d == nil
            ? section.number("learning_rate", in: positive)
            : section.number("learning_rate", in: positive, default: d?.learningRate ?? 0)
        schedule = try section.word("schedule", default: d?.schedule ?? .cosine)
        warmup = try section.number("warmup", in: 0...1, default: d?.warmup ?? 0.03)
        weightDecay = try section.number("weight_decay", in: 0...10, default: d?.weightDecay ?? 0)
        clip = try section.number("clip", in: 0...1e6, default: d?.clip ?? 1)
        batch = try section.integer("batch", in: 1...65536, default: d?.batch ?? 8)
        accumulate = try section.integer("accumulate", in: 1...65536, default: d?.accumulate ?? 1)
        epochs = try section.number("epochs", in: 0.001...10_000, default: d?.epochs ?? 1)
        steps = section.has("steps") ? try section.integer("steps", in: 1...1_000_000) : d?.steps
        askingShare = try section.number("asking_share", in: 0...1, default: d?.askingShare ?? 0)
        bindChoices = try section.flag("bind_choices", default: d?.bindChoices ?? false)
        checkpointing = try section.flag("checkpointing", default: d?.checkpointing ?? false)
        activationMemory = try section.has("activation_memory") ? section.bytes("activation_memory") : d?.activationMemory
        saveEvery = try section.integer("save_every", in: 1...1_000_000, default: d?.saveEvery ?? 50)
        probeEvery = try section.integer("probe_every", in: 0...1_000_000, default: d?.probeEvery ?? 0)
        maximumRetries = try section.integer("max_retries", in: 0...10, default: d?.maximumRetries ?? 2)
        temperature = try section.number("temperature", in: 0.01...1000, default: d?.temperature ?? 2)
        hardWeight = try section.number("hard_weight", in: 0...1, default: d?.hardWeight ?? 0.3)
        reasoningWeight = try section.number("reasoning_weight", in: 0...1000, default: d?.reasoningWeight ?? 1)
        denseWeight = section.has("dense_weight") ? try section.number("dense_weight", in: 0...1000) : d?.denseWeight
        scaleByTemperature = try section.flag("scale_by_temperature", default: d?.scaleByTemperature ?? true)
        mode = try section.word("mode", default: d?.mode ?? .reasonFirst)
    }
}

extension MergeRecipe {
    init(_ section: RecipeSection, domains: [String]) throws {
        method = try section.word("method", default: .ties)
        density = try section.number("density", in: 0...1, default: 0.8)
        sign = try section.word("sign", default: .frequency)
        weights = [:]
        if let given = try section.section("weights") {
            for name in given.names {
                guard domains.contains(name) else {
                    let near = NearestName.of(name, among: domains).map { "; did you mean '\($0)'?" } ?? ""
                    throw given.error(name, "a weight for '\(name)', which is none of the recipe's domains\(near)")
                }
                weights[name] = try given.number(name, in: 0...1000)
            }
        }
        name = try section.string("name", default: "unified")
        guard !name.contains("/"), !name.hasPrefix(".") else {
            throw section.error("name", "'merge.name' is a plain name inside the run folder, without '/'")
        }
        requireBetter = try section.flag("require_better", default: true)
    }
}

extension AgentsSettings {
    init(_ section: RecipeSection) throws {
        question = try GenerationSettings(section.section("question"), section, temperature: 0.6, maxTokens: 200, deadline: 10)
        answer = try GenerationSettings(section.section("answer"), section, temperature: 0.2, maxTokens: 150, deadline: 6)
        topics = try section.optionalString("topics")
        if let section = try section.section("question"), section.has("candidates") {
            question.candidates = try section.integer("candidates", in: 1...1000)
        }
    }
}

extension GenerationSettings {
    init(_ section: RecipeSection?, _ parent: RecipeSection, temperature: Double, maxTokens: Int, deadline: Double) throws {
        guard let section else {
            sampling = SamplingSettings(temperature: temperature, topP: 0.9, topK: 0, repetitionPenalty: 1)
            self.maxTokens = maxTokens
            self.deadline = deadline
            target = nil
            return
        }
        sampling = try SamplingSettings(section, temperature: temperature, topP: 0.9, hasPenalty: true)
        self.maxTokens = try section.integer("max_tokens", in: 1...1_000_000, default: maxTokens)
        self.deadline = try section.seconds("deadline", default: deadline)
        target = try section.optionalSecondsRange("target")
    }
}

extension ValidateSettings {
    init(_ section: RecipeSection) throws {
        heldOut = try section.integer("held_out", in: 1...10_000_000)
        heldOutFiles = try section.strings("held_out_files", default: [])
        probes = try section.integer("probes", in: 1...1_000_000, default: 100)
        modes = try section.words("modes", default: [.letter, .reasonFirst])
        generatedQuestions = try section.integer("generated_questions", in: 0...1_000_000, default: 8)
        generatedCorrect = try section.optionalNumber("generated_correct_at_least", in: 0...1)
        answers = try section.integer("answers", in: 0...1_000_000, default: 8)
        slots = try section.integer("slots", in: 1...4096, default: 16)
    }
}

extension TournamentSettings {
    init(_ section: RecipeSection) throws {
        questions = try section.integer("questions", in: 1...10_000, default: 20)
        opponent = try section.word("opponent", default: .base)
        maxTokens = [1024, 512]
        if section.has("max_tokens") {
            let numbers = try section.strings("max_tokens", default: []).compactMap(Int.init)
            guard numbers.count == 2, numbers.allSatisfy({ $0 > 0 }) else {
                throw section.error("max_tokens", "'tournament.max_tokens' is two numbers, of a question and of an answer: [1024, 512]")
            }
            maxTokens = numbers
        }
    }
}

extension TargetSettings {
    init(_ section: RecipeSection, name: String) throws {
        self.name = name
        from = try section.number("from", in: 0...100)
        toAtLeast = try section.number("to_at_least", in: 0...100)
        toAtMost = try section.number("to_at_most", in: 0...100)
    }
}
