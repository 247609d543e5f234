import Evaluation

/// What may be said about a winner.
struct SelectionVerdict {
    let winner: String
    /// The best adapter that no merge made.
    let single: String
    /// The best merge; nil if none was made.
    let merge: String?
    /// First that single adapter, second the best merge, as the best of all that were tried.
    let againstSingle: Finding?
    /// First the base, second the winner, as the best of all that were tried.
    let againstBase: Finding
    /// Adapters and merges.
    let tried: Int

    var text: String {
        var lines: [String] = []
        if let merge, let againstSingle {
            if winner == merge {
                lines.append("The winner is \(merge). Against the best single adapter, \(single): \(againstSingle.sentence).")
                if againstSingle.verdict != .better {
                    lines.append("NOT SHOWN: these questions do not prove that any merge is better than \(single) alone.")
                }
            } else {
                lines.append(
                    "NO MERGE IS BETTER than the single adapter \(single), which is the winner and was copied. The best merge, \(merge): "
                        + "\(againstSingle.sentence).")
            }
        } else {
            lines.append("Nothing was merged. The winner is the single adapter \(single), which was copied.")
        }
        lines.append("Against the base: \(againstBase.sentence).")
        if againstBase.pair.second.value <= againstBase.pair.first.value { lines.append("WARNING: the winner is NOT BETTER THAN THE BASE.") }
        if tried > 1 {
            lines.append(
                "The winner was chosen among \(tried) by these questions. p allows for that; accuracy and interval do not and flatter it: "
                    + "measure it on others.")
        }
        return lines.joined(separator: "\n")
    }
}
