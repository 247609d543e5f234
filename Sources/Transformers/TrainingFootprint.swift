import Checkpoints
import Torch

/// The sizes of one pass: what its memory and its work follow from.
public struct PassSize: Sendable, Hashable {
    /// Tokens computed; a beginning that several sequences share counts once.
    public var tokens: Int
    /// Tokens that pieces which go on from a shared beginning read: the beginning's and their own, for each.
    public var reread: Int
    /// Pairs of a query and a key that attention's kernels compute in each head.
    public var pairs: Int
    /// Places whose logits are computed.
    public var rows: Int

    public init(tokens: Int, reread: Int = 0, pairs: Int, rows: Int) {
        self.tokens = tokens
        self.reread = reread
        self.pairs = pairs
        self.rows = rows
    }

    public init(_ batch: PackedSequences, rows: Int) {
        self.init(tokens: batch.tokens.count, reread: 0, pairs: 0, rows: rows)
        for (piece, chain) in zip(batch.pieces, batch.ancestors) {
            let before = chain.reduce(0) { $0 + batch.pieces[$1].count }
            // The causal kernel skips what lies ahead; behind a shared beginning a mask hides it and it is computed all the same. (Too many for
            // kernels that take the whole batch in one call: they skip it there as well.)
            pairs += before > 0 ? piece.count * (before + piece.count) : piece.count * (piece.count + 1) / 2
            if before > 0 { reread += before + piece.count }
        }
    }

    /// `count` sequences that share nothing.
    public init(sequences count: Int, of length: Int, rows: Int) {
        self.init(tokens: count * length, pairs: count * length * (length + 1) / 2, rows: rows)
    }
}

/// What training an adapter on a frozen model holds, from shapes alone.
///
/// It mirrors what `DecoderBlock.Saved`, `TrainingPass`, `Adapter` and `AdamW` keep; a test walks a real `Saved` and compares. All
/// sizes are in bytes.
public struct TrainingFootprint: Sendable {
    public let model: ModelFootprint
    public let adapter: AdapterFootprint

    public init(model: ModelFootprint, adapter: AdapterFootprint) {
        self.model = model
        self.adapter = adapter
    }

    init(model: LanguageModel, adapter: Adapter) {
        self.init(model: ModelFootprint(model), adapter: AdapterFootprint(adapter))
    }

    private var configuration: ModelConfiguration { model.configuration }
    private var element: Int { model.dtype.size }
    private var queries: Int { configuration.headCount * configuration.headSize }
    private var keys: Int { configuration.keyValueHeadCount * configuration.headSize }

    // MARK: The adapter and its optimiser

    public var adapterParameters: Int { adapter.parameters(of: configuration) }
    /// Factors, gradients and moments stay in single precision whatever the pass computes in.
    private var master: Int { model.dtype == .float64 ? 8 : 4 }
    public var adapterBytes: Int { adapterParameters * master }
    public var gradientBytes: Int { adapterParameters * master }
    /// AdamW's running averages of the gradients and of their squares.
    public var momentBytes: Int { 2 * adapterParameters * master }

    // MARK: Activations

    /// One tensor that a block keeps for its backward.
    public struct Kept: Sendable {
        public let name: String
        /// For every token of the pass.
        public let perToken: Int
        /// For every token of `PassSize.reread`.
        public let perReread: Int

        init(_ name: String, _ perToken: Int, reread: Int = 0) {
            self.name = name
            self.perToken = perToken
            perReread = reread
        }
    }

    /// What one block keeps, its input included.
    public func kept(_ keeping: ActivationPlan.Keeping) -> [Kept] {
        let hidden = configuration.hiddenSize * element
        var list = [Kept("block input", hidden)]
        guard keeping == .everything else { return list }
        let inner = configuration.intermediateSize * element
        list += [
            Kept("queries, rotated", queries * element),
            // Pieces that go on from another have copies behind that one's. (Too much for kernels that take the whole batch in one call: of such
            // pieces only the copies are kept.)
            Kept("keys and values", 2 * keys * element, reread: 2 * keys * element),
            Kept("attention output", queries * element),
            Kept("attention log-sum-exp", configuration.headCount * 4),
            Kept("middle of the block", hidden),
            Kept("gate and up", 2 * inner),
        ]
        if configuration.usesQueryKeyNorm {
            list.append(Kept("queries and keys before their norms", (queries + keys) * element))
        }
        list.append(Kept("adapter's reduced inputs", adapter.targets.count * adapter.rank * element))
        return list
    }

    /// The same in sum, for one block in one pass.
    public func layerBytes(_ keeping: ActivationPlan.Keeping, _ pass: PassSize) -> Int {
        kept(keeping).reduce(0) { $0 + $1.perToken * pass.tokens + $1.perReread * pass.reread }
    }

