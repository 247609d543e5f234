// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "retort",
    products: [.executable(name: "retort", targets: ["retort"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", "3.12.3"..<"5.0.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    // A target may import only targets that stand above it in this list.
    targets: [
        // Random numbers by counter, durable writes, interruption, progress: what a run that can be stopped, resumed and repeated rests on.
        .target(name: "Groundwork"),
        // SHA-256 of files and texts: the identity of every input in a manifest.
        .target(name: "ContentHash", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
        // A header of two instructions: prefetch and pause.
        .target(name: "ProcessorHints"),
        // libtorch through its stable C ABI, opened at run time.
        .target(name: "Torch", dependencies: ["Groundwork", "ProcessorHints"]),
        // The files of the field: safetensors, GGUF, config.json, PEFT adapters, the Hugging Face cache.
        .target(name: "Checkpoints", dependencies: ["Groundwork", "Torch"]),
        // Byte-level BPE and chat templates. No tensors.
        .target(name: "Tokenizers", dependencies: ["Groundwork", "Checkpoints"]),
        // Loops over a weight's panels in vectors of eight numbers, and the same file compiled for vectors of sixteen.
        .target(name: "PanelKernels", dependencies: ["ProcessorHints"]),
        .target(name: "WidePanelKernels", dependencies: ["ProcessorHints"]),
        // The decoder: forward, backward by hand, LoRA, KV cache, sampling, guided decoding.
        .target(name: "Transformers", dependencies: [
            "Groundwork", "ProcessorHints", "PanelKernels", "WidePanelKernels", "Torch", "Checkpoints", "Tokenizers",
        ]),
        // The four-choice question: schema, checks, domains, splits, generators. No models.
        .target(name: "Questions", dependencies: ["Groundwork"]),
        // Collections of questions: readers, cleaning, near-duplicates, contamination, biases, splits, the card. No models.
        .target(name: "Datasets", dependencies: ["Groundwork", "ContentHash", "Questions"]),
        // TIES and its relatives over adapters, from files to a file. No models.
        .target(name: "Merging", dependencies: ["Groundwork", "Torch", "Checkpoints"]),
        // Prompts and completions of both agents, labels, losses, trainer.
        .target(name: "Distillation", dependencies: ["Groundwork", "ContentHash", "Torch", "Checkpoints", "Tokenizers", "Transformers", "Questions"]),
        // Teachers behind HTTP: a llama.cpp server that is started on a GGUF file, and OpenAI-compatible endpoints.
        .target(name: "Teachers", dependencies: [
            "Groundwork", "ContentHash", "Questions", "Distillation", .product(name: "AsyncHTTPClient", package: "async-http-client"),
        ]),
        // Question agent, answer agent, guides, deadlines, format checks.
        .target(name: "Agents", dependencies: ["Groundwork", "Tokenizers", "Transformers", "Questions", "Datasets"]),
        // Accuracy, intervals, paired tests; the MMLU and chat styles of asking.
        .target(name: "Evaluation", dependencies: ["Groundwork", "ContentHash", "Tokenizers", "Transformers", "Questions", "Agents"]),
        // Matches and tournaments between teams: native, behind an endpoint, or external commands; ratings.
        .target(name: "Tournaments", dependencies: [
            "Groundwork", "ContentHash", "Tokenizers", "Transformers", "Questions", "Distillation", "Teachers", "Agents", "Evaluation",
        ]),
        // Recipe, phases, run folder, manifest, resume, report.
        .target(name: "Pipeline", dependencies: [
            "Groundwork", "ContentHash", "Torch", "Checkpoints", "Tokenizers", "Transformers", "Questions", "Merging",
            "Distillation", "Teachers", "Evaluation", "Agents", "Tournaments", "Yams",
        ]),
        // A team's submission: the folder with its embedded Python files, and the line protocol they speak with the program.
        .target(name: "Submission", dependencies: [
            "Groundwork", "ContentHash", "Checkpoints", "Tokenizers", "Transformers", "Questions", "Agents", "Pipeline", "Yams",
        ], resources: [.embedInCode("Python/agents")]),
        // HTTP: both agents, chat as OpenAI's clients speak it, a page. The page's files are embedded in the program.
        .target(
            name: "RetortServer",
            dependencies: [
                "Groundwork", "Checkpoints", "Tokenizers", "Transformers", "Questions", "Agents", "Tournaments",
                .product(name: "Hummingbird", package: "hummingbird"), .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Page")]),
        .executableTarget(name: "retort", dependencies: [
            "Groundwork", "ContentHash", "Torch", "Checkpoints", "Tokenizers", "Transformers", "Questions", "Datasets", "Merging",
            "Distillation", "Teachers", "Evaluation", "Agents", "Tournaments", "Pipeline", "Submission", "RetortServer",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),
        .testTarget(name: "GroundworkTests", dependencies: ["Groundwork"]),
        .testTarget(name: "TorchTests", dependencies: ["Torch"]),
        .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints"]),
        .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers"]),
        .testTarget(name: "TransformersTests", dependencies: ["Transformers"]),
        .testTarget(name: "QuestionsTests", dependencies: ["Questions"]),
        .testTarget(name: "DatasetsTests", dependencies: ["ContentHash", "Datasets", "Groundwork", "Questions"]),
        .testTarget(name: "MergingTests", dependencies: ["Merging"]),
        .testTarget(name: "DistillationTests", dependencies: ["Distillation"]),
        // A server on plain sockets for tests, which can do what no server should.
        .target(name: "TestServers", path: "Tests/TestServers"),
        .testTarget(name: "TeachersTests", dependencies: ["Teachers", "TestServers"]),
        .testTarget(name: "EvaluationTests", dependencies: ["Evaluation"]),
        .testTarget(name: "AgentsTests", dependencies: ["Agents"]),
        .testTarget(name: "TournamentsTests", dependencies: ["Tournaments", "TestServers"]),
        .testTarget(name: "SubmissionTests", dependencies: ["Groundwork", "Checkpoints", "Agents", "Submission", "retort"], exclude: ["contest.py"]),
        .testTarget(name: "RetortServerTests", dependencies: ["RetortServer"]),
        .testTarget(name: "PipelineTests", dependencies: ["Pipeline", "retort"]),
    ],
    swiftLanguageModes: [.v6]
)

// Loops over raw memory want the vectors that every x86-64 processor has had since 2013 (AVX2, FMA); the compiler's own
// default stops at 2003. `retort` looks for them at its start (`Processor`), and for AVX-512 before it calls what is compiled for that.
#if arch(x86_64)
for target in package.targets {
    let isWide = target.name == "WidePanelKernels"
    target.swiftSettings = [.unsafeFlags(["-Xcc", isWide ? "-march=x86-64-v4" : "-march=x86-64-v3"])] + (isWide ? [.define("WIDE")] : [])
}
#endif

// While a module is being worked on alone: RETORT_TARGETS=Torch,Checkpoints builds these and their tests only.
if let wanted = Context.environment["RETORT_TARGETS"]?.split(separator: ",").map(String.init) {
    package.products = []
    package.targets.removeAll { target in !wanted.contains { $0 == target.name || $0 + "Tests" == target.name } }
}
