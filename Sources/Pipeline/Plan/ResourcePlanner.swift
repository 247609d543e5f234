import Distillation
import Groundwork
import Questions
import Torch
import Transformers

/// Walks a recipe's phases.
struct ResourcePlanner {
    let recipe: Recipe
    let source: PlanModel
    let device: PlanDevice
    let efficiency: Double
    let pricePerHour: Double?
    private let model: ModelFootprint
    private let coder: any ChatCoder
    private let train: TrainSettings

    init(recipe: Recipe, source: PlanModel, device: PlanDevice, efficiency: Double?, pricePerHour: Double?) {
        self.recipe = recipe
        self.source = source
        self.device = device
        self.efficiency = efficiency ?? device.efficiency
        self.pricePerHour = pricePerHour
        model = Self.footprint(of: source, recipe, onGPU: device.isGPU)
        coder = source.tokenizer ?? WordCoder()
        train = recipe.domains[0].train
    }

    /// The recipe's model as `LanguageModel.load` keeps it.
    static func footprint(of source: PlanModel, _ recipe: Recipe, onGPU: Bool) -> ModelFootprint {
        let isNF4 = recipe.model.quantisation == .nf4 || source.isFourBit
        let dtype: DType = switch recipe.model.dtype {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .float16: .float16
        case nil: onGPU ? .bfloat16 : .float32
        }
        return ModelFootprint(
            source.configuration, dtype: dtype, quantization: isNF4 ? .nf4 : nil,
            staysInFile: source.isQuantised && !onGPU && dtype == .float32 && !isNF4)
    }

    func plan() throws -> ResourcePlan {
        let questions = try recipe.domains.map { try PlanQuestions($0, recipe) }
        var lines: [ResourcePlan.Line] = []
        var replies: [Double] = []
        if let primer = recipe.primer {
            let labels = questions.flatMap { $0.sample.prefix(primer.questions) }
                .map { KeptLabel(question: $0, reasoning: $0.explanation ?? "", teacherScores: nil) }
            let count = questions.reduce(0) { $0 + min($1.count, primer.questions) }
            lines.append(try training(PrimerSettings.name, labels, count, primer.train, decoding: []).line)
        }
        let trainings = try questions.map { try training("train:\($0.settings.domain)", $0.labels(recipe), $0.count, $0.settings.train, decoding: checks($0)) }
        for (questions, training) in zip(questions, trainings) {
            replies.append(training.reply)
            if let line = try label(questions) { lines.append(line) }
        }
        lines += trainings.map(\.line) + [merge()]
        let reply = min(replies.reduce(0, +) / Double(max(1, replies.count)), Double(recipe.agents.answer.maxTokens))
        lines += [validate(questions, reply), tournament()]
        return finished(lines, questions)
    }

    // MARK: Training

    private func adapter(_ train: TrainSettings) -> AdapterFootprint {
        AdapterFootprint(rank: train.rank, targets: Set(train.modules.compactMap(Projection.init)), hasDropout: train.dropout > 0)
    }

    private func training(
        _ phase: String, _ labels: [KeptLabel], _ questions: Int, _ train: TrainSettings, decoding: [Decoding]
    ) throws -> (line: ResourcePlan.Line, reply: Double) {
        let footprint = TrainingFootprint(model: model, adapter: adapter(train))
        let work = try PlanTraining(labels, questions: questions, train, coder: coder, seed: recipe.seed)
        let state = footprint.adapterBytes + footprint.gradientBytes + footprint.momentBytes
        let held = device.base + convertedFile + model.weightBytes + state
        // What is free is known once the optimiser's state lies there; see `ActivationPlan.reserve`.
        let free = device.memory.map { max(0, Int(Double($0 - held) * (1 - ActivationPlan.reserve))) } ?? .max
        let room = min(free, train.activationMemory ?? .max)
        func plan(_ pass: PassSize) -> ActivationPlan {
            train.checkpointing ? ActivationPlan(layers: model.configuration.layerCount, whole: 0) : .fitting(room, footprint, pass)
        }
        func activations(_ pass: PassSize) -> (kept: Int, working: Int) { footprint.activations(pass, plan(pass)) }
        let largest = work.passes.max { activations($0).kept + activations($0).working < activations($1).kept + activations($1).working }
        let operations = work.scale * work.passes.reduce(0) { $0 + footprint.operations($1, plan($1)) }
        // The optimiser reads weights, gradients and two moments and writes all but the gradients; norm, clipping and zeroing pass over the
        // gradients four times more. A quantised block is written and read once for its forward and once for its backward.
        let optimiser = Double(work.steps) * Double(footprint.adapterBytes) * 11
        let dequantised = model.quantization == .nf4
            ? 2 * work.scale * Double(work.passes.count) * (Double(model.projectionBytes) + 2 * Double(model.dequantisedBytes * model.configuration.layerCount)) : 0
        var line = line(phase, questions, work.tokens, operations, bytes: optimiser + dequantised)
        line.steps = work.steps
        line.wholeBlocks = largest.map { plan($0).wholeCount }
        let peak = largest.map(activations) ?? (kept: 0, working: 0)
        line.memory = base + parts([
            ("adapter", footprint.adapterBytes), ("gradients", footprint.gradientBytes), ("optimiser", footprint.momentBytes),
            ("activations", peak.kept), ("working", peak.working),
        ])
        add(decoding, to: &line)
        // Looking at probes while training decodes beside the optimiser's state; checking afterwards does not.
        if train.probeEvery > 0, let probe = decoding.first {
            let looking = base + parts([("adapter", footprint.adapterBytes), ("gradients", footprint.gradientBytes), ("optimiser", footprint.momentBytes)])
                + probe.memory
            if looking.reduce(0, { $0 + $1.bytes }) > line.memory.reduce(0, { $0 + $1.bytes }) { line.memory = looking }
        }
        line.peak = line.memory.reduce(0) { $0 + $1.bytes }
        return (line, work.replyTokens)
    }

