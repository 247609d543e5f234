import Distillation
import Foundation
import Groundwork
import Questions
import Transformers

/// The questions of one domain as far as a plan needs them: a sample, and how many there are.
struct PlanQuestions {
    let settings: DomainSettings
    /// Some of the training questions, or stand-ins.
    let sample: [Question]
    /// Questions to train on.
    let count: Int
    /// What was assumed, if anything had to be.
    let assumption: String?
    /// Files that are not here.
    let missing: [String]

    /// More than this many questions say little new about their lengths.
    static let sampleSize = 256

    init(_ settings: DomainSettings, _ recipe: Recipe) throws {
        self.settings = settings
        guard !settings.files.isEmpty else {
            let wanted = min(settings.questions, Self.sampleSize)
            sample = try QuestionGenerator.generate(
                domain: settings.domain, count: wanted, seed: recipe.seed, families: settings.families.isEmpty ? nil : settings.families,
                difficulty: settings.difficulty)
            (count, assumption, missing) = (settings.questions, nil, [])
            return
        }
        missing = settings.files.filter { !FileManager.default.fileExists(atPath: $0) }
        guard missing.isEmpty else {
            let words = recipe.label.maxWords
            sample = (0..<Self.sampleSize).map { Self.standIn($0, settings.domain, words: words) }
            (count, assumption) = (settings.questions, nil)
            return
        }
        let wanted = Set(settings.subjects)
        let all = try settings.files.flatMap { try QuestionFile.read($0) }
            .filter { wanted.isEmpty ? $0.domain == settings.domain : wanted.contains($0.subject) }
        let held = recipe.validate.probes + (recipe.validate.heldOutFiles.isEmpty ? recipe.validate.heldOut : 0)
        count = max(0, min(settings.questions, all.count - held))
        var random = CounterRandom(seed: recipe.seed, phase: "plan/\(settings.domain)")
        sample = Array(random.shuffled(all).prefix(Self.sampleSize))
        assumption = count < settings.questions ? "the \(settings.domain) files leave \(count) questions to train on" : nil
    }

    /// A question of the longest kind that the tournament's format check lets through.
    private static func standIn(_ number: Int, _ domain: Domain, words: Int) -> Question {
        func text(_ count: Int) -> String { [String](repeating: "letters", count: count).joined(separator: " ") }
        return Question(
            id: "stand-in \(number)", source: "", subject: domain.rawValue, topic: text(3), domain: domain, question: "\(number) " + text(60) + "?",
            choices: (0..<4).map { _ in text(14) }, answer: .A, explanation: text(words))
    }

    /// The training examples of the sample; a teacher's own reasoning is taken to be as long as a label may be.
    func labels(_ recipe: Recipe) -> [KeptLabel] {
        let teacher = settings.teacher.flatMap { recipe.teachers[$0] }
        let own = settings.kind == .distilled && teacher?.informed == false
        let reasoning = [String](repeating: "letters", count: min(recipe.label.maxWords, recipe.label.maxTokens)).joined(separator: " ")
        return sample.map {
            KeptLabel(question: $0, reasoning: own ? reasoning : $0.explanation ?? "", teacherScores: settings.kind == .distilled ? [0, 0, 0, 0] : nil)
        }
    }
}

/// The passes of one training.
struct PlanTraining {
    let examples: Int
    let steps: Int
    /// Sizes of passes as they occur, from the sample.
    let passes: [PassSize]
    /// How many passes there are in all for each of the sample's.
    let scale: Double
    /// Tokens of the examples' replies, on average.
    let replyTokens: Double

    init(_ labels: [KeptLabel], questions: Int, _ train: TrainSettings, coder: any ChatCoder, seed: UInt64) throws {
        let builder = try ExampleBuilder(coder: coder, style: train.mode == .reasonFirst ? .reason : .letter)
        let made = try builder.examples(for: labels, askingShare: train.askingShare, bindsChoices: train.bindChoices, seed: seed).examples
        let configuration = train.training(seed: seed)
        examples = Int((Double(questions) * ((train.bindChoices ? 4 : 1) + train.askingShare)).rounded())
        steps = questions == 0 ? 0 : configuration.totalSteps(examples: examples)
        // Shuffled as the trainer does, those of one question together.
        var groups: [[TrainingExample]] = []
        for example in made {
            if let last = groups.last?.last, last.name == example.name { groups[groups.count - 1].append(example) } else { groups.append([example]) }
        }
        var random = CounterRandom(seed: seed, phase: "plan/shuffle")
        var order = Array(random.shuffled(groups).joined())
        // An incomplete last pass would count for many.
        order = Array(order.prefix(max(order.count / train.batch * train.batch, min(order.count, train.batch))))
        passes = stride(from: 0, to: order.count, by: train.batch).map { first in
            let batch = PackedExamples(Array(order[first..<min(first + train.batch, order.count)]))
            return PassSize(batch.sequences, rows: batch.rows.count)
        }
        let perStep = min(Double(train.accumulate), (Double(examples) / Double(train.batch)).rounded(.up))
        scale = passes.isEmpty ? 0 : Double(steps) * perStep / Double(passes.count)
        replyTokens = made.isEmpty ? 0 : Double(made.reduce(0) { $0 + $1.rows.count }) / Double(made.count)
    }

    /// Tokens that go through the model; what sequences of a pass share counts once.
    var tokens: Double { scale * Double(passes.reduce(0) { $0 + $1.tokens }) }
}
