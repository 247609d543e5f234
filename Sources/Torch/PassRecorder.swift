/// Makes what a device was told once repeatable without telling it again.
package protocol PassRecorder: AnyObject {
    /// Runs `body` where recorded passes run: what it queues comes before or after them, never beside.
    func within<Result>(_ body: () throws -> Result) throws -> Result

    /// Runs `body` and keeps what it queued.
    ///
    /// `body` must queue the same work every time: its tensors stay where they are, and it neither reads from the device nor sends to it.
    /// - Returns: does the same work again, on what the tensors then hold; to be called inside `within`.
    func record(_ body: @escaping () throws -> Void) throws -> () throws -> Void
}
