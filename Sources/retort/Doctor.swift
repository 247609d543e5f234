import ArgumentParser
import Checkpoints
import Foundation
import Groundwork
import Pipeline
import Torch

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what was found on this machine, what is missing, and how to get it.",
        discussion: "Ends with exit code 1 when PyTorch, without which nothing can be computed, is missing.")

    @OptionGroup var json: JSONOptions

    private struct Finding: Encodable {
        let name: String
        let ok: Bool
        let found: String
        var remedy: String?
    }

    private struct Result: Encodable {
        let version: String
        let ok: Bool
        let findings: [Finding]
    }

    func run() throws {
        var findings: [Finding] = []
        findings.append(Finding(name: "retort", ok: true, found: RetortVersion.current))
        let torch = torchFindings()
        findings += torch
        if Device.cuda(0).isAvailable, let library = try? Libtorch.open() { findings.append(fourBit(library.installation)) }
        findings.append(memory())
        findings += models()
        for finding in findings {
            print("\(finding.ok ? "ok     " : "missing")  \(finding.name): \(finding.found)")
            if let remedy = finding.remedy { print("         → \(remedy)") }
        }
        let usable = torch.allSatisfy(\.ok)
        try json.write(Result(version: RetortVersion.current, ok: usable, findings: findings))
        if !usable { throw ExitCode(CommandLineRun.failed) }
    }

    private func torchFindings() -> [Finding] {
        do {
            let library = try Libtorch.open()
            let installation = library.installation
            var findings = [
                Finding(
                    name: "PyTorch", ok: true,
                    found: "\(installation.version) in \(installation.libraryFolder), found through \(installation.source)"),
                Finding(
                    name: "threads", ok: true,
                    found: "\(library.threads) of \(ProcessInfo.processInfo.activeProcessorCount) processors (--threads N changes it)"),
            ]
            var devices = ["cpu"]
            var index = 0
            while Device.cuda(index).isAvailable {
                devices.append("cuda:\(index)")
                index += 1
            }
            findings.append(Finding(
                name: "devices", ok: true,
                found: devices.joined(separator: ", ")
                    + (index > 0 ? "" : library.hasGPULibraries
                        ? "; this PyTorch has GPU libraries, but no GPU answers" : "; this PyTorch is built for the CPU only")))
            return findings
        } catch {
            return [Finding(
                name: "PyTorch", ok: false, found: "\(error)",
                remedy: "scripts/setup installs one into .venv; or set RETORT_TORCH to the folder of an installed torch (2.10 or later)")]
        }
    }

    /// Of all that a GPU computes, products of four-bit weights alone need it.
    private func fourBit(_ torch: Installation) -> Finding {
        do {
            return Finding(name: "four bits on a GPU", ok: true, found: try BitsAndBytesFile.find(for: torch))
        } catch {
            return Finding(
                name: "four bits on a GPU", ok: false, found: "no bitsandbytes library (\(error))",
                remedy: "pip install bitsandbytes, or set RETORT_BITSANDBYTES; without it, nf4 models run on the CPU only")
        }
    }

    private func memory() -> Finding {
        let total = Double(ProcessInfo.processInfo.physicalMemory) / 1e9
        return Finding(name: "memory", ok: true, found: String(format: "%.1f GB", total))
    }

    /// Models where Retort looks by itself: `.models` here and the Hugging Face cache.
    private func models() -> [Finding] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: ".models")) ?? []
        var findings: [Finding] = []
        for name in files.sorted() where name.hasSuffix(".gguf") || isFolder(".models/\(name)") {
            findings.append(model(".models/\(name)"))
        }
        if findings.isEmpty {
            findings.append(Finding(
                name: "demo model", ok: false, found: "no model in .models",
                remedy: "scripts/setup fetches SmolLM2-135M-Instruct; or copy any GGUF file there"))
        }
        let cache = HuggingFaceCache().folder
        let cached = ((try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? [])
            .filter { $0.hasPrefix("models--") }
            .map { $0.dropFirst("models--".count).replacingOccurrences(of: "--", with: "/") }.sorted()
        findings.append(Finding(
            name: "Hugging Face cache", ok: true,
            found: "\(cache): \(cached.isEmpty ? "no models" : cached.joined(separator: ", "))"))
        return findings
    }

    private func model(_ path: String) -> Finding {
        do {
            let configuration = try Checkpoint.open(path).configuration
            let count = AdapterSize.baseParameters(ModelShape(configuration))
            return Finding(name: path, ok: true, found: "\(configuration.family.rawValue), \(AdapterSize.short(count)) parameters")
        } catch {
            return Finding(name: path, ok: false, found: "\(error)", remedy: "fetch it again")
        }
    }

    private func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
