/// What is wrong with a recipe: where it stands, what was found, and what to write instead.
public struct RecipeError: Error, CustomStringConvertible, Equatable {
    /// "recipes/demo.yaml:12" or "the override 'train.batch=x'".
    public let place: String
    public let reason: String

    public init(place: String, reason: String) {
        self.place = place
        self.reason = reason
    }

    public var description: String { "\(place): \(reason)" }
}
