import Foundation
import Testing

import Pipeline

private let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// The demo's recipe as text, for bending.
private func demo(_ change: (inout String) -> Void = { _ in }) throws -> String {
    var text = try String(contentsOfFile: repository + "/recipes/smollm2-135m.yaml", encoding: .utf8)
    change(&text)
    return text
}

private func complaint(_ text: String, _ overrides: [String] = []) -> String {
    do {
        _ = try Recipe.parse(text, file: "r.yaml", overrides: overrides)
        return "(accepted)"
    } catch {
        return "\(error)"
    }
}

@Suite struct RecipeTests {
    @Test func theDemoIsRead() throws {
        let recipe = try Recipe.parse(demo(), file: "r.yaml")
        #expect(recipe.domains.map(\.domain) == [.math, .code, .stem, .humanities])
        #expect(recipe.domains.map(\.kind) == [.distilled, .distilled, .supervised, .supervised])
        #expect(recipe.domains[0].train.rank == 16)
        #expect(recipe.domains[0].train.scale == 4)
        #expect(recipe.primer?.train.bindChoices == true && recipe.domains.allSatisfy { !$0.train.bindChoices })
        #expect(recipe.teachers["informed"]?.adapter == "primer")
        #expect(recipe.merge.density == 0.8)
        #expect(recipe.merge.sign == .frequency)
        #expect(recipe.agents.question.deadline == 10)
        #expect(recipe.agents.answer.deadline == 6)
    }

    @Test func aTeacherOfSeveralServersIsRead() throws {
        let recipe = try Recipe.parse(
            demo(), file: "r.yaml", overrides: [
                "teachers.informed={engine: openai, model: m, endpoint: ['http://a/v1', 'http://b/v1,model=n,slots=2'], slots: 8, temperature: 0.6, "
                    + "rotations: 4, samples: 3, hint: true, dense: 64}",
                "label.cut=true", "train.dense_weight=0.5",
            ])
        let teacher = try #require(recipe.teachers["informed"])
        #expect(teacher.servers == ["http://a/v1,model=m,slots=8", "http://b/v1,model=n,slots=2"])
        #expect(teacher.rotations == 4 && teacher.samples == 3 && teacher.hint == true && teacher.dense == 64)
        #expect(recipe.label.cut == true && recipe.domains[0].train.denseWeight == 0.5)
    }

    /// Every number of the plan, and the adapter's size out of the arithmetic.
    @Test func theReferencePlanIsRead() throws {
        let recipe = try Recipe.read(repository + "/recipes/qwen2.5-72b.yaml")
        #expect(recipe.domains.map(\.questions) == [15_000, 8_000, 13_000, 24_000])
        #expect(recipe.domains.map(\.kind) == [.distilled, .distilled, .supervised, .supervised])
        #expect(recipe.teachers["deepseek-r1"]?.engine == .llamaCpp)
        #expect(recipe.domains[0].dataset == "math_distilled_dataset")
        let train = recipe.domains[0].train
        #expect((train.rank, train.alpha, train.batch, train.temperature, train.hardWeight) == (128, 256, 4, 2, 0.3))
        #expect(abs(train.scale - 22.627) < 0.001)
        #expect(train.checkpointing && train.rankStabilised && train.scaleByTemperature)
        #expect(recipe.limits.trainingMemory == 80 && recipe.limits.inferenceMemory == 60)
        #expect(recipe.agents.question.maxTokens == 200 && recipe.agents.answer.maxTokens == 150)
        #expect(recipe.agents.question.target == [4, 6] && recipe.agents.answer.target == [2, 3])
        #expect(recipe.validate.generatedQuestions == 100 && recipe.validate.generatedCorrect == 0.95)
        let shape = try #require(recipe.model.shape)
        #expect(AdapterSize.parameters(rank: train.rank, modules: train.modules, shape: shape) == 1_684_275_200)
        #expect(AdapterSize.short(1_684_275_200) == "1.68 B")
        #expect(AdapterSize.short(AdapterSize.baseParameters(shape)) == "72.71 B")
    }