    // MARK: Decoding

    /// Streams that are decoded together.
    struct Decoding {
        var streams: Int
        var operations: Double
        var seconds: Double?
        var tokens: Double
        var memory: [ResourcePlan.Part]
    }

    private func decodingFootprint(slots: Int, adapted: Bool) -> DecodingFootprint {
        DecodingFootprint(
            model: model, device: device.isGPU ? .cuda(0) : .cpu, slots: slots, adapterParameters: adapted ? adapter(train).parameters(of: model.configuration) : 0)
    }

    /// `streams` prompts of `prompt` tokens of their own, each followed by `new` tokens, in `slots` streams at once.
    private func decode(_ streams: Int, prompt: Double, new: Double, longest: Int, slots: Int, adapted: Bool, copies: Int = 1) -> Decoding {
        let footprint = decodingFootprint(slots: slots, adapted: adapted)
        let count = Double(streams), side = min(Double(slots), max(1, count))
        let first = footprint.operations(tokens: count * prompt, rows: count), rest = footprint.operations(tokens: count * new, rows: count * new)
        let rounds = (count / side).rounded(.up) * new
        let context = prompt + new / 2
        var seconds: Double?
        if let peak = device.peak(model.dtype), let bandwidth = device.bandwidth {
            // A round takes as long as its reading or its arithmetic, whichever is longer.
            let round = max(
                footprint.roundBytes(streams: side, context: context) / (bandwidth * PlanDevice.bandwidthShare),
                footprint.operations(tokens: side, rows: side) / (peak * efficiency))
            seconds = first / (peak * efficiency) + rounds * round
        }
        let memory = parts([
            ("weights in panels", copies * footprint.panelBytes),
            ("cache", copies * footprint.cacheBytes(prompt: Int(prompt), longest: longest)), ("working", footprint.workingBytes(prompt: Int(prompt))),
        ])
        return Decoding(streams: streams, operations: first + rest, seconds: seconds, tokens: count * (prompt + new), memory: memory)
    }

    private func promptTokens(_ questions: [Question]) -> Double {
        let sample = questions.prefix(32)
        let lengths = sample.map { (try? coder.prompt(system: AnswerFormat.systemPrompt, user: AnswerFormat.userMessage($0)).count) ?? 0 }
        return Double(lengths.reduce(0, +)) / Double(max(1, lengths.count))
    }

    /// After training: the probes answered by the base and by the specialist.
    private func checks(_ questions: PlanQuestions) -> [Decoding] {
        let new = Double(questions.settings.train.mode == .reasonFirst ? recipe.agents.answer.maxTokens : 1)
        let prompt = promptTokens(questions.sample)
        return [false, true].map {
            decode(recipe.validate.probes, prompt: prompt, new: new, longest: Int(prompt + new), slots: recipe.validate.slots, adapted: $0)
        }
    }

    private func label(_ questions: PlanQuestions) throws -> ResourcePlan.Line? {
        guard let teacher = questions.settings.teacher.flatMap({ recipe.teachers[$0] }) else { return nil }
        let prompt = promptTokens(questions.sample)
        let phase = "label:\(questions.settings.domain)"
        guard teacher.engine == .native, teacher.model == "base" else {
            var line = line(phase, questions.count, Double(questions.count) * (prompt + Double(teacher.maxTokens)), 0, bytes: 0)
            (line.seconds, line.cost) = (nil, nil)
            line.note = teacher.engine == .native ? "by \(teacher.model), not planned here" : "by \(teacher.engine.rawValue): time and memory are its own"
            return line
        }
        let given = questions.labels(recipe).prefix(32).map { Double(coder.tokens(of: $0.reasoning).count) }
        let reasoning = given.reduce(0, +) / Double(max(1, given.count))
        let work = teacher.informed
            ? decode(questions.count, prompt: prompt + reasoning, new: 1, longest: Int(prompt + reasoning), slots: teacher.slots, adapted: teacher.adapter != nil)
            : decode(questions.count, prompt: prompt, new: Double(teacher.maxTokens), longest: Int(prompt) + teacher.maxTokens, slots: teacher.slots, adapted: teacher.adapter != nil)
        return decodingLine(phase, questions.count, [work], adapted: teacher.adapter != nil)
    }