    /// The logits of one piece of the rows, and the gradient of the last block's output. In single precision on the CPU, the gradient takes
    /// the logits' place; elsewhere log-probabilities and gradient stand beside them.
    public func headBytes(_ pass: PassSize) -> Int {
        let exact = configuration.vocabularySize * master
        let rows = min(pass.rows, max(1, TrainingPass.logitBytes / exact))
        let converted = element == master ? 0 : configuration.vocabularySize * element
        return rows * ((model.dtype == .float32 ? 1 : 3) * exact + converted) + 2 * pass.tokens * configuration.hiddenSize * element
    }

    /// What a block's backward holds beside what was kept: SwiGLU's four gradients or attention's, those of the residual stream, and with
    /// dropout an adapter's input and its gradient before and behind it.
    public func backwardBytes(_ pass: PassSize) -> Int {
        let feedForward = 4 * configuration.intermediateSize, attention = 6 * queries
        let dropped = adapter.hasDropout ? 3 * (adapter.targets.map { $0.size(in: configuration).input }.max() ?? 0) : 0
        return pass.tokens * element * (max(feedForward, attention) + dropped + 3 * configuration.hiddenSize) + model.dequantisedBytes
    }

    /// The activations' peak under a plan, and what the moment of that peak holds.
    ///
    /// Either the head runs while every block's share is kept, or a block's backward runs: what lies above it is free again by then, and
    /// a block that kept its input only stands there whole for the moment.
    public func activations(_ pass: PassSize, _ plan: ActivationPlan) -> (kept: Int, working: Int) {
        let whole = layerBytes(.everything, pass), input = layerBytes(.input, pass)
        var peak = (kept: plan.layers.reduce(0) { $0 + ($1 == .everything ? whole : input) }, working: headBytes(pass))
        var below = peak.kept
        for keeping in plan.layers.reversed() {
            let recomputed = keeping == .input ? whole - input : 0
            let working = backwardBytes(pass) + recomputed
            if below + working > peak.kept + peak.working { peak = (below, working) }
            below -= keeping == .everything ? whole : input
        }
        return peak
    }

    // MARK: Work

    /// Floating-point operations (a product and a sum are two) of one pass, forward and backward.
    ///
    /// A frozen weight costs 2 operations a token forward and 2 for the gradient of its input; a factor of the adapter 2, and 4
    /// backward, since its own gradient is computed too.
    public func operations(_ pass: PassSize, _ plan: ActivationPlan) -> Double {
        let forward = forwardOperations(pass, layers: configuration.layerCount)
        let frozen = 2 * Double(configuration.layerCount * model.projectionParametersPerLayer) * Double(pass.tokens)
        let factors = 4 * Double(adapterParameters) * Double(pass.tokens)
        // Flash attention's backward computes five products where the forward computes two.
        let attention = 2.5 * attentionOperations(pass, layers: configuration.layerCount)
        let head = 4 * Double(pass.rows) * Double(configuration.vocabularySize * configuration.hiddenSize)
        let recomputed = plan.layers.count { $0 == .input }
        // All but its last product.
        let down = 2 * Double(recomputed * configuration.intermediateSize * configuration.hiddenSize) * Double(pass.tokens)
        return forward + frozen + factors + attention + head + forwardOperations(pass, layers: recomputed) - down
    }

    private func forwardOperations(_ pass: PassSize, layers: Int) -> Double {
        let perLayer = Double(model.projectionParametersPerLayer) + Double(adapterParameters) / Double(max(1, configuration.layerCount))
        return 2 * Double(layers) * perLayer * Double(pass.tokens) + attentionOperations(pass, layers: layers)
    }

    private func attentionOperations(_ pass: PassSize, layers: Int) -> Double {
        4 * Double(layers) * Double(queries) * Double(pass.pairs)
    }
}

extension TrainingPass {
    /// What one block of this model really keeps in a pass over `batch`, for tests to hold `TrainingFootprint.kept` to: every tensor of its
    /// `Saved` is visited, and a storage that several of them view counts once.
    package func measuredBlockBytes(_ batch: PackedSequences) throws -> Int {
        let attention = try PackedAttention(batch, model: model)
        let table = try model.rotary.table(batch.positions)
        let saved = try model.blocks[0].forward(model.embed(batch.tokens), adapter.block(0), table, attention).saved
        var storages: Set<Range<Int>> = []
        func visit(_ value: Any) {
            if let tensor = value as? Tensor {
                storages.insert(tensor.storageAddresses)
            } else {
                for child in Mirror(reflecting: value).children { visit(child.value) }
            }
        }
        visit(saved)
        return storages.reduce(0) { $0 + $1.count }
    }
}
