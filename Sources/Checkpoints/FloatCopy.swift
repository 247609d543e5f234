import Dispatch
import Torch

extension StoredTensor {
    /// Writes all elements as float32 into `target`, row-major in canonical order, on several threads when there are many.
    /// - Parameters:
    ///   - target: room for exactly `elementCount` elements; initialised or not.
    ///   - library: does it on libtorch's threads, between whose products it stands; else two of the system's do it.
    /// - Throws: `CheckpointError.unsupported` for a type that Retort does not read.
    public func copyFloats(into target: UnsafeMutableBufferPointer<Float>, with library: Libtorch? = nil) throws {
        try requireReadable()
        precondition(target.count == elementCount, "\(name) has \(elementCount) elements, room for \(target.count)")
        withBytes { bytes in
            guard elementCount > 0, let source = bytes.baseAddress, let destination = target.baseAddress else { return }
            decode(source, to: destination, library)
        }
    }

    private func decode(_ source: UnsafeRawPointer, to destination: UnsafeMutablePointer<Float>, _ library: Libtorch?) {
        if let heads = interleavedHeads {
            let order = RowOrder(rows: shape[0], heads: heads)
            let length = elementCount / shape[0]
            let stride = byteCount / shape[0]
            forEachRange(of: shape[0], elements: elementCount, library) { [type] rows in
                for row in rows {
                    Dequantisation.decode(type, source + order.stored(row) * stride, length, to: destination + row * length)
                }
            }
        } else {
            let (length, size) = (type.blockLength, type.blockBytes)
            forEachRange(of: elementCount / length, elements: elementCount, library) { [type] blocks in
                Dequantisation.decode(
                    type, source + blocks.lowerBound * size, blocks.count * length,
                    to: destination + blocks.lowerBound * length)
            }
        }
    }

    /// Writes the stored bytes, still in the stored type, with the rows in canonical order.
    /// - Parameter target: room for exactly `byteCount` bytes.
    public func copyBytes(into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count == byteCount, "\(name) has \(byteCount) bytes, room for \(target.count)")
        withBytes { bytes in
            guard let heads = interleavedHeads, let start = target.baseAddress, let source = bytes.baseAddress, byteCount > 0 else {
                target.copyMemory(from: bytes)
                return
            }
            let order = RowOrder(rows: shape[0], heads: heads)
            let stride = byteCount / shape[0]
            for row in 0..<shape[0] {
                (start + row * stride).copyMemory(from: source + order.stored(row) * stride, byteCount: stride)
            }
        }
    }

    /// Splits `0..<count` between threads, or gives it to this one when the tensor is small.
    private func forEachRange(of count: Int, elements: Int, _ library: Libtorch?, _ body: (Range<Int>) -> Void) {
        if let library { return library.parallel(count, grain: max(1, count / max(1, elements >> 14)), body) }
        guard elements >= 1 << 18, count > 1 else { return body(0..<count) }
        withoutActuallyEscaping(body) { body in
            nonisolated(unsafe) let body = body  // the two halves write to different places, and both end before this returns
            DispatchQueue.concurrentPerform(iterations: 2) { half in
                body(half == 0 ? 0..<count / 2 : count / 2..<count)
            }
        }
    }
}

/// The order in which llama.cpp's converter stores the rows of q and k for the llama architecture: within a head of d rows,
/// row i of the first half and row i of the second half stand side by side.
struct RowOrder {
    let headSize: Int

    init(rows: Int, heads: Int) { headSize = rows / heads }

    /// Where canonical row `row` is stored.
    func stored(_ row: Int) -> Int {
        let (head, within) = row.quotientAndRemainder(dividingBy: headSize)
        let half = headSize / 2
        return head * headSize + (within < half ? 2 * within : 2 * (within - half) + 1)
    }
}
