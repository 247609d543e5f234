import Foundation

/// A library of the system, opened at run time: it is there on practically every machine, its headers seldom are.
package final class SharedLibrary: Sendable {
    // The handle never changes and is never closed.
    nonisolated(unsafe) private let handle: UnsafeMutableRawPointer
    private let name: String

    /// - Parameters:
    ///   - names: file names to try, in order.
    ///   - remedy: what to install where none is found.
    package init(_ names: [String], for purpose: String, remedy: String) throws {
        for name in names {
            if let handle = dlopen(name, RTLD_NOW) {
                self.handle = handle
                self.name = name
                return
            }
        }
        throw DatasetError.missingLibrary(names: names, purpose: purpose, remedy: remedy)
    }

    /// The C function `symbol`. The caller vouches for its signature.
    func function<F>(_ symbol: String, as type: F.Type) throws -> F {
        guard let address = dlsym(handle, symbol) else { throw DatasetError.missingFunction(symbol, library: name) }
        return unsafeBitCast(address, to: type)
    }
}
