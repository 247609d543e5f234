import Torch

/// Rounds in which every stream brings one token, recorded once for each of few shapes and then repeated by the device itself.
///
/// The shape of a round is widened until it comes again: rows for all slots up to a power of two, keys up to a multiple of 64. Row `i` is slot
/// `i`. A slot without a stream is computed too: its row is written behind what the slot holds, where the next token would overwrite it.
final class RecordedSteps {
    /// A pass of this model cannot be recorded on this device. Nothing has happened.
    struct NotRecorded: Error, CustomStringConvertible {
        let reason: any Error
        var description: String { "a round of decoding cannot be recorded (\(reason)); every kernel is queued on its own, which is slower" }
    }

    private struct Shape: Hashable {
        let adapter: Int
        let rows: Int
        let keys: Int
    }

    /// What a recorded pass reads; all of it stays where it is.
    private final class Pass {
        /// Token, row of the cache and position of every row, int64 [3, rows].
        let places: Tensor
        /// [rows, 1, 1, keys]
        let mask: Tensor
        let table: RotaryEmbedding.Table
        let output: Output
        var replay: (() throws -> Void)?

        init(rows: Int, keys: Int, _ model: LanguageModel, _ table: RotaryEmbedding.Table, _ output: Output) throws {
            places = try .zeros([3, rows], .int64, model.device)
            mask = try .zeros([rows, 1, 1, keys], model.dtype, model.device)
            self.table = table
            self.output = output
        }
    }

    /// Where all passes of so many rows put their logits, float32 [rows, vocabulary]: on the device, and on the host as memory and as a tensor.
    private struct Output {
        let logits: Tensor
        let host: HostMemory
        let hostLogits: Tensor

        init(rows: Int, _ model: LanguageModel) throws {
            let shape = [rows, model.configuration.vocabularySize]
            logits = try .zeros(shape, .float32, model.device)
            host = HostMemory(count: shape[0] * shape[1], for: model.device)
            hostLogits = try host.tensor(shape)
        }
    }

    private let model: LanguageModel
    private let recorder: any PassRecorder
    private var passes: [Shape: Pass] = [:]
    private var outputs: [Int: Output] = [:]
    private var table: RotaryEmbedding.Table?
    /// The cache's capacity that the passes were recorded with: a larger one lies elsewhere.
    private var capacity = 0

    /// So many passes are kept: a graph of some thousand kernels takes some megabytes.
    private static let most = 64
    /// Recordings are let go where less is free, before libtorch's allocator takes back what they use.
    private static let leastFree = 2 << 30
    private static let keysTogether = 64

    init(_ model: LanguageModel, _ recorder: any PassRecorder) {
        self.model = model
        self.recorder = recorder
    }

    /// - Parameter feeds: one token each, of streams under one adapter.
    /// - Returns: logits after each feed, or nil where the round does not fit: then nothing has happened.
    func logits(_ feeds: [Feed], _ cache: KeyValueCache, _ weights: ForwardWeights, adapter: Int, slots: Int) throws -> LogitRows? {
        guard feeds.allSatisfy({ $0.tokens.count == 1 && $0.slot < slots }), let high = feeds.map(\.slot).max() else { return nil }
        var rows = 1
        while rows <= high { rows *= 2 }
        rows = min(rows, slots)
        let longest = feeds.map { cache.lengths[$0.slot] + 1 }.max()!
        let keys = min((longest + Self.keysTogether - 1) / Self.keysTogether * Self.keysTogether, cache.capacity)
        guard longest <= keys, (0..<rows).allSatisfy({ cache.lengths[$0] < cache.capacity }) else { return nil }
        if cache.capacity != capacity {
            forget()
            capacity = cache.capacity
        }

        var tokens = [Int64](repeating: 0, count: rows)
        for feed in feeds {
            guard feed.tokens[0] >= 0, feed.tokens[0] < model.configuration.vocabularySize else {
                throw ModelError.tokenOutside(token: feed.tokens[0], vocabulary: model.configuration.vocabularySize)
            }
            tokens[feed.slot] = Int64(feed.tokens[0])
        }
        let written = (0..<rows).map { Int64(cache.row($0, cache.lengths[$0])) }, positions = (0..<rows).map { Int64(cache.lengths[$0]) }
        let places = try Tensor(tokens + written + positions, [3, rows])
        var seen = [Float](repeating: 0, count: rows * keys)
        for row in 0..<rows where cache.lengths[row] + 1 < keys {
            for key in cache.lengths[row] + 1..<keys { seen[row * keys + key] = -.infinity }
        }
        let mask = try Tensor(seen, [rows, 1, 1, keys], dtype: model.dtype)

        let shape = Shape(adapter: adapter, rows: rows, keys: keys)
        let pass = try passes[shape] ?? record(shape, places, mask, cache, weights)
        try recorder.within {
            try pass.places.copy_(places)
            try pass.mask.copy_(mask)
            try pass.replay?()
            try pass.output.hostLogits.copy_(pass.output.logits)
        }
        for feed in feeds { cache.setLength(feed.slot, cache.lengths[feed.slot] + 1) }
        return LogitRows(pass.output.host, places: feeds.map(\.slot), vocabularySize: model.configuration.vocabularySize)
    }

    /// Lets all recordings go.
    func forget() {
        passes = [:]
        table = nil
    }

    func forgetIfMemoryIsShort() {
        if !passes.isEmpty, let free = DeviceMemory.free(on: model.device), free < Self.leastFree { forget() }
    }

    private func record(_ shape: Shape, _ places: Tensor, _ mask: Tensor, _ cache: KeyValueCache, _ weights: ForwardWeights) throws -> Pass {
        if passes.count >= Self.most { passes = [:] }
        do {
            let output = try outputs[shape.rows] ?? Output(rows: shape.rows, model)
            outputs[shape.rows] = output
            let table = try self.table ?? model.rotary.whole(cache.capacity)
            self.table = table
            let pass = try Pass(rows: shape.rows, keys: shape.keys, model, table, output)
            try pass.places.copy_(places)
            try pass.mask.copy_(mask)
            pass.replay = try recorder.record { [model, unowned pass] in
                try pass.output.logits.copy_(Self.run(pass, model, cache, weights, keys: shape.keys))
            }
            passes[shape] = pass
            return pass
        } catch let error as TorchError {
            forget()
            throw NotRecorded(reason: error)
        }
    }

    private static func run(
        _ pass: Pass, _ model: LanguageModel, _ cache: KeyValueCache, _ weights: ForwardWeights, keys: Int
    ) throws -> Tensor {
        let (heads, groups, size) = model.attentionShape
        let rows = pass.places.shape[1], scale = 1 / Double(size).squareRoot()
        func index(_ number: Int) throws -> Tensor { try pass.places.narrow(0, number, 1).reshaped([rows]) }
        let written = try index(1), table = try pass.table.rows(index(2))
        let mask = try pass.mask.expanded([rows, groups, heads / groups, keys])
        var x = try model.embedding.rows(index(0))
        for (layer, block) in weights.blocks.enumerated() {
            x = try block.infer(x, weights.adapter?.block(layer), table) { query, key, value in
                try cache.write(layer: layer, places: written, key: key, value: value)
                let (keys, values) = try cache.read(layer: layer, slots: 0..<rows, count: keys)
                return try query.reshaped([rows, groups, heads / groups, size])
                    .attention(key: keys, value: values, causal: false, mask: mask, scale: scale)
                    .reshaped([rows, heads * size])
            }
        }
        return try weights.head.product(RMSNorm.forward(x, model.finalNorm, epsilon: model.configuration.normEpsilon).output)
    }
}
