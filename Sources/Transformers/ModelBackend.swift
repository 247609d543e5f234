import Torch

/// A model with its cache behind the decoder: streams side by side, each new token computed once.
final class ModelBackend: DecodingBackend {
    let slotCount: Int
    let capacity: Int
    private let model: LanguageModel
    /// One for each adapter.
    private var weights: [ForwardWeights]
    /// Makes the weights for all passes but the first, where that goes over the model's own.
    private var makeWeights: (() throws -> ForwardWeights)?
    private var passes = 0
    private let cache: KeyValueCache
    /// The adapter of each slot.
    private var adapters: [Int]
    /// Nil where a round is queued kernel by kernel.
    private var recorded: RecordedSteps?

    var vocabularySize: Int { model.configuration.vocabularySize }

    /// One adapter or none, folded into the weights where they are laid out anew.
    /// - Parameter slots: streams that can stand side by side.
    convenience init(model: LanguageModel, adapter: Adapter?, slots: Int) throws {
        let make = { try ForwardWeights(model, adapter, slots: slots) }
        let isPlain = ForwardWeights.canBeginPlain(model)
        try self.init(model, slots: slots, context: .max, weights: [isPlain ? ForwardWeights(plain: model, adapter) : make()])
        if isPlain { makeWeights = make }
    }

    /// Several adapters beside one set of weights.
    /// - Parameters:
    ///   - adapters: nil for the base alone.
    ///   - context: tokens of a stream, if fewer than the model's.
    convenience init(model: LanguageModel, adapters: [Adapter?], slots: Int, context: Int) throws {
        try self.init(model, slots: slots, context: context, weights: ForwardWeights.sharing(model, adapters, slots: slots))
    }

    private init(_ model: LanguageModel, slots: Int, context: Int, weights: [ForwardWeights]) throws {
        self.model = model
        self.weights = weights
        slotCount = slots
        capacity = min(context, model.configuration.contextLength)
        recorded = model.passRecorder.map { RecordedSteps(model, $0) }
        if model.quantization == .nf4, model.dtype == .bfloat16, let note = GPUFourBitKernel.find(on: model.device).note { model.note(note) }
        cache = try KeyValueCache(model, slots: slots + 1, capacity: min(DecodingFootprint.firstCapacity(on: model.device), capacity))
        adapters = Array(repeating: 0, count: slots + 1)
    }

    /// The first token need not wait for a second set of weights: that is made before the second pass.
    private func beginPass() throws {
        if passes == 1, let makeWeights {
            weights = [try makeWeights()]
            self.makeWeights = nil
        }
        passes += 1
    }

    func begin(_ slot: Int, with count: Int, of source: Int, adapter: Int) throws {
        precondition(weights.indices.contains(adapter), "the backend has \(weights.count) adapters")
        try cache.copyStart(of: source, to: slot, count: count)
        adapters[slot] = adapter
    }

    func truncate(_ slot: Int, by count: Int) {
        precondition(count <= cache.lengths[slot], "a stream cannot give up more than it holds")
        cache.setLength(slot, cache.lengths[slot] - count)
    }

    func advance(_ feeds: [Feed]) throws -> LogitRows {
        do {
            return try rows(feeds)
        } catch {
            recorded?.forget()
            throw error
        }
    }

    private func rows(_ feeds: [Feed]) throws -> LogitRows {
        try beginPass()
        let passes = split(feeds)
        if passes.count == 1 { return try logits(feeds, weights[adapters[feeds[0].slot]]) }
        var values = [Float](repeating: 0, count: feeds.count * vocabularySize)
        for pass in passes {
            let rows = try logits(pass.map { feeds[$0] }, weights[adapters[feeds[pass[0]].slot]])
            for (row, index) in pass.enumerated() {
                rows.withRow(row) { values.replaceSubrange(index * vocabularySize..<(index + 1) * vocabularySize, with: $0) }
            }
        }
        return LogitRows(values: values, vocabularySize: vocabularySize)
    }

    /// Feeds that go through the model together, by their places: one adapter's, and single steps apart from the pieces of prompts beside
    /// them, which want other loops.
    private func split(_ feeds: [Feed]) -> [[Int]] {
        let groups = Dictionary(grouping: feeds.indices) { adapters[feeds[$0].slot] }
        return groups.sorted { $0.key < $1.key }.flatMap { adapter, all -> [[Int]] in
            guard weights[adapter].host != nil, all.reduce(0, { $0 + feeds[$1].tokens.count }) > ForwardWeights.hostRows else { return [all] }
            let steps = all.filter { feeds[$0].tokens.count == 1 }, rest = all.filter { feeds[$0].tokens.count > 1 }
            return steps.isEmpty || rest.isEmpty || steps.count > ForwardWeights.hostRows ? [all] : [steps, rest]
        }
    }

