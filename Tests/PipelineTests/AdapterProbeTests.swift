import Agents
import Distillation
import Questions
import Testing
import Transformers

import Pipeline

@Suite struct AdapterProbeTests {
    /// The last of the signs that training went wrong: neither the loss nor a gradient has to be odd for it.
    @Test func aScoreThatIsNoNumberStopsTheTraining() throws {
        let model = try LanguageModel.load(tinyModel), adapter = try Adapter.load(tinyAdapter, for: model)
        let questions = try QuestionGenerator.generate(domain: .stem, count: 16, seed: 3)
        let probe = try AdapterProbe(
            questions: questions, model: model, adapter: adapter, vocabulary: AgentVocabulary(model.tokenizer), mode: .letter, newTokens: 8, slots: 4
        ).probe(every: 2, builder: ExampleBuilder(coder: model.tokenizer))
        #expect(try probe.look(0, nil).answers.count == 16)

        adapter.multiplyScale(by: .nan)
        let error = try #require(throws: DistillationError.self) { try probe.look(2, nil) }
        guard case .notFinite(step: 2, let what) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(what.contains("a letter's score of probe"))
    }
}
