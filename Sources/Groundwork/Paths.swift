import Foundation

/// Where a path leads: names of files and folders, told apart from what they are names of.
public enum Paths {
    /// Whether two paths lead to one file or folder, links followed. Neither has to be there.
    public static func areSame(_ left: String, _ right: String) -> Bool { resolved(left) == resolved(right) }

    /// Absolute, without links. Of what is not there yet the last folder that is there counts.
    static func resolved(_ path: String) -> String {
        var head = URL(fileURLWithPath: path).standardizedFileURL.path, tail: [String] = []
        while head != "/" {
            if let real = realpath(head, nil) {
                defer { free(real) }
                return ([String(cString: real)] + tail.reversed()).joined(separator: "/")
            }
            tail.append((head as NSString).lastPathComponent)
            head = (head as NSString).deletingLastPathComponent
        }
        return "/" + tail.reversed().joined(separator: "/")
    }

    /// A device, a pipe or a socket, or a name of what the program was started with (`/dev/stdout`): written into, never replaced.
    static func isStream(_ path: String) -> Bool {
        var target = stat(), itself = stat()
        guard stat(path, &target) == 0, lstat(path, &itself) == 0 else { return false }
        let isLinkOfTheSystem = itself.st_mode & S_IFMT == S_IFLNK && ["/dev/", "/proc/"].contains { path.hasPrefix($0) }
        return isLinkOfTheSystem || ![S_IFREG, S_IFDIR].contains(target.st_mode & S_IFMT)
    }
}