    private func logits(_ feeds: [Feed], _ weights: ForwardWeights) throws -> LogitRows {
        if let recorded, feeds.allSatisfy({ $0.tokens.count == 1 }) {
            try prepare(feeds)
            let adapter = adapters[feeds[0].slot]
            do {
                if let rows = try recorded.logits(feeds, cache, weights, adapter: adapter, slots: slotCount) { return rows }
            } catch let failure as RecordedSteps.NotRecorded {
                model.note("\(failure)")
                self.recorded = nil
            }
        } else {
            recorded?.forgetIfMemoryIsShort()
        }
        func rows(_ values: [Float]) -> LogitRows { LogitRows(values: values, vocabularySize: vocabularySize) }
        if let host = weights.host, feeds.reduce(0, { $0 + $1.tokens.count }) <= ForwardWeights.hostRows { return rows(try logits(feeds, on: host)) }
        let hidden = try RMSNorm.forward(lastHidden(feeds, weights), model.finalNorm, epsilon: model.configuration.normEpsilon).output
        return rows(try weights.head.product(hidden).floats())
    }

    /// Few rows: the processor's own loops take the whole pass.
    private func logits(_ feeds: [Feed], on host: HostPass) throws -> [Float] {
        try prepare(feeds)
        var rows: [HostPass.Row] = [], wanted: [Int] = []
        for feed in feeds {
            for (index, token) in feed.tokens.enumerated() {
                rows.append(HostPass.Row(token: token, slot: feed.slot, position: cache.lengths[feed.slot] + index))
            }
            wanted.append(rows.count - 1)
        }
        let values = try host.logits(rows, wanted: wanted, cache)
        for feed in feeds { cache.setLength(feed.slot, cache.lengths[feed.slot] + feed.tokens.count) }
        return values
    }

    /// A prompt that is too long gets its message from `advance`.
    func expect(_ tokens: Int) throws {
        if tokens <= capacity { try reserve(tokens) }
    }

    private func reserve(_ longest: Int) throws {
        if longest > cache.capacity { recorded?.forget() }
        try cache.reserve(longest)
    }

    /// Makes room in the cache.
    private func prepare(_ feeds: [Feed]) throws {
        precondition(feeds.allSatisfy { !$0.tokens.isEmpty }, "a feed holds at least one token")
        let longest = feeds.map { cache.lengths[$0.slot] + $0.tokens.count }.max() ?? 0
        guard longest <= capacity else { throw ModelError.tooLong(tokens: longest, context: capacity) }
        try reserve(longest)
    }

    /// The last block's output for the last token of each feed, [feeds, hidden]; the cache holds all tokens afterwards.
    private func lastHidden(_ feeds: [Feed], _ weights: ForwardWeights) throws -> Tensor {
        try prepare(feeds)
        let positions = feeds.flatMap { feed in (0..<feed.tokens.count).map { cache.lengths[feed.slot] + $0 } }
        let rows = feeds.flatMap { feed in (0..<feed.tokens.count).map { Int64(cache.row(feed.slot, cache.lengths[feed.slot] + $0)) } }
        let places = try Tensor(rows, [rows.count], device: model.device)
        let table = try model.rotary.table(positions)
        let attend = feeds.allSatisfy { $0.tokens.count == 1 } ? try steps(feeds) : try pieces(feeds)
        var x = try model.embed(feeds.flatMap(\.tokens))
        var end = -1
        let last = feeds.map { feed in
            end += feed.tokens.count
            return Int64(end)
        }
        let wanted = last.count == x.shape[0] ? nil : try Tensor(last, [last.count], device: model.device)
        for (layer, block) in weights.blocks.enumerated() {
            x = try block.infer(x, weights.adapter?.block(layer), table, rows: layer == weights.blocks.count - 1 ? wanted : nil) { query, key, value in
                try cache.write(layer: layer, places: places, key: key, value: value)
                return try attend(layer, query)
            }
        }
        for feed in feeds { cache.setLength(feed.slot, cache.lengths[feed.slot] + feed.tokens.count) }
        return x
    }

    private typealias Attend = (_ layer: Int, _ query: Tensor) throws -> Tensor

    private var scale: Double { 1 / Double(model.configuration.headSize).squareRoot() }

