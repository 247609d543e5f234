import Foundation
import Groundwork
import Questions

/// Gathers each domain's questions and splits them: held-out ones for the verdict, probes that watch over training, and the rest
/// to train on. No two of them are the same question, whatever the order of its choices.
struct CollectPhase: Phase {
    let recipe: Recipe

    let name = "collect"
    var settings: [String: String] {
        get throws {
            var settings = ["revision": "1", "seed": "\(recipe.seed)"]
            for domain in recipe.domains {
                let key = "domains.\(domain.domain)"
                settings["\(key).questions"] = "\(domain.questions)"
                settings["\(key).families"] = "\(domain.families)"
                settings["\(key).difficulty"] = domain.difficulty.map(String.init) ?? "any"
                settings["\(key).files"] = "\(domain.files)"
                settings["\(key).subjects"] = "\(domain.subjects)"
            }
            settings["validate.held_out"] = "\(recipe.validate.heldOut)"
            settings["validate.held_out_files"] = "\(recipe.validate.heldOutFiles)"
            settings["validate.probes"] = "\(recipe.validate.probes)"
            return settings
        }
    }
    var inputs: [PhaseInput] {
        Set(recipe.domains.flatMap(\.files) + recipe.validate.heldOutFiles).sorted().map { .external($0) }
    }
    var outputs: [String] {
        recipe.domains.flatMap { domain in RunFiles.Split.allCases.map { RunFiles.questions(domain.domain, $0) } }
            + [RunFiles.collection]
    }

    func run(in run: RunFolder) throws {
        var collection: [String: Collected] = [:]
        var taken: Set<Fingerprint> = []
        let heldOutFiles = try recipe.validate.heldOutFiles.flatMap { try QuestionFile.read($0) }
        for settings in recipe.domains {
            try Interruption.check()
            let held = unlike(&taken, heldOutFiles.filter { $0.domain == settings.domain })
            let splits = try settings.files.isEmpty
                ? generated(settings, held: held, taken: &taken) : fromFiles(settings, held: held, taken: &taken)
            var collected = Collected()
            for split in RunFiles.Split.allCases {
                let questions = splits[split] ?? []
                try QuestionFile.write(questions, to: run.file(RunFiles.questions(settings.domain, split)))
                collected.counts[split.rawValue] = questions.count
                if split == .train {
                    collected.subjects = Dictionary(questions.map { ($0.family ?? $0.subject, 1) }, uniquingKeysWith: +)
                    collected.letters = Dictionary(questions.map { ($0.answer.rawValue, 1) }, uniquingKeysWith: +)
                }
            }
            collection[settings.domain.rawValue] = collected
        }
        try run.writeJSON(collection, to: RunFiles.collection)
    }

    /// Held-out questions come first and probes next, so that more training questions leave both as they are.
    private func generated(
        _ settings: DomainSettings, held: [Question], taken: inout Set<Fingerprint>
    ) throws -> [RunFiles.Split: [Question]] {
        let wanted = held.isEmpty ? recipe.validate.heldOut : 0
        let all = try QuestionGenerator.generate(
            domain: settings.domain, count: wanted + recipe.validate.probes + settings.questions, seed: recipe.seed,
            families: settings.families.isEmpty ? nil : settings.families, difficulty: settings.difficulty, excluding: taken)
        taken.formUnion(all.map(\.fingerprint))
        return [
            .test: held.isEmpty ? Array(all.prefix(wanted)) : Array(held.prefix(recipe.validate.heldOut)),
            .probe: Array(all.dropFirst(wanted).prefix(recipe.validate.probes)),
            .train: Array(all.dropFirst(wanted + recipe.validate.probes)),
        ]
    }

    private func fromFiles(
        _ settings: DomainSettings, held: [Question], taken: inout Set<Fingerprint>
    ) throws -> [RunFiles.Split: [Question]] {
        var all = try settings.files.flatMap { try QuestionFile.read($0) }
        let wantedSubjects = Set(settings.subjects)
        all = all.filter { wantedSubjects.isEmpty ? $0.domain == settings.domain : wantedSubjects.contains($0.subject) }
        var random = CounterRandom(seed: recipe.seed, phase: "collect/\(settings.domain)")
        all = unlike(&taken, random.shuffled(all)).map { question in
            var question = question
            question.domain = settings.domain
            return question
        }
        let wanted = held.isEmpty ? recipe.validate.heldOut : 0
        let needed = wanted + recipe.validate.probes
        guard all.count > needed else {
            throw RunError.failed(
                phase: name, reason: "the \(settings.domain) files hold \(all.count) different questions of the wanted subjects; "
                    + "\(needed) are held out, so none would be left to train on. Add files, or lower validate.held_out")
        }
        return [
            .test: held.isEmpty ? Array(all.prefix(wanted)) : Array(held.prefix(recipe.validate.heldOut)),
            .probe: Array(all.dropFirst(wanted).prefix(recipe.validate.probes)),
            .train: Array(all.dropFirst(needed).prefix(settings.questions)),
        ]
    }

    /// Those that are new, which then count as taken.
    private func unlike(_ taken: inout Set<Fingerprint>, _ questions: [Question]) -> [Question] {
        questions.filter { taken.insert($0.fingerprint).inserted }
    }
}

/// What collecting came to, for one domain.
struct Collected: Codable {
    /// Questions by split.
    var counts: [String: Int] = [:]
    /// Training questions by family or subject.
    var subjects: [String: Int] = [:]
    /// How often each letter is right among the training questions.
    var letters: [String: Int] = [:]
}
