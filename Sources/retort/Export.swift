import ArgumentParser
import Checkpoints
import Foundation
import Groundwork
import Merging
import Pipeline
import Torch
import Transformers

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write an adapter for other programs.",
        discussion: """
            peft: an adapter folder with a scale that every reader understands, rank-stabilised or not (PEFT, vLLM, SGLang).
            gguf: a LoRA file for llama.cpp (llama-server --lora FILE).
            checkpoint: the model with the adapter merged into its weights, a Hugging Face folder of safetensors shards; a 4-bit base \
            is dequantised.

            A model card goes with it: what it was made from, with content hashes, and with --run the recipe and its measured results.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case peft, gguf, checkpoint }

    @Argument(help: ArgumentHelp("A PEFT adapter folder.", valueName: "adapter"))
    var adapter: String

    @Option(help: "peft, gguf or checkpoint.")
    var format = Format.peft

    @Option(help: "The base model: a GGUF file, a Hugging Face folder, or a repository id in the local cache. (default: the one the adapter names)")
    var model: String?

    @Option(help: "The type of the written weights: float32, bfloat16 or float16. (default: as they are; bfloat16 for a 4-bit base)")
    var dtype: ComputeOptions.Precision?

    @Option(help: ArgumentHelp("Largest file of a checkpoint, such as 5GB.", valueName: "size"))
    var maxShardSize: ByteArgument?

    @Option(name: .customLong("run"), help: ArgumentHelp("The run folder that the adapter is from, for the model card.", valueName: "dir"))
    var runFolder: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write; for gguf the file.", valueName: "path"))
    var output: String

    func validate() throws {
        if maxShardSize != nil, format != .checkpoint { throw ValidationError("--max-shard-size is for --format checkpoint.") }
        if dtype != nil, format == .peft { throw ValidationError("--dtype is for --format gguf and checkpoint.") }
    }

    private func base(of file: AdapterFile) throws -> Checkpoint {
        guard let reference = model ?? file.configuration.baseModel else {
            throw ValidationError("The adapter does not name its base model; give it with --model.")
        }
        return try Checkpoint.open(reference)
    }

    func run() throws {
        let file = try AdapterFile.read(adapter)
        // First, because a folder that is no run is found out here.
        let text = try ModelCard.text(
            title: (output as NSString).lastPathComponent, adapter: file, base: model ?? file.configuration.baseModel,
            isMerged: format == .checkpoint, run: runFolder.map { RunFolder($0) })
        var card = output + "/README.md"
        switch format {
        case .peft:
            try AdapterMerge.run([MergeInput(folder: adapter)], to: output)
        case .gguf:
            try file.writeGGUF(to: output, for: base(of: file).configuration, type: dtype?.type)
            card = output + ".md"
        case .checkpoint:
            var shown: Groundwork.Progress?
            try CheckpointExport.run(
                base(of: file), file, to: output, type: dtype?.type, shardBytes: maxShardSize?.bytes ?? 5_000_000_000
            ) { done, all in
                let bar = shown ?? Progress("export", total: all, unit: "weights")
                shown = bar
                bar.advance(to: done)
            }
        }
        try WholeFile.write(text, to: card)
        print("\(format.rawValue) in \(output), its card in \(card)")
    }
}
