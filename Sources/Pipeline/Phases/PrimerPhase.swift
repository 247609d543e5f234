import Distillation
import Questions

/// Trains the adapter that every specialist starts from, on some training questions of every domain: what the specialists
/// share (the form of a reply; stating an answer and then finding its letter) is learnt once instead of once a domain.
struct PrimerPhase: Phase {
    let workbench: Workbench
    let primer: PrimerSettings
    private var recipe: Recipe { workbench.recipe }
    private var training: AdapterTraining {
        AdapterTraining(workbench: workbench, settings: primer.train, title: name, folder: RunFiles.primer)
    }

    let name = PrimerSettings.name
    var settings: [String: String] {
        get throws { try training.flatSettings.merging(["questions": "\(primer.questions)"]) { $1 } }
    }
    var inputs: [PhaseInput] {
        [.model(recipe.model.checkpoint)] + recipe.domains.map { .run(RunFiles.questions($0.domain, .train)) }
    }
    var outputs: [String] { training.outputs }
    var work: [String] { [RunFiles.primer] }

    func run(in run: RunFolder) throws {
        let questions = try recipe.domains.flatMap {
            try QuestionFile.read(run.file(RunFiles.questions($0.domain, .train))).prefix(primer.questions)
        }
        try training.train(on: training.supervised(questions), in: run)
    }
}
