import Foundation
import Torch

/// What this process has used.
enum ProcessMemory {
    /// Resident bytes at most since the process began, mapped weights that were read included; nil where the system does not tell.
    static var peak: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { return nil }
        return kibibytes * 1024
    }

    /// What is taken on a GPU now, by whomever; nil on a CPU.
    static func used(on device: Device) -> Int? {
        guard device != .cpu, let free = DeviceMemory.free(on: device), let total = DeviceMemory.total(of: device) else { return nil }
        return total - free
    }
}
