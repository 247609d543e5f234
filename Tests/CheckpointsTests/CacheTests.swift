import Checkpoints
import Foundation
import Groundwork
import Testing

@Suite struct CacheTests {
    @Test func `the cache is where Python's tools have it`() {
        func folder(_ environment: [String: String]) -> String { HuggingFaceCache(environment: environment).folder }
        #expect(folder(["HOME": "/home/a"]) == "/home/a/.cache/huggingface/hub")
        #expect(folder(["HOME": "/home/a", "XDG_CACHE_HOME": "/x"]) == "/x/huggingface/hub")
        #expect(folder(["HOME": "/home/a", "XDG_CACHE_HOME": "/x", "HF_HOME": "/h"]) == "/h/hub")
        #expect(folder(["HOME": "/home/a", "HF_HOME": "/h", "HF_HUB_CACHE": "/c"]) == "/c")
        #expect(folder(["HOME": "/home/a", "HF_HOME": ""]) == "/home/a/.cache/huggingface/hub")
    }

    /// The layout that huggingface_hub writes: a ref to a commit, and a snapshot of links into blobs.
    @Test func `a repository is opened by its id`() throws {
        try Fixture.inFolder { folder in
            let files = FileManager.default
            let root = "\(folder)/models--org--tiny.v1"
            let snapshot = "\(root)/snapshots/0123456789abcdef"
            for path in ["\(root)/blobs", "\(root)/refs", snapshot] { try files.createDirectory(atPath: path, withIntermediateDirectories: true) }
            for name in ["config.json", "model.safetensors"] {
                try files.copyItem(atPath: Fixture.tiny("qwen3/model/\(name)"), toPath: "\(root)/blobs/\(name)-blob")
                try files.createSymbolicLink(atPath: "\(snapshot)/\(name)", withDestinationPath: "../../blobs/\(name)-blob")
            }
            try WholeFile.write("0123456789abcdef\n", to: "\(root)/refs/main")
            let cache = HuggingFaceCache(environment: ["HF_HUB_CACHE": folder])
            let checkpoint = try Checkpoint.open("org/tiny.v1", cache: cache)
            #expect(checkpoint.path == snapshot && checkpoint.configuration.family == .qwen3)
            #expect(try cache.snapshot("org/tiny.v1@0123456789abcdef") == snapshot)
            for reference in ["org/tiny.v1@other", "org/other", "tiny.v1", "../tiny.v1", "org/..", "a/b/c", "org/tiny.v1@../../x", ""] {
                #expect(throws: CheckpointError.self, "\(reference)") { try cache.snapshot(reference) }
            }
            for commit in ["../../..", "a/b", "", "."] {
                try WholeFile.write(commit, to: "\(root)/refs/main")
                #expect(throws: CheckpointError.self, "\(commit)") { try cache.snapshot("org/tiny.v1") }
            }
        }
    }
}
