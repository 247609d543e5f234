import Evaluation

/// Which specialists are merged: those that are better than their base on questions of their own that did not train them.
enum SpecialistGate {
    /// - Parameter comparison: first the base, second the specialist.
    static func isBetter(_ comparison: PairedComparison) -> Bool { comparison.second.value > comparison.first.value }

    /// - Parameter questions: which ones: "probe", "math".
    static func reason(_ comparison: PairedComparison, questions: String) -> String {
        "not better than the base on \(comparison.first.count) \(questions) questions: \(comparison.sentence)"
    }

    static func warning(_ specialist: String, _ reason: String) -> String {
        "\nWARNING: the \(specialist) specialist is LEFT OUT of the merge: \(reason)\n"
    }
}
