/// Decompositions of matrices, by LAPACK on a CPU.
extension Tensor {
    /// `self = q · r`, with orthonormal columns in q `[rows, k]` and r `[k, columns]` upper triangular, k the smaller side.
    public func orthogonalized() throws -> (q: Tensor, r: Tensor) {
        let results = try library.call("aten::qr", results: 2, with: [.tensor(self), .bool(true)])
        return (results[0], results[1])
    }

    /// `self = u · diag(s) · vᵀ`, with u `[rows, k]`, s `[k]` in descending order, v `[columns, k]`, k the smaller side.
    public func singularValueDecomposition() throws -> (u: Tensor, s: Tensor, v: Tensor) {
        let results = try library.call("aten::svd", results: 3, with: [.tensor(self), .bool(true), .bool(true)])
        return (results[0], results[1], results[2])
    }
}
