import Foundation

/// Where a path leads: names of files and folders, told apart from what they are names of.
public enum Place {
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

    /// A device, a pipe or a socket: something that is written into, never replaced.
    static func isStream(_ path: String) -> Bool {
        var status = stat()
        // Links below /dev lead to what a program was started with, a plain file too.
        guard stat(path, &status) == 0 else { return false }
        return path.hasPrefix("/dev/") || ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    }
}
