import Foundation
import Testing

import Torch

@Suite struct DeviceMemoryTests {
    private func host(_ files: [String: String]) throws -> Int? {
        let root = NSTemporaryDirectory() + "retort-memory-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (path, text) in files {
            let url = URL(fileURLWithPath: root + path)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        return DeviceMemory.freeOnHost(root: root)
    }

    private let system = "MemTotal:       2000000 kB\nMemFree:           1000 kB\nMemAvailable:    1000000 kB\n"

    @Test func theSmallestLimitCounts() throws {
        #expect(try host([:]) == nil)
        #expect(try host(["/proc/meminfo": system]) == 1_000_000 * 1024)
        let unlimited = ["/proc/meminfo": system, "/sys/fs/cgroup/memory.max": "max\n", "/sys/fs/cgroup/memory.current": "5\n"]
        #expect(try host(unlimited) == 1_000_000 * 1024)
        // A container: limit 600 MB, 500 used, of which 200 are file pages that the kernel would drop.
        let container = [
            "/proc/meminfo": system, "/sys/fs/cgroup/memory.max": "600000000\n", "/sys/fs/cgroup/memory.current": "500000000\n",
            "/sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 200000000\n",
        ]
        #expect(try host(container) == 300_000_000)
        // A service below the root of version 2, and version 1's names and its way of saying "none".
        let service = [
            "/proc/meminfo": system, "/proc/self/cgroup": "0::/system.slice/a.service\n",
            "/sys/fs/cgroup/system.slice/a.service/memory.max": "70000\n", "/sys/fs/cgroup/system.slice/a.service/memory.current": "90000\n",
        ]
        #expect(try host(service) == 0)
        let old = [
            "/proc/meminfo": system, "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1\n", "/proc/self/cgroup": "4:memory:/box\n",
            "/sys/fs/cgroup/memory/box/memory.limit_in_bytes": "40000\n", "/sys/fs/cgroup/memory/box/memory.usage_in_bytes": "10000\n",
        ]
        #expect(try host(old) == 30_000)
    }

    @Test func thisMachineHasSomeMemory() throws {
        let free = try #require(DeviceMemory.free(on: .cpu)), total = try #require(DeviceMemory.total(of: .cpu))
        #expect(free > 0 && free <= total)
    }
}
