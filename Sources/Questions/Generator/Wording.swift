/// "3, 5 and 8".
func listed(_ items: [String], last word: String = "and") -> String {
    items.count < 2 ? items.joined() : items.dropLast().joined(separator: ", ") + " \(word) " + items[items.count - 1]
}

func listed(_ items: [Int], last word: String = "and") -> String { listed(items.map(String.init), last: word) }

/// "a frog", "an eagle".
func withArticle(_ noun: String) -> String { ("aeiouAEIO".contains(noun.prefix(1)) ? "an " : "a ") + noun }

/// With a capital at the start.
func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
