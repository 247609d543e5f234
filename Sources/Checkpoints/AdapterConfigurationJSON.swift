import Foundation

/// `adapter_config.json` as PEFT writes it.
extension AdapterConfiguration {
    /// Keys that leave the result of a finished adapter alone, whatever they say.
    private static let harmless: Set<String> = [
        "auto_mapping", "corda_config", "ensure_weight_tying", "eva_config", "exclude_modules", "inference_mode", "layers_pattern", "loftq_config", "lora_ga_config", "megatron_config", "megatron_core", "peft_version",
        "qalora_group_size", "revision", "runtime_config", "task_type", "velora_config",
    ]
    private static let understood: Set<String> = [
        "alpha_pattern", "base_model_name_or_path", "bias", "init_lora_weights", "layers_to_transform", "lora_alpha", "lora_dropout", "peft_type", "r",
        "rank_pattern", "target_modules", "use_rslora",
    ]
    /// Initialisations that change the base model's weights too, so that the adapter alone means nothing.
    private static let alteringBase = ["pissa", "olora", "corda", "loftq", "lora_ga"]

    /// - Returns: the configuration; `targetModules` is empty when the file gives a pattern instead of a list, or excludes modules, since then
    ///   only the tensors say which there are.
    /// - Throws: `CheckpointError.unsupported` for any feature that changes the result and is not understood.
    public static func read(_ path: String) throws -> AdapterConfiguration {
        let file = try JSONFile(path: path)
        try refuseUnsupported(file)
        let targets: [String]
        switch file.value("target_modules") {
        case .string?, nil: targets = []
        default: targets = file.value("exclude_modules") == nil ? try file.strings("target_modules") ?? [] : []
        }
        let configuration = AdapterConfiguration(
            rank: try file.required("r", file.size("r")),
            alpha: try file.required("lora_alpha", file.number("lora_alpha")),
            useRSLoRA: try file.flag("use_rslora") ?? false,
            targetModules: targets, layers: try layers(file),
            rankPattern: try patterns(file, "rank_pattern") { try $0.size($1) },
            alphaPattern: try patterns(file, "alpha_pattern") { try $0.number($1) },
            dropout: try file.number("lora_dropout") ?? 0,
            baseModel: try file.string("base_model_name_or_path"))
        guard configuration.alpha.isFinite, (0..<1).contains(configuration.dropout) else {
            throw file.malformed("lora_dropout", "it is \(configuration.dropout), not in 0..<1")
        }
        return configuration
    }

    private static func layers(_ file: JSONFile) throws -> [Int]? {
        switch file.value("layers_to_transform") {
        case nil, .array([])?:
            return nil
        case .array(let elements)?:
            return try elements.map {
                guard case .integer(let layer) = $0, layer >= 0 else { throw file.malformed("layers_to_transform", "expected numbers of blocks") }
                return layer
            }
        default:
            return [try file.required("layers_to_transform", file.int("layers_to_transform"))]
        }
    }

    private static func patterns<T: Sendable & Equatable>(
        _ file: JSONFile, _ key: String, _ value: (JSONFile, String) throws -> T?
    ) throws -> ModulePatterns<T> {
        guard let object = try file.object(key) else { return [:] }
        let patterns = ModulePatterns(try object.object.keys.map { ($0, try object.required($0, value(object, $0))) })
        if let bad = patterns.unusable { throw file.malformed(key, "\(quoted(bad)) is not a usable pattern") }
        return patterns
    }

    private static func refuseUnsupported(_ file: JSONFile) throws {
        func refuse(_ what: String, _ remedy: String) -> CheckpointError {
            .unsupported(path: file.path, what: what, remedy: remedy)
        }
        let kind = try file.required("peft_type", file.string("peft_type"))
        guard kind == "LORA" else { throw refuse("an adapter of type \(quoted(kind))", "LORA is") }
        if let bias = try file.string("bias"), bias != "none" {
            throw refuse("an adapter with trained biases (bias \(quoted(bias)))", "train with bias=\"none\"")
        }
        if case .string(let start)? = file.value("init_lora_weights"), alteringBase.contains(where: start.hasPrefix) {
            throw refuse(
                "an adapter whose start (init_lora_weights \(quoted(start))) altered the base model",
                "convert it with PEFT's save_pretrained(path_initial_model_for_weight_conversion=…)")
        }
        for (key, value) in file.object.pairs where !understood.contains(key) && !harmless.contains(key) {
            switch value {
            case .null, .boolean(false), .string(""), .array([]): continue
            case .object(let object) where object.keys.isEmpty: continue
            default: throw refuse("the adapter feature “\(key)”", "Retort applies plain LoRA on linear layers, rank-stabilised or not")
            }
        }
    }

    /// The file's content with the keys that PEFT of every version reads.
    package func json() -> JSONValue {
        func number(_ value: Double) -> JSONValue { Int(exactly: value).map { .integer($0) } ?? .number(value) }
        return .object(JSONObject([
            ("alpha_pattern", .object(JSONObject(alphaPattern.entries.map { ($0.pattern, number($0.value)) }))),
            ("auto_mapping", .null),
            ("base_model_name_or_path", baseModel.map { .string($0) } ?? .null),
            ("bias", .string("none")),
            ("fan_in_fan_out", .boolean(false)),
            ("inference_mode", .boolean(true)),
            ("init_lora_weights", .boolean(true)),
            ("layer_replication", .null),
            ("layers_pattern", .null),
            ("layers_to_transform", layers.map { .array($0.map { .integer($0) }) } ?? .null),
            ("lora_alpha", number(alpha)),
            ("lora_dropout", .number(dropout)),
            ("modules_to_save", .null),
            ("peft_type", .string("LORA")),
            ("r", .integer(rank)),
            ("rank_pattern", .object(JSONObject(rankPattern.entries.map { ($0.pattern, .integer($0.value)) }))),
            ("revision", .null),
            ("target_modules", .array(targetModules.map { .string($0) })),
            ("task_type", .string("CAUSAL_LM")),
            ("use_dora", .boolean(false)),
            ("use_rslora", .boolean(useRSLoRA)),
        ]))
    }
}
