import Foundation

/// CUDA's compiler for programs that are only known at run time, and the driver that loads what it makes.
struct RuntimeCompiler: Sendable {
    private typealias Pointer = UnsafeMutableRawPointer
    private typealias Text = UnsafePointer<CChar>
    private typealias Create = @convention(c) (
        UnsafeMutablePointer<Pointer?>, Text, Text, Int32, UnsafePointer<Text?>?, UnsafePointer<Text?>?
    ) -> Int32
    private typealias Compile = @convention(c) (Pointer, Int32, UnsafePointer<Text?>?) -> Int32
    private typealias Size = @convention(c) (Pointer, UnsafeMutablePointer<Int>) -> Int32
    private typealias Fill = @convention(c) (Pointer, UnsafeMutableRawPointer) -> Int32
    private typealias Destroy = @convention(c) (UnsafeMutablePointer<Pointer?>) -> Int32
    private typealias LoadModule = @convention(c) (UnsafeMutablePointer<Pointer?>, UnsafeRawPointer) -> Int32
    private typealias Function = @convention(c) (UnsafeMutablePointer<Pointer?>, Pointer, Text) -> Int32

    private let create: Create
    private let compile: Compile
    private let logSize, imageSize: Size
    private let log, image: Fill
    private let destroy: Destroy
    private let loadModule: LoadModule
    private let function: Function

    /// - Parameter handle: an open library that brings both.
    init(_ handle: UnsafeMutableRawPointer) throws {
        func symbol<F>(_ name: String, _: F.Type = F.self) throws -> F {
            guard let found = dlsym(handle, name) else {
                throw TorchError.operatorFailed(name: "the runtime compiler", arguments: [], reason: "\(name) is missing")
            }
            return unsafeBitCast(found, to: F.self)
        }
        create = try symbol("nvrtcCreateProgram")
        compile = try symbol("nvrtcCompileProgram")
        logSize = try symbol("nvrtcGetProgramLogSize")
        imageSize = try symbol("nvrtcGetCUBINSize")
        log = try symbol("nvrtcGetProgramLog")
        image = try symbol("nvrtcGetCUBIN")
        destroy = try symbol("nvrtcDestroyProgram")
        loadModule = try symbol("cuModuleLoadData")
        function = try symbol("cuModuleGetFunction")
    }

    /// - Parameter architecture: "sm_90", for example.
    func compile(_ source: String, architecture: String) throws -> [UInt8] {
        func check(_ status: Int32, _ what: String, _ reason: @autoclosure () -> String = "") throws {
            if status != 0 { throw TorchError.operatorFailed(name: "to \(what)", arguments: [architecture], reason: "error \(status) \(reason())") }
        }
        var program: Pointer?
        try check(create(&program, source, "retort.cu", 0, nil, nil), "begin to compile a kernel")
        defer { _ = destroy(&program) }
        guard let handle = program else { throw TorchError.operatorFailed(name: "to compile a kernel", arguments: [], reason: "there is no program") }
        func bytes(_ size: Size, _ fill: Fill) -> [UInt8] {
            var count = 0
            guard size(handle, &count) == 0, count > 0 else { return [] }
            var all = [UInt8](repeating: 0, count: count)
            return all.withUnsafeMutableBytes { fill(handle, $0.baseAddress!) } == 0 ? all : []
        }
        let status = "--gpu-architecture=\(architecture)".withCString { option in
            var options: [Text?] = [option]
            return compile(handle, 1, &options)
        }
        try check(status, "compile a kernel", String(decoding: bytes(logSize, log).prefix(400).filter { $0 != 0 }, as: UTF8.self))
        return bytes(imageSize, image)
    }

    /// Loads an image for good.
    func load(_ image: [UInt8], function name: String) throws -> UnsafeMutableRawPointer {
        var module: Pointer?, result: Pointer?
        let status = image.withUnsafeBytes { loadModule(&module, $0.baseAddress!) }
        guard status == 0, let module, function(&result, module, name) == 0, let result else {
            throw TorchError.operatorFailed(name: "to load a kernel", arguments: [name], reason: "the driver gave error \(status)")
        }
        return result
    }
}
