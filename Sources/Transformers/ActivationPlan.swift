import Groundwork
import Torch

/// What every block of a pass keeps for its backward.
public struct ActivationPlan: Sendable, Hashable {
    public enum Keeping: Sendable, Hashable {
        /// All that the backward reads: nothing is computed twice.
        case everything
        /// The block's input; the block is computed again in the backward pass, but for its last product.
        ///
        /// Nothing stands between the two, since gate and up are half of what a block keeps and half of its work: to leave them out in two blocks
        /// saves and costs what leaving out all does in one.
        case input
    }

    /// From the first block to the last.
    public let layers: [Keeping]

    /// - Parameter whole: how many blocks keep everything. They are the last ones: the backward pass frees them first, and what they leave
    ///   has room for a block that is computed again.
    public init(layers: Int, whole: Int) {
        let whole = min(max(0, whole), layers)
        self.layers = [Keeping](repeating: .input, count: layers - whole) + [Keeping](repeating: .everything, count: whole)
    }

    /// Blocks that keep everything.
    public var wholeCount: Int { layers.count { $0 == .everything } }

    /// The share of a device's free memory that is left to allocators' gaps and to everybody else.
    public static let reserve = 0.1

    /// The plan under which the fewest blocks are computed again while kept and working memory stay within `bytes`; block inputs alone where
    /// even these do not fit.
    public static func fitting(_ bytes: Int, _ footprint: TrainingFootprint, _ pass: PassSize) -> ActivationPlan {
        let count = footprint.model.configuration.layerCount
        func fits(_ whole: Int) -> Bool {
            let need = footprint.activations(pass, ActivationPlan(layers: count, whole: whole))
            return need.kept + need.working <= bytes
        }
        // What is needed grows with the number of whole blocks: the largest number that fits, by bisection.
        var low = 0, high = count
        while low < high {
            let middle = (low + high + 1) / 2
            if fits(middle) { low = middle } else { high = middle - 1 }
        }
        return ActivationPlan(layers: count, whole: low)
    }
}

/// How a training pass chooses its plan.
public enum ActivationChoice: Sendable, Hashable {
    /// Every block keeps its input only: least memory.
    case inputs
    /// Every block keeps everything: least time.
    case everything
    /// As many blocks keep everything as fit into the device's free memory, but no more bytes than `limit`.
    case fitting(limit: Int?)
}

/// The plans of one training run: how much memory activations may take, found out once and lowered when it was too much.
final class ActivationBudget {
    private let choice: ActivationChoice
    private let footprint: TrainingFootprint
    private let free: () -> Int?
    private let note: (String) -> Void
    private var hasNoted = false
    /// Bytes, once they are known.
    private var limit: Int?
    /// Blocks that may keep everything at most, once memory has run out.
    private var mostWhole: Int
    private var last: ActivationPlan?

    /// - Parameters:
    ///   - free: the device's free memory now.
    ///   - note: told once where not even block inputs alone fit the limit that was given.
    init(_ choice: ActivationChoice, _ footprint: TrainingFootprint, free: @escaping () -> Int?, note: @escaping (String) -> Void) {
        self.choice = choice
        self.footprint = footprint
        self.free = free
        self.note = note
        mostWhole = footprint.model.configuration.layerCount
    }

    /// What the blocks keep under a plan, in bytes.
    func keptBytes(_ pass: PassSize, _ plan: ActivationPlan) -> Int { footprint.activations(pass, plan).kept }

    func plan(for pass: PassSize) -> ActivationPlan {
        let count = footprint.model.configuration.layerCount
        var plan: ActivationPlan
        switch choice {
        case .inputs: plan = ActivationPlan(layers: count, whole: 0)
        case .everything: plan = ActivationPlan(layers: count, whole: count)
        case .fitting(let given):
            // Asked at the first pass, when weights and optimiser lie in memory; later, libtorch's allocator holds what earlier passes freed.
            let bytes = limit ?? [given, free().map { Int(Double($0) * (1 - ActivationPlan.reserve)) }].compactMap { $0 }.min() ?? .max
            limit = bytes
            plan = .fitting(bytes, footprint, pass)
            if let given, plan.wholeCount == 0, !hasNoted {
                let need = footprint.activations(pass, plan)
                if need.kept + need.working > given {
                    hasNoted = true
                    note(
                        "activations may take \(ByteCount.text(given)), but a pass of \(pass.tokens) tokens takes "
                            + "\(ByteCount.text(need.kept + need.working)) with the inputs of blocks alone kept; a smaller batch takes less")
                }
            }
        }
        if plan.wholeCount > mostWhole { plan = ActivationPlan(layers: count, whole: mostWhole) }
        last = plan
        return plan
    }

    /// After the last pass ran out of memory: half as many blocks keep everything from now on.
    /// - Returns: how many before and after; nil where none did, so that nothing can be given up.
    func lower() -> (from: Int, to: Int)? {
        guard let before = last?.wholeCount, before > 0 else { return nil }
        mostWhole = before / 2
        return (before, mostWhole)
    }
}

extension TrainingPass {
    /// Keeps less from now on, after a pass ran out of memory.
    /// - Returns: what changed, in words; nil where nothing is left to give up.
    public func lowerActivations() -> String? {
        guard let (from, to) = budget.lower() else { return nil }
        releaseRoom()
        let count = model.configuration.layerCount
        return "\(to) instead of \(from) of \(count) blocks keep their activations, the others are computed again in the backward pass"
    }
}