    /// Attention where every stream brings one token: all streams in one call, with a mask over their unequal lengths.
    ///
    /// The query heads that share a key head stand as rows of one matrix, so keys and values are read once and never repeated.
    private func steps(_ feeds: [Feed]) throws -> Attend {
        let (heads, groups, size) = model.attentionShape
        let low = feeds.map(\.slot).min()!, high = feeds.map(\.slot).max()!
        let span = high - low + 1
        let lengths = feeds.map { cache.lengths[$0.slot] + 1 }
        let longest = lengths.max()!
        let dense = feeds.enumerated().allSatisfy { $0.element.slot == low + $0.offset }

        var mask: Tensor?
        if lengths.contains(where: { $0 != longest }) || !dense {
            var values = [Float](repeating: 0, count: span * longest)
            for (feed, length) in zip(feeds, lengths) {
                for place in length..<max(length, longest) { values[(feed.slot - low) * longest + place] = -.infinity }
            }
            mask = try Tensor(values, [span, 1, 1, longest], dtype: model.dtype, device: model.device)
                .expanded([span, groups, heads / groups, longest])
        }
        let index = dense ? nil : try Tensor(feeds.map { Int64($0.slot - low) }, [feeds.count], device: model.device)
        return { [cache, scale, model] layer, query in
            var rows = try query.reshaped([feeds.count, heads * size])
            if let index {
                let spread = try Tensor.zeros([span, heads * size], model.dtype, model.device)
                try spread.indexCopy_(0, index, rows)
                rows = spread
            }
            let (keys, values) = try cache.read(layer: layer, slots: low..<high + 1, count: longest)
            let output = try rows.reshaped([span, groups, heads / groups, size])
                .attention(key: keys, value: values, causal: false, mask: mask, scale: scale)
                .reshaped([span, heads * size])
            return try index.map { try output.rows($0) } ?? output
        }
    }

    /// Attention where streams bring several tokens: the processor's own loops over the cache, else one call per stream. There, behind a
    /// beginning that the cache holds, most keys are its, so the heads that share them stand as rows of one matrix, as in `steps`.
    private func pieces(_ feeds: [Feed]) throws -> Attend {
        let (heads, groups, size) = model.attentionShape
        let each = heads / groups
        let starts = feeds.map { cache.lengths[$0.slot] }
        if let loops = model.hostAttention {
            var firstQuery = 0
            let sequences = zip(feeds, starts).map { feed, start in
                defer { firstQuery += feed.tokens.count }
                return HostSequenceAttention.Sequence(
                    firstQuery: firstQuery, queries: feed.tokens.count, firstKey: cache.row(feed.slot, 0), keys: start + feed.tokens.count)
            }
            return { [cache, scale] layer, query in
                let (keys, values) = cache.storage(layer: layer)
                return try loops.forward(query, keys, values, sequences, scale: scale).output.reshaped([-1, heads * size])
            }
        }
        // A query at `start + i` sees keys up to its own place; from an empty cache that is the kernel's own causal mask.
        let masks = try feeds.indices.map { number -> Tensor? in
            let start = starts[number], count = feeds[number].tokens.count, total = start + count
            if start == 0 || count == 1 { return nil }
            var values = [Float](repeating: 0, count: count * total)
            for row in 0..<count {
                for column in min(start + row + 1, total)..<total { values[row * total + column] = -.infinity }
            }
            return try Tensor(values, [1, 1, count, total], dtype: model.dtype, device: model.device)
                .expanded([1, each, count, total]).reshaped([1, 1, each * count, total]).expanded([1, groups, each * count, total])
        }
        return { [cache, scale] layer, query in
            var outputs: [Tensor] = []
            var row = 0
            for (number, feed) in feeds.enumerated() {
                let count = feed.tokens.count, total = starts[number] + count
                let (keys, values) = try cache.read(layer: layer, slots: feed.slot..<feed.slot + 1, count: total)
                let own = try query.narrow(0, row, count)
                row += count
                if starts[number] == 0 {
                    func repeated(_ x: Tensor) throws -> Tensor {
                        try x.unsqueezed(2).expanded([1, groups, each, total, size]).reshaped([1, heads, total, size])
                    }
                    let output = try own.permuted([1, 0, 2]).unsqueezed(0)
                        .attention(key: repeated(keys), value: repeated(values), causal: count > 1, scale: scale)
                    outputs.append(try output.permuted([0, 2, 1, 3]).reshaped([count, heads * size]))
                } else {
                    let output = try own.reshaped([count, groups, each, size]).permuted([1, 2, 0, 3]).reshaped([1, groups, each * count, size])
                        .attention(key: keys, value: values, causal: false, mask: masks[number], scale: scale)
                    outputs.append(try output.reshaped([groups, each, count, size]).permuted([2, 0, 1, 3]).reshaped([count, heads * size]))
                }
            }
            return try Tensor.concatenated(outputs)
        }
    }
}
