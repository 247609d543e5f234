import Foundation
import Groundwork
import Testing

@Suite struct CommandLineTests {
    @Test func everySubcommandStandsInTheHelp() throws {
        let help = try Command(["--help"])
        #expect(help.status == 0)
        for name in [
            "run", "plan", "data", "generate", "label", "train", "merge", "export", "evaluate",
            "bakeoff", "report", "question", "answer", "tournament", "tune", "submit", "agents", "serve", "complete", "tokenize", "inspect", "doctor",
        ] {
            #expect(help.output.contains("\n  \(name) "), "\(name)")
        }
        #expect(try Command([]).output == help.output)
    }

    @Test(arguments: [
        ("run", ["<recipe>", "[<key.path=value> ...]", "--out", "--only", "--from", "--dry-run", "--json"]),
        ("plan", ["<recipe>", "[<key.path=value> ...]", "--device", "--price", "--efficiency", "--config", "--json"]),
        ("report", ["<run> ...", "-o, --output", "--price"]),
        ("generate", ["--domain", "--count", "--seed", "-o, --output", "--json"]),
        ("label", ["--model", "--questions", "-o, --output", "--device", "--threads", "--dtype", "--engine", "--endpoint", "--informed", "--max-tokens", "--slots", "--rotations", "--samples", "--hint", "--dense", "--student", "--resume", "--no-resume", "--dry-run", "--price-input", "--price-output", "--json"]),
        ("train", ["--model", "--questions", "--labels", "--adapter", "--bind-choices", "--shuffle", "--no-shuffle", "--rank", "--alpha", "--rslora", "--no-rslora", "--lr", "--batch", "--checkpointing", "--activation-memory", "--epochs", "-o, --output", "--probe", "--probe-every", "--max-retries", "--find-lr", "--json"]),
        ("merge", ["--method", "--space", "--convention", "--density", "--sign", "--lambda", "--rank", "--seed", "--epsilon", "--gamma", "--threads", "--weights", "--start", "--select", "--model", "--mode", "--candidates", "--budget", "--baseline", "--own", "--keep-all", "-o, --output", "<adapter> ...", "--json"]),
        ("export", ["--format", "--model", "--dtype", "--max-shard-size", "--run", "-o, --output", "<adapter>"]),
        ("evaluate", ["--model", "--adapter", "--compare", "--questions", "--style", "--mode", "--modes", "--votes", "--shots", "--num-shots", "--subject", "--limit", "--benchmark", "--data", "--rotate", "--min-questions", "-o, --output", "--json"]),
        ("bakeoff", ["--model", "--questions", "--benchmark", "--data", "--style", "--mode", "--min-questions", "-o, --output", "--json"]),
        ("answer", ["--model", "--adapter", "--input", "--deadline", "--reserve", "--mode", "--votes", "--batch", "--confidence", "-o, --output", "--json"]),
        ("tournament", ["--team", "--topics", "--questions-per-inning", "--format", "--matches", "--question-seconds", "--answer-seconds", "--benchmark", "--tokenizer", "--seed", "--out", "--events", "--quantization", "--json"]),
        ("tune", ["--agent", "--model", "--adapter", "--questions", "--topics", "--count", "--deadline", "--temperature", "--top-p", "--repetition-penalty", "--max-tokens", "--mode", "--candidates", "--trials", "--seed", "-o, --output", "--json"]),
        ("agents", ["--submission", "--model", "--adapter", "--quantization", "--qgen", "--agen", "--pool", "--agent", "--slots"]),
        ("submit", ["--model", "--adapter", "-o, --output", "--topics", "--qgen", "--agen", "--mode", "--quantization", "--binary", "--include-model", "--force", "--check", "--json"]),
        ("question", ["--model", "--adapter", "--topics", "--count", "--deadline", "--batch", "--pool", "--shots", "--num-shots", "--candidates", "--solves", "--solver", "--solver-mode", "--opponent", "--avoid", "--audit", "-o, --output", "--json"]),
        ("complete", ["--model", "--adapter", "--prompts", "--streams", "--raw", "--max-tokens", "--ignore-eos", "--temperature", "--top-p", "--seed", "--json", "<prompt>"]),
        ("serve", ["--model", "--adapter", "--served-model-name", "--host", "--port", "--slots", "--queue", "--max-model-len", "--answer-deadline", "--question-deadline", "--chat-deadline", "--api-key-env", "--api-key-file"]),
        ("tokenize", ["--model", "--decode", "--json"]),
        ("inspect", ["<path>", "--json"]),
        ("doctor", ["--json"]),
    ])
    func helpNamesEveryOption(subcommand: String, options: [String]) throws {
        let help = try Command([subcommand, "--help"])
        #expect(help.status == 0)
        for option in options { #expect(help.output.contains(option), "\(subcommand): \(option)") }
    }

    @Test func theSubcommandsHelpStartsWithWhatItDoes() throws {
        let help = try Command(["tokenize", "--help"]).output
        #expect(help.hasPrefix("""
            OVERVIEW: Turn texts into token ids and back, line by line.

            Reads one JSON string a line from standard input and writes one JSON array of
            ids a line; with --decode the reverse. Special tokens inside a text are
            recognised, and none is added.

            USAGE: retort tokenize --model <model> [--decode]
            """))
    }

    @Test(arguments: [
        (["nonsense"], "Unexpected argument 'nonsense'"),
        (["train", "--model", "m", "-o", "x"], "Give either --questions or --labels."),
        (["train", "--model", "m", "--questions", "q", "-o", "x", "--adapter", "a", "--rank", "8"], "--adapter brings its own rank"),
        (["label", "--questions", "q", "-o", "x"], "Give either --model or --endpoint."),
        (["label", "--model", "m", "--endpoint", "http://a", "--questions", "q", "-o", "x"], "Give either --model or --endpoint."),
        (["label", "--endpoint", "http://a,colour=red", "--questions", "q", "-o", "x"], "colour"),
        (["label", "--model", "m", "--engine", "llama.cpp", "--informed", "--questions", "q", "-o", "x"], "--informed needs a native teacher."),
        (["label", "--model", "m", "--rotations", "5", "--questions", "q", "-o", "x"], "the number of rotations is 5, but must be 1 to 4"),
        (["label", "--model", "m", "--samples", "2", "--temperature", "0", "--questions", "q", "-o", "x"], "they would all be the same"),
        (["label", "--model", "m", "--price-input", "2", "--questions", "q", "-o", "x"], "--price-input needs --dry-run."),
        (["train", "--model", "m", "--questions", "q"], "Missing expected argument '--output <dir>'"),
        (["train", "--model", "m", "--questions", "q", "--find-lr", "-o", "x"], "--find-lr trains and writes nothing"),
        (["train", "--model", "m", "--questions", "q", "--find-lr", "--probe", "p"], "--find-lr trains and writes nothing"),
        (["train", "--model", "m", "--questions", "q", "--find-lr", "--steps", "7"], "--find-lr needs --steps of at least 8."),
        (["train", "--model", "m", "--questions", "q", "-o", "x", "--max-retries", "3"], "--probe-every and --max-retries need --probe."),
        (["run", "recipes/smollm2-135m.yaml", "--only", "a", "--from", "b"], "--only and --from exclude each other."),
        (["run", "recipes/smollm2-135m.yaml", "train.bacth=1"], "did you mean 'train.batch'?"),
        (["run", "recipes/smollm2-135m.yaml", "--dry-run", "--only", "marge"], "there is no phase 'marge'; did you mean 'merge'?"),
        (["evaluate", "--model", "m", "--questions", "q", "--style", "mmlu", "--mode", "reason-first"], "--mode reason-first needs --style chat"),
        (["evaluate", "--model", "m", "--questions", "q", "--device", "gpu"], "'gpu' is no device"),
        (["evaluate", "--model", "m"], "Give either --questions or --benchmark with --data."),
        (["evaluate", "--model", "m", "--benchmark", "mmlu"], "--benchmark and --data belong together."),
        (["evaluate", "--model", "m", "--benchmark", "math500", "--data", "d", "--rotate"], "not for math500"),
        (["evaluate", "--model", "m", "--questions", "q", "--modes", "letter", "--output", "o"], "--output keeps the answers of one model in one mode"),
        (["evaluate", "--model", "m", "--questions", "q", "--compare", "a", "--output", "o"], "--output keeps the answers of one model in one mode"),
        (["bakeoff", "--model", "m", "--questions", "q"], "Give --model at least twice."),
        (["bakeoff", "--model", "m", "--model", "m", "--questions", "q"], "--model m is given twice."),
        (["bakeoff", "--model", "m", "--model", "n", "--benchmark", "math500", "--data", "d"], "A bakeoff asks four-choice questions"),
        (["bakeoff", "--model", "m", "--model", "n"], "Give either --questions or --benchmark with --data."),
        (["bakeoff", "--model", "m", "--model", "n", "--benchmark", "mmlu"], "--benchmark and --data belong together."),
        (["bakeoff", "--model", "m", "--model", "n", "--questions", "q", "--mode", "vote"], "A vote is measured beside other modes"),
        (["bakeoff", "--model", "m", "--model", "n", "--questions", "q", "--min-questions", "0"], "--min-questions is a number of at least 1."),
        (["report"], "Missing expected argument '<run> ...'"),
        (["report", "r", "--price=-1"], "--price is a number of at least 0."),
        (["agents"], "Give either --submission or --model."),
        (["agents", "--submission", "s", "--adapter", "a"], "give them only with --model"),
        (["submit", "--model", "m", "--mode", "letter", "--agen", "a", "-o", "x"], "--mode is for the settings that Retort writes"),
        (["complete", "--model", "m", "--prompts", "p", "text"], "Give either PROMPT or --prompts."),
        (["complete", "--model", "m", "--streams", "4", "text"], "--streams is a number of at least 1 and needs --prompts."),
        (["answer", "--model", "m", "--input", "q", "-o", "x", "--deadline", "soon"], "'soon' is invalid"),
        (["answer", "--model", "m", "--input", "q", "-o", "x", "--mode", "reason"], "'letter', 'answer-first', 'reason-first' or 'vote'"),
        (["answer", "--model", "m", "--input", "q", "-o", "x", "--votes", "3"], "--votes needs --mode vote."),
        (["answer", "--model", "m", "--input", "q", "-o", "x", "--reserve", "6s"], "--reserve must be shorter than --deadline."),
        (["evaluate", "--model", "m", "--questions", "q", "--mode", "vote"], "--modes letter,vote"),
        (["evaluate", "--model", "m", "--questions", "q", "--modes", "letter,letter"], "'letter,letter' is invalid"),
        (["tournament", "--team", "a=m", "--topics", "t"], "A tournament needs two teams or more"),
        (["tournament", "--team", "a=m", "--team", "a=n", "--topics", "t"], "two teams are called a"),
        (["tournament", "--team", "a=m", "--team", "b=m,mode=shout", "--topics", "t"], "there is no mode 'shout'"),
        (["tournament", "--team", "a=http://h", "--team", "b=cmd:d", "--topics", "t"], "--tokenizer MODEL must say who counts tokens"),
        (["tournament", "--team", "a=m", "--team", "b=n", "--topics", "t", "--answer-seconds", "0"], "--answer-seconds is a number of seconds above 0."),
        (["tune", "--agent", "answer", "--model", "m"], "--agent answer needs --questions FILE"),
        (["tune", "--agent", "question", "--model", "m", "--topics", "t", "--mode", "letter"], "--mode is for --agent answer."),
        (["tune", "--agent", "answer", "--model", "m", "--questions", "q", "--temperature", "0.2,hot"], "'0.2,hot' is invalid"),
        (["tune", "--agent", "answer", "--model", "m", "--questions", "q", "--top-p", "1.5"], "top_p is 1.5; allowed is a number above 0, up to 1"),
        (["serve", "--model", "m", "--adapter", "nameless"], "'nameless' is invalid"),
        (["serve", "--model", "m", "--slots", "0"], "--slots is a number from 1 to 256."),
        (["serve", "--model", "m", "--api-key-env", "RETORT_NO_SUCH_VARIABLE"], "which is not set"),
        (["merge", "--method", "slerp", "-o", "x", "a"], "there is no merge method \"slerp\"; choose one of ties, linear, cat"),
        (["merge", "--method", "cat", "--density", "0.5", "-o", "x", "a"], "--density means nothing to the method cat."),
        (["merge", "--method", "cat", "--space", "core", "-o", "x", "a"], "cat does not exist in the space core; choose factors"),
        (["merge", "--rank", "8", "-o", "x", "a"], "a rank cannot be chosen for ties in the space of factors"),
        (["merge", "--select", "q", "-o", "x", "a"], "--select needs --model"),
        (["merge", "--budget", "9", "-o", "x", "a"], "--budget needs --select FILE"),
        (["merge", "--select", "q", "--model", "m", "--density", "0.5", "-o", "x", "a"], "--density is of a single merge; with --select write it into a candidate"),
        (["merge", "--select", "q", "--model", "m", "--candidates", "ties,core:cat", "-o", "x", "a"], "the candidate 'core:cat' cannot be tried"),
        (["merge", "--select", "q", "--model", "m", "--mode", "vote", "-o", "x", "a"], "Merges race with one answer a question"),
        (["merge", "--weights", "1,2", "-o", "x", "--threads", "1", "a"], "2 weights for 1 adapters"),
        (["export", "a", "--format", "gguf", "--max-shard-size", "1GB", "-o", "x"], "--max-shard-size is for --format checkpoint."),
    ])
    func wrongUseIsTwo(arguments: [String], message: String) throws {
        let command = try Command(arguments)
        #expect(command.status == 2)
        #expect(command.output.isEmpty)
        #expect(command.errors.hasPrefix("error: ") && command.errors.contains(message), "\(command.errors)")
        #expect(command.errors.split(separator: "\n").count == 1)
    }

    @Test func aDryRunOfLabelsAsksNobody() throws {
        let folder = NSTemporaryDirectory() + "retort-dry-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try Command(["generate", "--domain", "math", "--count", "20", "-o", "\(folder)/q.jsonl"]).status == 0)
        let command = try Command([
            "label", "--endpoint", "http://127.0.0.1:9/v1", "--questions", "\(folder)/q.jsonl", "-o", "\(folder)/labels.jsonl", "--rotations", "4",
            "--max-tokens", "500", "--dry-run", "--price-output", "2", "--json", "\(folder)/estimate.json",
        ])
        #expect(command.status == 0, "\(command.errors)")
        #expect(command.output.hasPrefix("20 of 20 questions to label; at most: 80 replies, "))
        #expect(command.output.contains("40000 tokens written, 0.08 in the currency of the prices"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/labels.jsonl"))
        #expect(try String(contentsOfFile: "\(folder)/estimate.json", encoding: .utf8).contains("\"completionTokens\" : 40000"))
    }

    @Test(arguments: [
        ["run", "no/such/recipe.yaml"],
        ["report", "no/such/run"],
        ["tokenize", "--model", "no/such/model.gguf"],
        ["inspect", "no/such/model.gguf"],
        ["complete", "--model", "m", "--prompts", "no/such/prompts.jsonl"],
        ["serve", "--model", "no/such/model.gguf"],
        ["serve", "--model", "m", "--api-key-file", "no/such/token"],
        ["merge", "-o", "/tmp/never-written", "no/such/adapter", "nor/this"],
        ["label", "--model", "m", "--questions", "no/such/file", "-o", "/tmp/never-written"],
        ["train", "--model", "no/such/model", "--questions", "no/such/file", "-o", "/tmp/never-written"],
        ["evaluate", "--model", "m", "--benchmark", "math500", "--data", "no/such/problems.jsonl"],
        ["bakeoff", "--model", "m", "--model", "n", "--questions", "no/such/questions.jsonl"],
    ])
    func failureIsOneAndSaysWhy(arguments: [String]) throws {
        let command = try Command(arguments)
        #expect(command.status == 1)
        let lines = command.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
        #expect(lines.count == 1, "\(command.errors)")
        #expect(lines.first?.contains("no/such") == true, "\(command.errors)")
    }

    /// Merges two adapters of different scales in common bases, exports the result in each form, and finds the card beside it.
    @Test func mergesAndExports() throws {
        try withFolder { folder in
            let fixtures = "Tests/Fixtures/Transformers/llama"
            let merge = try Command([
                "merge", "--method", "ties", "--space", "core", "--rank", "3", "-o", folder + "/merged", "--json", folder + "/merge.json",
                fixtures + "/adapters/plain", fixtures + "/adapters/rslora",
            ])
            #expect(merge.status == 0, "\(merge.errors)")
            #expect(merge.output.contains("mean cosine with the merged adapter") && merge.output.contains("of the energy"))
            for (format, name, card) in [("peft", "p", "p/README.md"), ("gguf", "g.gguf", "g.gguf.md"), ("checkpoint", "c", "c/README.md")] {
                let export = try Command([
                    "export", folder + "/merged", "--format", format, "--model", fixtures + "/model", "-o", "\(folder)/\(name)",
                ])
                #expect(export.status == 0, "\(export.errors)")
                let text = try String(contentsOfFile: "\(folder)/\(card)", encoding: .utf8)
                // A path of this machine is no name of a model elsewhere.
                #expect(!text.contains("base_model: ") && !text.contains(fixtures + "/model") && text.contains(" for `model`."))
                #expect(text.contains("## Merge") && text.contains("space core"))
                #expect(text.contains("library_name: \(format == "checkpoint" ? "transformers" : "peft")"))
            }
            #expect(FileManager.default.fileExists(atPath: folder + "/c/config.json"))
        }
    }

    @Test func aDryRunOfTheReferencePlanNeedsNoModelAndWritesNothing() throws {
        try withFolder { folder in
            let out = folder + "/run"
            let command = try Command(["run", "recipes/qwen2.5-72b.yaml", "--dry-run", "--out", out, "--json", folder + "/plan.json"])
            #expect(command.status == 0, "\(command.errors)")
            #expect(command.output.contains("1684275200 parameters (1.68 B)"))
            #expect(command.output.contains("scale α/√r = 22.63 (plain α/r would be 2)"))
            #expect(command.output.contains("unsloth/Qwen2.5-72B-bnb-4bit  (train:math)"))
            for phase in ["collect", "label", "train:math", "train:code", "train:stem", "train:humanities", "merge", "validate", "tournament", "report"] {
                #expect(command.output.contains("\n  \(phase) "), "\(phase)")
            }
            #expect(!FileManager.default.fileExists(atPath: out))
            let plan = try JSONSerialization.jsonObject(with: WholeFile.read(folder + "/plan.json")) as? [String: Any]
            #expect((plan?["phases"] as? [Any])?.count == 10)
        }
    }

    @Test func aDryRunOfTheDemoNamesItsPrimer() throws {
        try withFolder { folder in
            let plan = try Command(["run", "recipes/smollm2-135m.yaml", "--dry-run", "--out", folder + "/run"])
            #expect(plan.status == 0, "\(plan.errors)")
            #expect(plan.output.contains("adapter     primer: supervised, 160 questions, rank 16"))
            let phases = plan.output.split(separator: "\n").filter { $0.hasPrefix("  ") }.map { $0.split(separator: " ")[0] }
            #expect(phases.prefix(4) == ["collect", "primer", "label", "train:math"])
        }
    }

    /// The first phase needs no model: run it for real, twice, then with another setting.
    @Test func collectRunsAndIsResumed() throws {
        try withFolder { folder in
            let out = folder + "/run"
            let small = ["validate.held_out=8", "validate.probes=4"] + ["math", "code", "stem", "humanities"].map { "domains.\($0).questions=12" }
            let first = try Command(["run", "recipes/smollm2-135m.yaml", "--out", out, "--only", "collect"] + small)
            #expect(first.status == 0, "\(first.errors)")
            func lines(_ name: String) throws -> [String] { try LineFile.read(out + "/questions/" + name).map(\.text) }
            for domain in ["math", "code", "stem", "humanities"] {
                #expect(try lines("\(domain)/train.jsonl").count == 12)
                #expect(try lines("\(domain)/probe.jsonl").count == 4)
                #expect(try lines("\(domain)/test.jsonl").count == 8)
            }
            let plan = ["run", "recipes/smollm2-135m.yaml", "--out", out, "--dry-run"]
            #expect(try Command(plan + small).output.contains("collect           valid"))
            let changed = try Command(plan + small + ["domains.math.questions=13"]).output
            #expect(changed.contains("collect           to do, because domains.math.questions changed from 12 to 13"), "\(changed)")
            let held = try lines("math/test.jsonl")
            try FileManager.default.removeItem(atPath: out + "/questions/math/test.jsonl")
            #expect(try Command(plan + small).output.contains("its output questions/math/test.jsonl is missing"))
            _ = try Command(["run", "recipes/smollm2-135m.yaml", "--out", out, "--only", "collect"] + small)
            #expect(try lines("math/test.jsonl") == held)
        }
    }

    @Test func generatedQuestionsAreTheSameEachTime() throws {
        try withFolder { folder in
            for name in ["a", "b"] {
                let command = try Command([
                    "generate", "--domain", "stem", "--count", "20", "--seed", "7", "-o", "\(folder)/\(name).jsonl", "--json", "\(folder)/\(name).json",
                ])
                #expect(command.status == 0, "\(command.errors)")
            }
            let first = try WholeFile.read(folder + "/a.jsonl")
            #expect(try first == WholeFile.read(folder + "/b.jsonl"))
            #expect(first.split(separator: UInt8(ascii: "\n")).count == 20)
        }
    }

    /// A full disk is one error; a reader that has enough (`| head`) is none; and what nobody can be told is not said.
    @Test(arguments: [
        (["complete", "--model", tinyModel, "--max-tokens", "4", "--ignore-eos", "x"], ">/dev/full", Int32(1)),
        (["inspect", tinyModel], ">/dev/full", 1),
        (["complete", "--model", tinyModel, "--max-tokens", "4", "--ignore-eos", "x"], "2>/dev/full", 0),
        (["complete", "--model", tinyModel, "--max-tokens", "4", "--ignore-eos", "x"], "| { exec 0<&-; sleep 2; }", 0),
        (["complete", "--model", tinyModel, "--max-tokens", "4", "--ignore-eos", "x"], "2>&1 >/dev/null | { exec 0<&-; sleep 2; }", 0),
    ])
    func anOutputThatTakesNothing(arguments: [String], redirection: String, status: Int32) throws {
        let process = Process(), errors = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["bash", "-c", "\"$@\" \(redirection); exit ${PIPESTATUS[0]}", "bash", Command.binary] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == status, "\(text)")
        #expect(status == 0 || text.contains("error: cannot write to standard output: No space left on device"), "\(text)")
    }

    /// A text ends where the context does; a prompt that is longer is told before any is continued.
    @Test func aTextEndsWithTheContext() throws {
        let whole = try Command(["complete", "--model", tinyModel, "--raw", "--json", "--max-tokens", "100000", "--ignore-eos", "x"])
        #expect(whole.status == 0 && whole.output.contains("\"finish\":\"length\""), "\(whole.errors) \(whole.output.suffix(200))")
        try withFolder { folder in
            try WholeFile.write("\"short\"\n\"\(String(repeating: "long ", count: 20_000))\"\n", to: folder + "/prompts.jsonl")
            let command = try Command(["complete", "--model", tinyModel, "--raw", "--max-tokens", "2", "--prompts", folder + "/prompts.jsonl"])
            #expect(command.status == 1 && command.output.isEmpty && command.errors.contains("prompt 2") && command.errors.contains("context"), "\(command.errors)")
        }
    }

    @Test func aBadLineOfPromptsIsNamed() throws {
        try withFolder { folder in
            let prompts = folder + "/prompts.jsonl"
            for (line, reason) in [("[1, 2]", "neither a JSON string nor an object"), ("\"\"", "the prompt is empty")] {
                try WholeFile.write("\"one\"\n\n{\"prompt\": \"two\"}\n\(line)\n", to: prompts)
                let command = try Command(["complete", "--model", "m", "--prompts", prompts])
                #expect(command.status == 1 && command.output.isEmpty)
                #expect(command.errors.contains("\(prompts), line 4: ") && command.errors.contains(reason), "\(command.errors)")
            }
        }
    }

    private struct Completed: Decodable {
        let ids: [Int]
        let finish: String
        let prompt_seconds: Double?
        let first_token_seconds: Double?
        let decode_tokens_per_second: Double?
    }

    /// More prompts than streams, of unlike lengths: the lines come in the prompts' order and say what each prompt alone would give.
    @Test(.enabled(if: smolLM2 != nil, "needs SmolLM2: run scripts/setup"))
    func manyPromptsGiveWhatEachGivesAlone() throws {
        let model = try #require(smolLM2)
        let prompts = ["The capital of Austria is", "1, 2, 3,", "Water boils at one hundred degrees because", "Hello"]
        let options = ["complete", "--model", model, "--raw", "--ignore-eos", "--max-tokens", "6"]
        let input = prompts.enumerated().map { $0 % 2 == 0 ? "\"\($1)\"\n" : "{\"prompt\": \"\($1)\"}\n" }.joined()
        let many = try Command(options + ["--prompts", "-", "--streams", "2"], input: input)
        #expect(many.status == 0, "\(many.errors)")
        let lines = try many.output.split(separator: "\n").map { try JSONDecoder().decode(Completed.self, from: Data($0.utf8)) }
        #expect(lines.count == prompts.count)
        for (prompt, line) in zip(prompts, lines) {
            let alone = try Command(options + ["--json", prompt])
            let expected = try JSONDecoder().decode(Completed.self, from: Data(alone.output.utf8))
            #expect(line.ids == expected.ids && line.ids.count == 6 && line.finish == "length", "\(prompt)")
            let loaded = try #require(expected.first_token_seconds), prompted = try #require(expected.prompt_seconds)
            #expect(prompted > 0 && prompted < loaded && expected.decode_tokens_per_second ?? 0 > 0)
        }
    }

    /// Through pipes, with entries that are no questions: each line has its answer, in order, and the command is content.
    @Test(.enabled(if: smolLM2 != nil, "needs SmolLM2: run scripts/setup"))
    func everyEntryOfAPipeHasItsAnswer() throws {
        let good = #"{"question": "What is 2 + 2?", "choices": ["3", "4", "5", "22"]}"#
        let input = [good, "no JSON", #"{"question": "<|im_end|>", "choices": ["a", "b"]}"#, good].joined(separator: "\n")
        for mode in ["letter", "reason-first"] {
            let command = try Command(
                ["answer", "--model", #require(smolLM2), "--input", "-", "-o", "-", "--mode", mode, "--confidence", "--deadline", "60s", "--batch", "4", "--max-tokens", "40"],
                input: input)
            #expect(command.status == 0, "\(command.errors)")
            let answers = try #require(JSONSerialization.jsonObject(with: Data(command.output.utf8)) as? [[String: Any]])
            try #require(answers.count == 4)
            #expect(answers.allSatisfy { ["A", "B", "C", "D"].contains($0["answer"] as? String ?? "") })
            #expect(answers[1]["reasoning"] as? String == "Not answered: the entry is no question: it is not valid JSON")
            #expect((answers[2]["reasoning"] as? String)?.hasSuffix("but 2") == true)
            for place in [0, 3] { #expect((answers[place]["confidence"] as? Double).map { $0 > 0 && $0 <= 1 } == true) }
            #expect(command.errors.contains("4 answers: 4 valid, 0 late, 2 refused") && command.errors.contains("this machine: a question is read at"))
        }
    }

    @Test(.enabled(if: smolLM2 != nil, "needs SmolLM2: run scripts/setup"))
    func anInterruptedAgentKeepsWhatItAnswered() throws {
        try withFolder { folder in
            let question = #"{"question": "What is 2 + 2?", "choices": ["3", "4", "5", "22"]}"#
            try WholeFile.write(String(repeating: question + "\n", count: 20_000), to: folder + "/asked.jsonl")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Command.binary)
            process.arguments = ["answer", "--model", try #require(smolLM2), "--input", folder + "/asked.jsonl", "-o", folder + "/answers.json", "--deadline", "60s"]
            let errors = Pipe()
            process.standardError = errors
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            var text = ""
            while !text.contains("answers: 1/") {
                let more = errors.fileHandleForReading.availableData
                if more.isEmpty { break }
                text += String(decoding: more, as: UTF8.self)
            }
            process.interrupt()
            text += String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 130, "\(text)")
            let answers = try #require(JSONSerialization.jsonObject(with: WholeFile.read(folder + "/answers.json")) as? [[String: Any]])
            #expect(!answers.isEmpty && text.contains("stopped: the first \(answers.count) of 20000 answers are in \(folder)/answers.json"), "\(text)")
        }
    }

    @Test func interruptionIs130AndSaysHowToGoOn() throws {
        try withFolder { folder in
            // Enough questions that the signal comes in time, whatever the machine.
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Command.binary)
            process.currentDirectoryURL = URL(fileURLWithPath: Command.repository)
            let questions = ["domains.math.questions=20000", "domains.math.families=", "domains.math.difficulty="]
            process.arguments = ["run", "recipes/smollm2-135m.yaml", "--out", folder + "/run"] + questions
            let errors = Pipe()
            process.standardError = errors
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            // The line that announces the first phase: from here on a stop is heard.
            let first = errors.fileHandleForReading.availableData
            process.interrupt()
            let rest = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            let text = String(decoding: first + rest, as: UTF8.self)
            #expect(process.terminationStatus == 130, "\(text)")
            #expect(text.contains("To continue: retort run recipes/smollm2-135m.yaml --out \(folder)/run"), "\(text)")
        }
    }

    /// What keeps nothing does not promise that it goes on.
    @Test(.enabled(if: smolLM2 != nil, "needs SmolLM2: run scripts/setup")) func aTextThatIsStoppedBeginsAnew() throws {
        let process = Process(), output = Pipe(), errors = Pipe()
        process.executableURL = URL(fileURLWithPath: Command.binary)
        process.arguments = ["complete", "--model", smolLM2!, "--max-tokens", "2000", "--ignore-eos", "Tell me a story."]
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let first = output.fileHandleForReading.availableData  // its first words: it is at work
        process.interrupt()
        let text = String(decoding: first + output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let told = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 130 && told.contains("begins anew") && !told.contains("continues"), "\(told)")
        #expect(text.hasSuffix("\n") && text.count > 1)
    }

    @Test func aPlanNeedsNoModel() throws {
        let wrong = try Command(["plan", "recipes/qwen2.5-72b.yaml", "--device", "b300"])
        #expect(wrong.status == 2 && wrong.errors.contains("'b300' is no device"))
        #expect(try Command(["plan", "recipes/qwen2.5-72b.yaml", "--efficiency", "1e-320"]).status == 2)
        let folder = try Command(["plan", "recipes"])
        #expect(folder.status == 1 && folder.errors == "error: cannot read recipes: it is a folder\n")
        let made = try Command(["plan", "recipes/qwen2.5-72b.yaml", "--device", "h200", "--price", "4", "--json", "-"])
        #expect(made.status == 0)
        let fields = try #require(JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any])
        #expect((fields["adapter"] as? [String: Any])?["parameters"] as? Int == 1_684_275_200)
        let lost = try Command(["plan", "recipes/smollm2-135m.yaml", "--device", "48G", "model.checkpoint=nobody/nothing"])
        #expect(lost.status == 1 && lost.errors.contains("--config") && lost.errors.split(separator: "\n").count == 1)
    }
}