    private func validate(_ questions: [PlanQuestions], _ reply: Double) -> ResourcePlan.Line {
        let answers = recipe.agents.answer.maxTokens, written = recipe.agents.question.maxTokens
        let prompt = questions.map { promptTokens($0.sample) }.reduce(0, +) / Double(questions.count)
        let new = recipe.validate.modes.contains(.reasonFirst) ? reply : 1
        let held = recipe.validate.heldOut * questions.count
        var work = [false, true, true].map {
            decode(held, prompt: prompt, new: new, longest: Int(prompt) + answers, slots: recipe.validate.slots, adapted: $0)
        }
        // The agents answer one at a time, and stand beside the base that judges their questions.
        let drafts = recipe.agents.question.candidates ?? 1
        work.append(decode(
            recipe.validate.generatedQuestions * drafts, prompt: 60, new: Double(written), longest: 60 + written, slots: drafts, adapted: true))
        work.append(decode(recipe.validate.answers, prompt: prompt, new: new, longest: Int(prompt) + answers, slots: 1, adapted: true))
        work.append(decode(
            recipe.validate.generatedQuestions, prompt: prompt, new: new, longest: Int(prompt) + answers, slots: recipe.validate.slots, adapted: false, copies: 2))
        return decodingLine("validate", 3 * held + 2 * recipe.validate.generatedQuestions + recipe.validate.answers, work, adapted: true)
    }

    private func tournament() -> ResourcePlan.Line {
        let cap = recipe.tournament.maxTokens, count = 2 * recipe.tournament.questions
        let drafts = recipe.agents.question.candidates ?? 1
        let asked = min(cap[0], recipe.agents.question.maxTokens), answered = min(cap[1], recipe.agents.answer.maxTokens)
        return decodingLine("tournament", 2 * count, [
            decode(count * drafts, prompt: 60, new: Double(asked), longest: 60 + asked, slots: drafts, adapted: true, copies: 2),
            decode(count, prompt: 130, new: Double(answered), longest: 130 + answered, slots: 1, adapted: true, copies: 2),
        ], adapted: true)
    }

    private func decodingLine(_ phase: String, _ questions: Int, _ work: [Decoding], adapted: Bool) -> ResourcePlan.Line {
        var line = line(phase, questions, 0, 0, bytes: 0)
        add(work, to: &line)
        let held = decodingFootprint(slots: 1, adapted: adapted)
        let adapter = parts([("adapter", held.adapterBytes), ("scales", held.scaleBytes)])
        let most = work.map(\.memory).max { $0.reduce(0) { $0 + $1.bytes } < $1.reduce(0) { $0 + $1.bytes } } ?? []
        line.memory = base + adapter + most
        line.peak = line.memory.reduce(0) { $0 + $1.bytes }
        return line
    }

    // MARK: The rest

    /// Two modules at a time: the factors of every specialist and the merged ones, and their working copies; and the merged factors
    /// of three more, which wait to be written.
    private func merge() -> ResourcePlan.Line {
        let largest = Projection.allCases.map { $0.size(in: model.configuration) }.map { train.rank * ($0.input + $0.output) }.max() ?? 0
        var line = line("merge", 0, 0, 0, bytes: 0)
        line.seconds = nil
        line.memory = [.init(name: "process", bytes: PlanDevice.hostBase), .init(name: "factors", bytes: 4 * largest * (2 * (2 * recipe.domains.count + 1) + 3))]
        line.peak = line.memory.reduce(0) { $0 + $1.bytes }
        line.note = "on the processor: two modules at a time"
        return line
    }

    private var convertedFile: Int { device.isGPU ? 0 : source.convertedFile }
    private var base: [ResourcePlan.Part] {
        parts([("process", device.base), ("model's file", convertedFile), ("weights", model.weightBytes)])
    }

    private func parts(_ list: [(String, Int)]) -> [ResourcePlan.Part] {
        list.filter { $0.1 > 0 }.map { ResourcePlan.Part(name: $0.0, bytes: $0.1) }
    }

