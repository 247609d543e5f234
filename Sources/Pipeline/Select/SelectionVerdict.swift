import Evaluation

/// What may be said about a winner.
struct SelectionVerdict {
    let winner: String
    /// The best adapter that no merge made.
    let single: String
    /// The best merge; nil if none was made.
    let merge: String?
    /// First that single adapter, second the best merge.
    let againstSingle: PairedComparison?
    /// First the base, second the winner.
    let againstBase: PairedComparison

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
        if againstBase.second.value <= againstBase.first.value { lines.append("WARNING: the winner is NOT BETTER THAN THE BASE.") }
        lines.append("The winner was chosen by these questions, so its accuracy on them flatters it; measure it on others.")
        return lines.joined(separator: "\n")
    }
}
