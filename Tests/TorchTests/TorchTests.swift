import Testing

import Torch

@Suite struct TensorTests {
    /// Rows and columns that fill tiles and that do not, more inputs than a tile takes at once, views of every kind, against sums in double precision.
    @Test(arguments: [(24, 32, 32), (25, 33, 40), (37, 96, 600), (110, 130, 1030), (300, 64, 57)])
    func productsOfManyRowsAreSumsOfProducts(rows: Int, columns: Int, inputs: Int) throws {
        var state: UInt64 = 88_172_645_463_325_252
        func random(_ shape: [Int]) throws -> Tensor {
            try Tensor(
                (0..<shape.reduce(1, *)).map { _ -> Float in
                    state ^= state << 13
                    state ^= state >> 7
                    state ^= state << 17
                    return Float(state >> 40) / Float(1 << 23) - 1
                }, shape)
        }
        let a = try random([rows, inputs]), b = try random([inputs, columns]), start = try random([rows, columns]), bias = try random([columns])
        let (left, right) = (try a.floats(), try b.floats())
        let product = (0..<rows * columns).map { place in
            (0..<inputs).reduce(0.0) { $0 + Double(left[place / columns * inputs + $1]) * Double(right[$1 * columns + place % columns]) }
        }
        let (from, over) = (try start.floats(), try bias.floats())
        func agree(_ result: Tensor, _ expected: (Int) -> Double, _ what: String) throws {
            let worst = try result.floats().enumerated().map { abs(Double($1) - expected($0)) }.max()!
            #expect(worst < 1e-5 * Double(inputs), "\(what): \(worst)")
        }
        let views = [("rows", { (x: Tensor) in x }), ("columns", { try $0.transposed().contiguous().transposed() })]
        for (name, view) in views {
            let (a, b) = (try view(a), try view(b))
            for byOneDNN in Libtorch.hasOneDNN ? [false, true] : [false] {
                let (weight, what) = (try b.transposed(), "\(name), by oneDNN: \(byOneDNN)")
                try agree(a.linear(weight, byOneDNN: byOneDNN), { product[$0] }, what)
                try agree(a.linear(weight, bias: bias, byOneDNN: byOneDNN), { product[$0] + Double(over[$0 % columns]) }, "\(what), bias")
                try agree(a.linear(weight, residual: start, byOneDNN: byOneDNN), { product[$0] + Double(from[$0]) }, "\(what), residual")
                try agree(
                    a.linear(weight, bias: bias, residual: start, byOneDNN: byOneDNN),
                    { product[$0] + Double(over[$0 % columns]) + Double(from[$0]) }, "\(what), both")
            }
            let wide = try Tensor.concatenated([start, start], 1), part = try wide.narrow(1, 0, columns)
            try part.addProduct_(a, b, times: -0.5)
            try agree(part.contiguous(), { Double(from[$0]) - 0.5 * product[$0] }, "\(name), in place")
            #expect(try wide.narrow(1, columns, columns).contiguous().floats() == from, "nothing beside it is touched")
        }
    }

    // python: x = torch.arange(6.).reshape(2, 3); w = torch.tensor([[1., 0, -1], [2, 1, 0]]); F.linear(x, w) + 10
    @Test func linearAddsAFullSizeBiasInsideTheProduct() throws {
        let x = try Tensor([Float](arrayLiteral: 0, 1, 2, 3, 4, 5), [2, 3])
        let w = try Tensor([Float](arrayLiteral: 1, 0, -1, 2, 1, 0), [2, 3])
        let residual = try Tensor.full([2, 2], 10)
        #expect(try x.linear(w, residual: residual).floats() == [8, 11, 8, 20])
        #expect(try x.linear(w).floats() == [-2, 1, -2, 10])
    }

    @Test func linearTakesTransposedViews() throws {
        let x = try Tensor([Float](arrayLiteral: 0, 1, 2, 3, 4, 5), [2, 3])
        // xᵀ·x, both sides as views: what the weight gradients are made of.
        let gram = try x.transposed().linear(x.transposed(), residual: .full([3, 3], 1))
        #expect(try gram.floats() == [10, 13, 16, 13, 18, 23, 16, 23, 30])
    }

