/// Every key a recipe may hold, by section; `*` stands for a name the recipe chooses.
/// The readers ask only for keys named here, unknown keys are refused against it, and suggestions are drawn from it.
enum RecipeSchema {
    static let sections: [String: [String]] = [
        "": [
            "name", "seed", "model", "limits", "teachers", "domains", "label", "primer", "train", "merge", "agents", "validate",
            "tournament", "targets",
        ],
        "model": ["checkpoint", "quantisation", "dtype", "device", "threads", "shape"],
        "model.shape": [
            "vocabulary", "hidden", "intermediate", "layers", "heads", "key_value_heads", "head_size", "tied_embeddings",
        ],
        "limits": ["training_memory_gb", "inference_memory_gb"],
        "teachers": ["*"],
        "teachers.*": [
            "engine", "model", "adapter", "endpoint", "informed", "max_tokens", "temperature", "top_p", "slots", "quantisation",
            "rotations", "samples", "hint", "dense",
        ],
        "domains": ["*"],
        "domains.*": ["kind", "teacher", "questions", "families", "difficulty", "files", "subjects", "dataset", "train"],
        "domains.*.train": trainKeys,
        "label": ["max_words", "max_tokens", "cut", "keep_hinted"],
        "primer": ["questions", "train"],
        "primer.train": trainKeys,
        "train": trainKeys,
        "merge": ["method", "density", "sign", "weights", "name", "require_better"],
        "merge.weights": ["*"],
        "agents": ["question", "answer", "topics"],
        "agents.question": generationKeys + ["candidates"],
        "agents.answer": generationKeys,
        "validate": [
            "held_out", "held_out_files", "probes", "modes", "generated_questions", "generated_correct_at_least", "answers",
            "slots",
        ],
        "tournament": ["questions", "opponent", "max_tokens"],
        "targets": ["*"],
        "targets.*": ["from", "to_at_least", "to_at_most"],
    ]

    private static let trainKeys = [
        "rank", "alpha", "rank_stabilised", "dropout", "modules", "learning_rate", "schedule", "warmup", "weight_decay",
        "clip", "batch", "accumulate", "epochs", "steps", "asking_share", "bind_choices", "checkpointing", "activation_memory",
        "save_every", "probe_every", "max_retries", "temperature", "hard_weight", "reasoning_weight", "dense_weight", "scale_by_temperature", "mode",
    ]
    private static let generationKeys = [
        "temperature", "top_p", "top_k", "repetition_penalty", "max_tokens", "deadline", "target",
    ]

    /// The schema's name of a section: names that the recipe chose become `*`.
    static func pattern(of path: [String]) -> String? {
        var pattern = ""
        for key in path {
            guard let keys = sections[pattern] else { return nil }
            let step = keys.contains(key) ? key : keys.contains("*") ? "*" : nil
            guard let step else { return nil }
            pattern = pattern.isEmpty ? step : pattern + "." + step
        }
        return pattern
    }

    /// The keys a section may hold, or nil if the path names no section.
    static func keys(at path: [String]) -> [String]? { pattern(of: path).flatMap { sections[$0] } }

    /// What to suggest instead of an unknown key: a neighbour in the same section, else the same or a like key elsewhere.
    static func suggestion(for key: String, in path: [String]) -> String? {
        let here = (keys(at: path) ?? []).filter { $0 != "*" }
        if let near = NearestName.of(key, among: here) { return (path + [near]).joined(separator: ".") }
        let elsewhere = sections.flatMap { section, keys in
            keys.filter { $0 != "*" && NearestName.distance(Array($0), Array(key)) <= 1 }
                .map { section.isEmpty ? $0 : section + "." + $0 }
        }
        return elsewhere.min { ($0.count, $0) < ($1.count, $1) }
    }
}