    private func line(_ phase: String, _ questions: Int, _ tokens: Double, _ operations: Double, bytes: Double) -> ResourcePlan.Line {
        var seconds: Double?
        if let peak = device.peak(model.dtype), let bandwidth = device.bandwidth {
            seconds = operations / (peak * efficiency) + bytes / (bandwidth * PlanDevice.bandwidthShare)
        }
        return ResourcePlan.Line(phase: phase, questions: questions, tokens: tokens, operations: operations, seconds: seconds, memory: [], peak: 0)
    }

    private func add(_ work: [Decoding], to line: inout ResourcePlan.Line) {
        for one in work {
            line.tokens += one.tokens
            line.operations += one.operations
            if let seconds = line.seconds, let more = one.seconds { line.seconds = seconds + more }
        }
    }

    private func finished(_ lines: [ResourcePlan.Line], _ questions: [PlanQuestions]) -> ResourcePlan {
        var lines = lines
        if let pricePerHour {
            for index in lines.indices { lines[index].cost = lines[index].seconds.map { $0 / 3600 * pricePerHour } }
        }
        let isTraining = { (line: ResourcePlan.Line) in line.steps != nil }
        let trainingPeak = lines.filter(isTraining).map(\.peak).max() ?? 0
        let inferencePeak = lines.filter { !isTraining($0) }.map(\.peak).max() ?? 0
        let times = lines.compactMap(\.seconds)
        let footprint = TrainingFootprint(model: model, adapter: adapter(train))
        let pass = PassSize(tokens: 1, reread: 0, pairs: 1, rows: .max >> 32)
        var assumptions = questions.compactMap(\.assumption)
        let missing = questions.flatMap(\.missing)
        if !missing.isEmpty {
            assumptions.append(
                "not here: \(missing.joined(separator: ", ")); their questions are taken to be as long as the format allows (130 tokens), "
                    + "with \(recipe.label.maxWords) words of explanation")
        }
        if source.tokenizer == nil { assumptions.append("no tokenizer is at hand: tokens are estimated from words, digits and signs") }
        if recipe.domains.contains(where: { $0.kind == .distilled && $0.teacher.flatMap { recipe.teachers[$0] }?.informed == false }) {
            assumptions.append("teachers reason as long as a label may be")
        }
        if model.quantization == .nf4 { assumptions.append("4-bit weights are read as they are while decoding, and dequantised twice a pass in training") }
        let small = model.smallBytes
        return ResourcePlan(
            recipe: recipe.name, device: device, efficiency: efficiency, pricePerHour: pricePerHour,
            model: .init(
                checkpoint: recipe.model.checkpoint, shapeFrom: source.origin, parameters: model.parameters,
                weights: parts([("projections", model.projectionBytes), ("embeddings and head", model.embeddingBytes), ("norms and biases", small)]),
                dtype: model.dtype.rawValue, quantisation: model.quantization?.rawValue, layers: model.configuration.layerCount,
                cacheBytesPerToken: model.cacheBytesPerToken),
            adapter: .init(
                rank: train.rank, modules: train.modules, parameters: footprint.adapterParameters,
                state: parts([("weights", footprint.adapterBytes), ("gradients", footprint.gradientBytes), ("moments", footprint.momentBytes)]),
                blockBytesPerToken: footprint.layerBytes(.everything, pass), blockInputBytesPerToken: footprint.layerBytes(.input, pass),
                kept: footprint.kept(.everything).map { .init(name: $0.name, bytes: $0.perToken) }, logitBytes: footprint.headBytes(pass)),
            lines: lines, trainingPeak: trainingPeak, inferencePeak: inferencePeak,
            seconds: times.isEmpty ? nil : times.reduce(0, +), cost: pricePerHour.flatMap { price in times.isEmpty ? nil : times.reduce(0, +) / 3600 * price },
            checks: checks(trainingPeak, inferencePeak, lines), assumptions: assumptions)
    }

    private func checks(_ training: Int, _ inference: Int, _ lines: [ResourcePlan.Line]) -> [ResourcePlan.Check] {
        var list: [ResourcePlan.Check] = []
        func memory(_ what: String, _ need: Int, _ limit: Double?) {
            if let limit { list.append(.init(what: what, need: Double(need), limit: limit, isTime: false)) }
        }
        memory("training", training, recipe.limits.trainingMemory.map { $0 * 1e9 })
        memory("inference", inference, recipe.limits.inferenceMemory.map { $0 * 1e9 })
        memory(device.name, max(training, inference), device.memory.map(Double.init))
        for (what, agent, prompt) in [("a question", recipe.agents.question, 60.0), ("an answer", recipe.agents.answer, 130)] {
            let one = decode(1, prompt: prompt, new: Double(agent.maxTokens), longest: Int(prompt) + agent.maxTokens, slots: 1, adapted: true)
            if let seconds = one.seconds { list.append(.init(what: what, need: seconds, limit: agent.deadline, isTime: true)) }
        }
        return list
    }
}