    /// Small whole numbers, so that every order of the sums gives the same floats. PyTorch for x86-64 always has oneDNN; elsewhere its absence
    /// is an error that says so.
    @Test(arguments: [1, 3, 64, 200]) func aPackedWeightGivesTheSameProducts(rows: Int) throws {
        let x = try Tensor((0..<rows * 48).map { Float($0 % 7 - 3) }, [rows, 48])
        let w = try Tensor((0..<80 * 48).map { Float($0 % 5 - 2) }, [80, 48])
        let bias = try Tensor((0..<80).map(Float.init), [80]), residual = try Tensor((0..<rows * 80).map { Float($0 % 11) }, [rows, 80])
        let packed: PackedMatrix
        do {
            packed = try PackedMatrix(w, rows: 64)
        } catch let error as TorchError {
            #if arch(x86_64)
            throw error
            #else
            #expect(error.description.contains("mkldnn"))
            return
            #endif
        }
        let expected = try x.linear(w)
        #expect(packed.shape == [80, 48])
        #expect(try x.linear(packed).floats() == expected.floats())
        #expect(try x.linear(packed, bias: bias).floats() == x.linear(w, bias: bias).floats())
        #expect(try x.linear(packed, residual: residual).floats() == x.linear(w, residual: residual).floats())
        #expect(try x.linear(packed, bias: bias, residual: residual).floats() == x.linear(w, bias: bias).adding(residual).floats())
        #expect(throws: TorchError.self) { try x.narrow(1, 0, 47).contiguous().linear(packed) }
    }

    @Test func viewsShareStorage() throws {
        let x = try Tensor((0..<24).map(Float.init), [2, 3, 4])
        #expect(try x.permuted([1, 0, 2]).floats() == [0, 1, 2, 3, 12, 13, 14, 15, 4, 5, 6, 7, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23])
        #expect(try x.narrow(1, 1, 2).reshaped([2, 8]).floats() == [4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23])
        #expect(try x.narrow(1, 1, 2).reshaped([2, 8]).strides == [12, 1], "dense runs are viewed, not copied")
        #expect(try x.permuted([2, 0, 1]).reshaped([4, 6]).strides == [1, 4], "axes 0 and 1 lie densely behind one another")
        #expect(try x.permuted([1, 0, 2]).reshaped([3, 8]).floats()[8...] == [4, 5, 6, 7, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23])
        #expect(try x.unsqueezed(1).expanded([2, 2, 3, 4]).reshaped([4, 12]).floats()[12..<24] == (0..<12).map(Float.init)[...])
        try x.narrow(0, 1, 1).zero_()
        #expect(try x.sum().item() == 66)
    }

    @Test func arithmeticBroadcasts() throws {
        let x = try Tensor([1, 2, 3] as [Float], [3])
        #expect(try x.adding(x, times: 0.5).floats() == [1.5, 3, 4.5])
        #expect(try x.multiplied(by: 2).floats() == [2, 4, 6])
        #expect(try x.unsqueezed(1).multiplied(by: x).sum([0]).floats() == [6, 12, 18])
        #expect(try x.argmax().values(Int64.self) == [2])
        #expect(try x.to(dtype: .bfloat16).to(dtype: .float64).values(Double.self) == [1, 2, 3])
    }

    @Test func indexOperatorsReachTheirRows() throws {
        let table = try Tensor((0..<6).map(Float.init), [3, 2])
        let index = try Tensor([2, 0] as [Int64], [2])
        #expect(try table.rows(index).floats() == [4, 5, 0, 1])
        try table.indexCopy_(0, index, Tensor.full([2, 2], 9))
        #expect(try table.floats() == [9, 9, 2, 3, 9, 9])
        try table.scatterAdd_(1, Tensor([1, 0, 1] as [Int64], [3, 1]), Tensor.full([3, 1], 1))
        #expect(try table.floats() == [9, 10, 3, 3, 9, 10])
    }

    @Test func anErrorNamesOperatorShapesAndReason() throws {
        let x = try Tensor.zeros([2, 3]), y = try Tensor.zeros([4, 5])
        let error = #expect(throws: TorchError.self) { try x.linear(y) }
        let text = error.map(\.description) ?? ""
        #expect(text.contains("aten::linear") && text.contains("float32[2, 3]") && text.contains("float32[4, 5]"), "\(text)")
        #expect(throws: TorchError.self) { try x.narrow(0, 1, 2) }
        #expect(throws: TorchError.self) { try x.reshaped([7]) }
    }

    /// A GPU's kernels have no CPU version; that this is what is missed shows that every argument was read as the schema has it.
    @Test func aKernelOfGPUsIsMissedByName() throws {
        let x = try Tensor.zeros([4, 2, 8]), lengths = try SequenceLengths(queries: [1, 3], keys: [1, 3], device: .cpu)
        let flash = #expect(throws: TorchError.self) { try x.flashAttention(key: x, value: x, lengths: lengths, scale: 1) }
        #expect(flash.map(\.description)?.contains("'CPU' backend") == true, "\(String(describing: flash))")
    }

    @Test func anAbsurdAllocationIsAnErrorNotATrap() throws {
        let error = #expect(throws: TorchError.self) { try Tensor.empty([1 << 45]) }
        guard case .outOfMemory = error else {
            Issue.record("expected outOfMemory, got \(String(describing: error))")
            return
        }
    }