    @Test func unknownKeysAreRefusedWithLineAndSuggestion() throws {
        let text = try demo { $0 = $0.replacingOccurrences(of: "  learning_rate: 1e-3", with: "  learnig_rate: 1e-3") }
        let line = try #require(text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.contains("learnig") }) + 1
        #expect(complaint(text) == "r.yaml:\(line): unknown key 'train.learnig_rate'; did you mean 'train.learning_rate'?")
        #expect(complaint(try demo { $0 += "\nbatch: 4\n" }).contains("unknown key 'batch'; did you mean 'train.batch'?"))
        #expect(complaint(try demo { $0 += "\nzzzzzzzzzz: 4\n" }).contains("unknown key 'zzzzzzzzzz'; known here: name, seed, model"))
        #expect(complaint(try demo { $0 = $0.replacingOccurrences(of: "  math:\n", with: "  maths:\n") }).contains("did you mean 'math'?"))
        #expect(complaint(try demo { $0 = $0.replacingOccurrences(of: "teacher: informed", with: "teacher: infomed") })
            .contains("'teachers' holds no teacher named 'infomed'; did you mean 'informed'?"))
    }

    @Test(arguments: [
        ("train.rank=0", "'train.rank' is a whole number from 1 to 65536, not '0'"),
        ("train.rank=many", "not 'many'"),
        ("train.dropout=1.5", "'train.dropout' is a number from 0 to 0.99, not '1.5'"),
        ("train.learning_rate=nan", "not 'nan'"),
        ("train.schedule=cosin", "did you mean 'cosine'?"),
        ("train.rank_stabilised=maybe", "true or false"),
        ("train.modules=[q_proj, v_prj]", "did you mean 'v_proj'?"),
        ("train.modules=[]", "no projection is named; leave the key out for all of q_proj"),
        ("model.shape={vocabulary: 1000, hidden: 1000000, intermediate: 1000000, layers: 10000, heads: 10000, key_value_heads: 8, head_size: 10000}",
         "these dimensions make a model of 2031600022"),
        ("agents.answer.deadline=soon", "a duration such as 6s"),
        ("merge.sign=frequencies", "did you mean 'frequency'?"),
        ("merge.weights={maths: 2}", "did you mean 'math'?"),
        ("merge.name=../x", "a plain name"),
        ("validate.modes=[]", "a list of reason-first, letter"),
        ("model=x", "'model' is a section"),
        ("name=a/b", "becomes a folder's name"),
        ("domains.math.teacher=", "needs 'teacher'"),
        ("domains.stem.teacher=informed", "a supervised domain has no teacher"),
        ("train=", "the key 'train' is missing"),
        ("train.batch", "an override is written key.path=value"),
        ("trian.batch=2", "unknown key 'trian'; did you mean 'train'?"),
        ("train.bacth=2", "unknown key 'train.bacth'; did you mean 'train.batch'?"),
        ("domains.code.train.rank=4", "the code specialist starts from the primer, so both need the same rank"),
        ("primer=", "the recipe has no section 'primer'"),
        ("primer.questions=0", "'primer.questions' is a whole number from 1"),
        ("teachers.informed={engine: openai, model: m, endpoint: 'http://localhost', informed: true}", "only a native teacher can be informed"),
        ("teachers.informed={engine: openai, model: m, endpoint: 'localhost,x=y'}", "localhost"),
        ("teachers.informed.samples=2", "they would all be the same"),
        ("teachers.informed.rotations=5", "a whole number from 1 to 4"),
        ("teachers.informed={engine: openai, model: m, endpoint: 'http://localhost', adapter: primer}", "only a native teacher takes an adapter"),
        ("train.batch.size=2", "'train.batch' holds no keys of its own"),
        ("train.modules=[q_proj", "not YAML"),
    ])
    func wrongValuesAreRefused(override: String, expected: String) throws {
        let message = complaint(try demo(), [override])
        #expect(message.contains(expected), "\(message)")
        #expect(!message.contains("\n"))
    }

    @Test func overridesWin() throws {
        let recipe = try Recipe.parse(
            demo(), file: "r.yaml",
            overrides: [
                "train.batch=2", "domains.code.train.epochs=4", "validate.modes=[letter]", "agents.answer.deadline=800ms",
                "merge.weights.math=2", "seed=7", "seed=8", "domains.math.questions=1_000",
            ])
        #expect(recipe.domains.map(\.train.batch) == [2, 2, 2, 2])
        #expect(recipe.domains.map(\.train.epochs) == [1, 4, 1, 1])
        #expect(recipe.primer?.train.batch == 2)
        #expect(recipe.validate.modes == [.letter])
        #expect(recipe.agents.answer.deadline == 0.8)
        #expect(recipe.merge.weights == ["math": 2])
        #expect(recipe.seed == 8)
        #expect(recipe.domains[0].questions == 1000)
    }

    @Test func brokenYAMLNamesItsLine() throws {
        #expect(complaint("name: [a\nseed: 1\n").hasPrefix("r.yaml:"))
        #expect(complaint("name: a\nname: b\n").contains("stands twice"))
        #expect(complaint("") == "r.yaml: the recipe is empty")
        #expect(complaint("- a\n- b\n").contains("a recipe is a mapping"))
        #expect(complaint("name: a\n? [1]\n: 2\n").contains("a key is a plain word"))
    }

    @Test func durations() {
        #expect(Seconds.parse("10s") == 10)
        #expect(Seconds.parse("1.5 s") == 1.5)
        #expect(Seconds.parse("800ms") == 0.8)
        #expect(Seconds.parse("2min") == 120)
        #expect(Seconds.parse("6") == 6)
        for wrong in ["", "s", "ten s", "-1s", "nan", "inf"] { #expect(Seconds.parse(wrong) == nil) }
    }
}
