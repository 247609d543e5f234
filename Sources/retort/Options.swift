import ArgumentParser
import Foundation
import Groundwork
import Pipeline
import Torch
import Transformers

/// Which model, and where and how it runs.
struct ModelOptions: ParsableArguments {
    @Option(help: "A GGUF file, a Hugging Face folder, or a repository id in the local Hugging Face cache.")
    var model: String

    @Option(help: "Keep the weights as int8 (decoding on a CPU) or nf4 (4 bits, as bitsandbytes does). (default: as --dtype says)")
    var quantization: Quantization?

    @OptionGroup var compute: ComputeOptions

    func load() throws -> LanguageModel { try load(model) }

    /// Another model, run in the same way.
    func load(_ model: String) throws -> LanguageModel {
        try compute.applyThreads()
        Console.note("loading \(model)")
        return try LanguageModel.load(model, device: compute.chosenDevice(), dtype: compute.dtype?.type, quantization: quantization)
    }
}

extension Quantization: ExpressibleByArgument {}

/// Where and how tensors are computed.
struct ComputeOptions: ParsableArguments {
    @Option(help: "cpu, cuda, cuda:N, or auto: the first GPU if one answers, else the CPU.")
    var device = "auto"

    @Option(help: "Threads on the CPU. (default: as many as libtorch finds)")
    var threads: Int?

    @Option(help: "The type to compute in: float32, bfloat16 or float16. (default: float32 on a CPU, bfloat16 on a GPU)")
    var dtype: Precision?

    enum Precision: String, ExpressibleByArgument, CaseIterable {
        case float32, bfloat16, float16
        var type: DType {
            switch self {
            case .float32: .float32
            case .bfloat16: .bfloat16
            case .float16: .float16
            }
        }
    }

    func validate() throws {
        if device != "auto", Device(device) == nil {
            throw ValidationError("'\(device)' is no device: write cpu, cuda, cuda:N or auto.")
        }
        if let threads, threads < 1 { throw ValidationError("--threads is a number of at least 1.") }
    }

    func chosenDevice() throws -> Device { try Device(device) ?? .best() }

    func applyThreads() throws {
        if let threads { try Libtorch.open().threads = threads }
    }
}

/// An adapter on top of the model.
struct AdapterOptions: ParsableArguments {
    @Option(help: "A PEFT adapter folder to put on the model.")
    var adapter: String?

    func load(for model: LanguageModel) throws -> Adapter? {
        guard let adapter else { return nil }
        Console.note("loading adapter \(adapter)")
        return try Adapter.load(adapter, for: model, onlyInference: true)
    }
}

/// The machine-readable result.
struct JSONOptions: ParsableArguments {
    @Option(name: .customLong("json"), help: ArgumentHelp("Write the machine-readable result to this file ('-' for standard output).", valueName: "path"))
    var path: String?

    func write(_ value: some Encodable) throws {
        guard let path else { return }
        let data = try JSONText.pretty(value)
        if path == "-" {
            try Console.write(data)
        } else {
            try WholeFile.write(data, to: path)
        }
    }
}

enum JSONText {
    static func pretty(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value) + Data("\n".utf8)
    }

    static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// A duration such as 10s or 800ms.
struct DurationArgument: ExpressibleByArgument {
    let seconds: Double
    var duration: Duration { .seconds(seconds) }

    init(seconds: Double) { self.seconds = seconds }

    init?(argument: String) {
        guard let seconds = Seconds.parse(argument), seconds > 0 else { return nil }
        self.seconds = seconds
    }

    var defaultValueDescription: String { seconds == seconds.rounded() ? "\(Int(seconds))s" : "\(seconds)s" }
}

/// An amount of memory such as 8G, 512M or 80GiB.
struct ByteArgument: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        guard let bytes = ByteCount.parse(argument) else { return nil }
        self.bytes = bytes
    }
}