    @Test func aViewOfHostMemoryKeepsItsOwner() throws {
        final class Box {
            let memory = UnsafeMutablePointer<Float>.allocate(capacity: 4)
            init() { memory.initialize(repeating: 3, count: 4) }
            deinit { memory.deallocate() }
        }
        weak var watched: Box?
        var tensor: Tensor?
        do {
            let box = Box()
            watched = box
            tensor = try Tensor(viewing: box.memory, [2, 2], .float32, owner: box).narrow(0, 1, 1)
        }
        #expect(watched != nil)
        #expect(try tensor?.floats() == [3, 3])
        tensor = nil
        #expect(watched == nil)
    }

    @Test func rmsNormFollowsItsFormula() throws {
        let x = try Tensor([1, 2, 3, 4] as [Double], [1, 4]), w = try Tensor([1, 1, 2, 2] as [Double], [4])
        let (y, rstd) = try x.rmsNorm(w, epsilon: 0.5)
        let expected = 1 / (30.0 / 4 + 0.5).squareRoot()
        #expect(abs(try rstd.item() - expected) < 1e-12)
        #expect(zip(try y.values(Double.self), [1, 2, 6, 8]).allSatisfy { abs($0 - $1 * expected) < 1e-12 })
    }

    // Against the formula of the AdamW paper, first step: m̂ = g, v̂ = g².
    @Test func adamWDecaysAndSteps() throws {
        let p = try Tensor([1, -1] as [Float], [2]), g = try Tensor([0.5, -0.25] as [Float], [2])
        let m = try Tensor.zeros([2]), v = try Tensor.zeros([2])
        try Tensor.fusedAdamW_(
            [p], gradients: [g], firstMoments: [m], secondMoments: [v], steps: [Tensor.scalar(1)], learningRate: 0.1, beta1: 0.9, beta2: 0.999,
            weightDecay: 0.1, epsilon: 1e-8)
        let values = try p.floats()
        #expect(abs(values[0] - (1 * 0.99 - 0.1)) < 1e-6 && abs(values[1] - (-0.99 + 0.1)) < 1e-6)
        #expect(abs(try m.floats()[0] - 0.05) < 1e-7)
    }

    // Two of the four rows see one key, the others more: the same as softmax(QKᵀ)V row by row, in float64.
    @Test func flashAttentionMatchesItsDefinition() throws {
        let q = try Tensor((0..<12).map { Double($0 % 5) * 0.3 - 0.4 }, [1, 1, 4, 3])
        let k = try Tensor((0..<12).map { Double($0 % 7) * 0.2 - 0.5 }, [1, 1, 4, 3])
        let v = try Tensor((0..<12).map { Double($0) }, [1, 1, 4, 3])
        let (output, _) = try q.flashAttentionCPU(key: k, value: v, causal: true, scale: 0.5)
        let (qs, ks, vs) = (try q.values(Double.self), try k.values(Double.self), try v.values(Double.self))
        var expected: [Double] = []
        for row in 0..<4 {
            let scores = (0...row).map { column in (0..<3).reduce(0.0) { $0 + qs[row * 3 + $1] * ks[column * 3 + $1] } * 0.5 }
            let total = scores.reduce(0.0) { $0 + exp($1) }
            for axis in 0..<3 { expected.append((0...row).reduce(0.0) { $0 + exp(scores[$1]) / total * vs[$1 * 3 + axis] }) }
        }
        #expect(zip(try output.values(Double.self), expected).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    #if compiler(>=6.2)  // exit tests
    // In a process of its own: what other tests allocate meanwhile must not count.
    @Test func memoryStaysFlatOverManyCalls() async {
        await #expect(processExitsWith: .success) {
            func resident() -> Int {
                guard let file = fopen("/proc/self/statm", "r") else { return 0 }
                defer { fclose(file) }
                var size = 0, resident = 0
                withUnsafeMutablePointer(to: &size) { a in
                    withUnsafeMutablePointer(to: &resident) { b in withVaList([a, b]) { _ = vfscanf(file, "%ld %ld", $0) } }
                }
                return resident * Int(getpagesize())
            }
            let x = try Tensor.zeros([8, 8])
            func calls(_ count: Int) throws {
                for _ in 0..<count { _ = try Tensor.concatenated([x.linear(x, residual: x), x.sum([0], keeping: true)]) }
            }
            try calls(20_000)
            let before = resident()
            try calls(100_000)
            try #require(resident() - before < 4 << 20, "300,000 calls left \(resident() - before) bytes")
        }
    }
    #endif

    @Test func parallelCoversEveryIndexOnce() throws {
        let counts = UnsafeMutablePointer<Int32>.allocate(capacity: 10_000)
        counts.initialize(repeating: 0, count: 10_000)
        defer { counts.deallocate() }
        nonisolated(unsafe) let pointer = counts
        try Libtorch.open().parallel(10_000, grain: 16) { range in for index in range { pointer[index] += 1 } }
        #expect((0..<10_000).allSatisfy { counts[$0] == 1 })
    }
}
