/// How many parameters an adapter has, from the model's dimensions alone.
public enum AdapterSize {
    /// Input and output width of a projection of one layer.
    public static func width(of module: String, in shape: ModelShape) -> (input: Int, output: Int)? {
        let query = shape.heads * shape.headSize, keyValue = shape.keyValueHeads * shape.headSize
        switch module {
        case "q_proj": return (shape.hidden, query)
        case "k_proj", "v_proj": return (shape.hidden, keyValue)
        case "o_proj": return (query, shape.hidden)
        case "gate_proj", "up_proj": return (shape.hidden, shape.intermediate)
        case "down_proj": return (shape.intermediate, shape.hidden)
        default: return nil
        }
    }

    /// A is [rank, input], B is [output, rank], for each module of each layer.
    public static func parameters(rank: Int, modules: [String], shape: ModelShape) -> Int {
        shape.layers * modules.reduce(0) { sum, module in
            sum + (width(of: module, in: shape).map { rank * ($0.input + $0.output) } ?? 0)
        }
    }

    /// Weights of the base: projections, embeddings, head and norms; biases and q/k norms are left out (under 0.01 %).
    public static func baseParameters(_ shape: ModelShape) -> Int {
        let layer = TrainSettings.projections.reduce(0) { sum, module in
            sum + (width(of: module, in: shape).map { $0.input * $0.output } ?? 0)
        }
        let embeddings = shape.vocabulary * shape.hidden * (shape.tiedEmbeddings ? 1 : 2)
        return shape.layers * (layer + 2 * shape.hidden) + embeddings + shape.hidden
    }

    /// "1.68 B", "4.88 M".
    public static func short(_ count: Int) -> String {
        switch count {
        case 1_000_000_000...: fixed(Double(count) / 1e9) + " B"
        case 1_000_000...: fixed(Double(count) / 1e6) + " M"
        case 1_000...: fixed(Double(count) / 1e3) + " k"
        default: "\(count)"
        }
    }

    private static func fixed(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100)." + (fraction < 10 ? "0" : "") + "\(fraction)"
    }
}
