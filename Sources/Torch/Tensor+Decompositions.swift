/// Decompositions of matrices, by LAPACK on a CPU.
extension Tensor {
    /// `self = q · r`, with orthonormal columns in q `[rows, k]` and r `[k, columns]` upper triangular, k the smaller side.
    public func orthogonalized() throws -> (q: Tensor, r: Tensor) {
        // Householder's reflections, then their product: `linalg_qr` wants a string, which this ABI cannot pass, and `qr` warns.
        let reflections = try library.call("aten::geqrf", results: 2, with: [.tensor(self)])
        let smaller = min(shape[0], shape[1])
        let q = try library.call(
            "aten::linalg_householder_product", with: [.tensor(reflections[0].narrow(1, 0, smaller)), .tensor(reflections[1])])[0]
        let r = try library.call("aten::triu", with: [.tensor(reflections[0].narrow(0, 0, smaller)), .integer(0)])[0]
        return (q, r)
    }

    /// `self = u · diag(s) · vᵀ`, with u `[rows, k]`, s `[k]` in descending order, v `[columns, k]`, k the smaller side.
    public func singularValueDecomposition() throws -> (u: Tensor, s: Tensor, v: Tensor) {
        let results = try library.call("aten::svd", results: 3, with: [.tensor(self), .bool(true), .bool(true)])
        return (results[0], results[1], results[2])
    }
}
