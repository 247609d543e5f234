/// One argument of an operator, in the order of its schema.
enum Argument {
    case tensor(Tensor)
    case optionalTensor(Tensor?)
    /// What an operator gave out for its backward only.
    case opaque(OpaqueTensor)
    /// A tensor that is there and holds nothing: what an operator written before optionals wants for "none".
    case undefined
    case tensors([Tensor])
    case integer(Int)
    case optionalInteger(Int)
    case integers([Int])
    case optionalIntegers([Int])
    case bool(Bool)
    case bools([Bool])
    case double(Double)
    case optionalDouble(Double)
    case type(DType)
    case optionalType(DType)
    /// Any optional without a value.
    case none

    var text: String {
        switch self {
        case .tensor(let tensor), .optionalTensor(.some(let tensor)): tensor.description
        case .tensors(let list): "[\(list.prefix(4).map(\.description).joined(separator: ", "))\(list.count > 4 ? ", …" : "")]"
        case .integer(let value), .optionalInteger(let value): "\(value)"
        case .integers(let values), .optionalIntegers(let values): "\(values)"
        case .bool(let value): "\(value)"
        case .bools(let values): "\(values)"
        case .double(let value), .optionalDouble(let value): "\(value)"
        case .type(let type), .optionalType(let type): type.rawValue
        case .opaque: "opaque"
        case .optionalTensor(nil), .undefined, .none: "none"
        }
    }
}

extension Argument {
    /// Of a tensor; nil for anything else.
    fileprivate var device: Device? {
        switch self {
        case .tensor(let tensor), .optionalTensor(.some(let tensor)): tensor.device
        case .tensors(let list): list.first?.device
        default: nil
        }
    }
}

extension Libtorch {
    /// Calls `aten::name.overload` and returns its first `results` tensors.
    ///
    /// Every argument of the schema must be given, defaults too; more of them, for the schema of a newer version, are not read. Handles on the stack are new references, which the callee consumes.
    @discardableResult
    func call(_ name: StaticString, _ overload: StaticString = "", results: Int = 1, with arguments: [Argument]) throws -> [Tensor] {
        try handles(name, overload, results: results, with: arguments).map { try Tensor(adopting: $0, of: self) }
    }

    /// The same for results that are no ordinary tensors.
    func handles(_ name: StaticString, _ overload: StaticString = "", results: Int = 1, with arguments: [Argument]) throws -> [Handle] {
        var stack = [UInt64]()
        stack.reserveCapacity(max(arguments.count, results, 1))
        for argument in arguments { stack.append(try value(of: argument)) }
        while stack.count < max(results, 1) { stack.append(0) }
        let status = stack.withUnsafeMutableBufferPointer { buffer in
            name.withUTF8Buffer { name in
                overload.withUTF8Buffer { overload in
                    callDispatcher(
                        UnsafeRawPointer(name.baseAddress!).assumingMemoryBound(to: CChar.self),
                        UnsafeRawPointer(overload.baseAddress!).assumingMemoryBound(to: CChar.self),
                        buffer.baseAddress!, abiVersion)
                }
            }
        }
        guard status == 0 else { throw failure("\(name)", arguments) }
        return try (0..<results).map { try handle(stack[$0], in: "\(name)") }
    }

    /// - Parameter device: where the call worked, if no argument says it.
    func failure(_ name: String, _ arguments: [Argument], on device: Device? = nil) -> TorchError {
        let texts = arguments.map(\.text)
        // Before 2.13 libtorch tells nobody why; on a GPU that has hardly any memory left that is the likely reason.
        if errorText == nil, let gpu = device ?? arguments.lazy.compactMap(\.device).first(where: { $0 != .cpu }),
            let free = DeviceMemory.free(on: gpu), let total = DeviceMemory.total(of: gpu), free < total / 20
        {
            return .outOfMemory(name: name, arguments: texts, reason: "probably: only \(free / 1_000_000) MB of \(total / 1_000_000) MB are free on \(gpu), and a PyTorch before 2.13 does not tell")
        }
        let reason = lastError
        let lower = reason.lowercased()
        return lower.contains("out of memory") || lower.contains("can't allocate memory") || lower.contains("not enough memory")
            ? .outOfMemory(name: name, arguments: texts, reason: reason)
            : .operatorFailed(name: name, arguments: texts, reason: reason)
    }

    /// Checks the status of a plain C function.
    func check(_ status: Status, _ name: String, _ arguments: @autoclosure () -> [Argument], on device: Device? = nil) throws {
        if status != 0 { throw failure(name, arguments(), on: device) }
    }

    private func handle(_ value: UInt64, in name: String) throws -> Handle {
        guard let handle = Handle(bitPattern: UInt(value)) else {
            throw TorchError.operatorFailed(name: name, arguments: [], reason: "it returned no tensor")
        }
        return handle
    }

    private func value(of argument: Argument) throws -> UInt64 {
        switch argument {
        case .tensor(let tensor): try bits(reference(to: tensor.handle, argument))
        case .optionalTensor(nil), .none: 0
        case .opaque(let tensor): try bits(reference(to: tensor.handle, argument))
        case .undefined: try bits(undefined())
        case .optionalTensor(.some(let tensor)): try cell(bits(reference(to: tensor.handle, argument)))
        case .tensors(let list): try self.list(list.map { try bits(reference(to: $0.handle, argument)) })
        case .integer(let value): UInt64(bitPattern: Int64(value))
        case .integers(let values): try list(values.map { UInt64(bitPattern: Int64($0)) })
        case .optionalInteger(let value): try cell(UInt64(bitPattern: Int64(value)))
        case .optionalIntegers(let values): try cell(list(values.map { UInt64(bitPattern: Int64($0)) }))
        case .bool(let value): value ? 1 : 0
        case .bools(let values): try list(values.map { $0 ? 1 : 0 })
        case .double(let value): value.bitPattern
        case .optionalDouble(let value): try cell(value.bitPattern)
        case .type(let type): UInt64(bitPattern: Int64(code(of: type)))
        case .optionalType(let type): try cell(UInt64(bitPattern: Int64(code(of: type))))
        }
    }

    private func undefined() throws -> Handle {
        var handle: Handle?
        guard let newUndefined, newUndefined(&handle) == 0, let handle else { throw failure("new_uninitialized_tensor", []) }
        return handle
    }

    private func bits(_ pointer: OpaquePointer) -> UInt64 { UInt64(UInt(bitPattern: pointer)) }

    private func reference(to handle: Handle, _ argument: Argument) throws -> Handle {
        var copy: Handle?
        guard newHandle(handle, &copy) == 0, let copy else { throw failure("new_tensor_handle", [argument]) }
        return copy
    }

    private func list(_ values: [UInt64]) throws -> UInt64 {
        var list: OpaquePointer?
        guard newList(values.count, &list) == 0, let list else { throw failure("new_list", []) }
        for value in values where pushBack(list, value) != 0 { throw failure("list_push_back", []) }
        return bits(list)
    }

    private func cell(_ value: UInt64) throws -> UInt64 {
        var cell: UnsafeMutablePointer<UInt64>?
        guard newCell(&cell) == 0, let cell else { throw failure("new_stable_ivalue", []) }
        cell.pointee = value
        return UInt64(UInt(bitPattern: cell))
    }
}

/// A result of an operator that only its backward reads, of a type that `Tensor` may not know.
public final class OpaqueTensor {
    let handle: Libtorch.Handle
    private let library: Libtorch

    init(adopting handle: Libtorch.Handle, of library: Libtorch) {
        self.handle = handle
        self.library = library
    }

    deinit { _ = library.deleteTensor(handle) }
}
