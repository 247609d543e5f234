import Foundation

/// How much memory a device has left, as far as it can be found out.
public enum DeviceMemory {
    /// Bytes that can still be allocated on `device`; nil where nothing tells.
    ///
    /// On a CPU the smaller of the system's `MemAvailable` and what the process's control group leaves; on a GPU what the runtime that
    /// libtorch has loaded answers (`cudaMemGetInfo`, `hipMemGetInfo`). What libtorch's own allocator holds in reserve counts as taken.
    public static func free(on device: Device) -> Int? {
        switch device {
        case .cpu: freeOnHost(root: "")
        case .cuda(let index): gpu(index)?.free
        }
    }

    /// All bytes of `device`, free or not; nil where nothing tells.
    public static func total(of device: Device) -> Int? {
        switch device {
        case .cpu: [meminfo("MemTotal", root: ""), groups(root: "").map(\.limit).min()].compactMap { $0 }.min()
        case .cuda(let index): gpu(index)?.total
        }
    }

    /// - Parameter root: a folder that stands for `/`, for tests.
    package static func freeOnHost(root: String) -> Int? {
        let groupRests = groups(root: root).map { max(0, $0.limit - $0.used) }
        return ([meminfo("MemAvailable", root: root)].compactMap { $0 } + groupRests).min()
    }

    private static func meminfo(_ key: String, root: String) -> Int? {
        guard let text = try? String(contentsOfFile: root + "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(key + ":") }),
            let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { return nil }
        return kibibytes * 1024
    }

    /// Limits of control groups, version 2 (`memory.max`) and 1 (`memory.limit_in_bytes`), and what is used under them. File pages that the
    /// kernel would give up first are counted by it as used, and here as free.
    private static func groups(root: String) -> [(limit: Int, used: Int)] {
        func read(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
        func number(_ path: String) -> Int? { read(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } }
        var folders = [("/sys/fs/cgroup", "memory.max", "memory.current"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")]
        for line in (read(root + "/proc/self/cgroup") ?? "").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2] != "/" else { continue }
            if parts[0] == "0" { folders.append(("/sys/fs/cgroup\(parts[2])", "memory.max", "memory.current")) }
            if parts[1] == "memory" { folders.append(("/sys/fs/cgroup/memory\(parts[2])", "memory.limit_in_bytes", "memory.usage_in_bytes")) }
        }
        return folders.compactMap { folder, limitName, usedName in
            // "max" and version 1's number near 2⁶³ are no limits.
            guard let limit = number("\(root)\(folder)/\(limitName)"), limit < 1 << 60, let used = number("\(root)\(folder)/\(usedName)") else { return nil }
            let line = (read("\(root)\(folder)/memory.stat") ?? "").split(separator: "\n").first { $0.hasPrefix("inactive_file ") }
            let reclaimable = line.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
            return (limit, max(0, used - reclaimable))
        }
    }

    private typealias MemoryInfo = @convention(c) (UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>) -> Int32
    private typealias SetDevice = @convention(c) (Int32) -> Int32
    private typealias GetDevice = @convention(c) (UnsafeMutablePointer<Int32>) -> Int32

    /// The runtime is looked up by name among the libraries that libtorch brought with it: Retort links to none.
    private static func gpu(_ index: Int) -> (free: Int, total: Int)? {
        guard (try? Libtorch.open()) != nil else { return nil }
        for kind in ["cuda", "hip"] {
            func symbol<F>(_ name: String, _: F.Type) -> F? { dlsym(dlopen(nil, RTLD_NOW), kind + name).map { unsafeBitCast($0, to: F.self) } }
            guard let info = symbol("MemGetInfo", MemoryInfo.self), let set = symbol("SetDevice", SetDevice.self),
                let get = symbol("GetDevice", GetDevice.self)
            else { continue }
            var before: Int32 = 0, free = 0, total = 0
            guard get(&before) == 0, set(Int32(clamping: index)) == 0 else { return nil }
            defer { _ = set(before) }
            return info(&free, &total) == 0 ? (free, total) : nil
        }
        return nil
    }
}

extension Tensor {
    /// The addresses of the whole storage that this tensor views, which lives as long as any view of it; for measuring.
    package var storageAddresses: Range<Int> {
        typealias Getter = @convention(c) (OpaquePointer, UnsafeMutablePointer<Int64>) -> Int32
        func number(_ name: String) -> Int {
            guard let symbol = dlsym(dlopen(nil, RTLD_NOW), name) else { return 0 }
            var value: Int64 = 0
            return unsafeBitCast(symbol, to: Getter.self)(handle, &value) == 0 ? Int(value) : 0
        }
        let start = Int(bitPattern: dataPointer) - number("aoti_torch_get_storage_offset") * dtype.size
        return start..<start + number("aoti_torch_get_storage_size")
    }
}
