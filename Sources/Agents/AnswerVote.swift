import Foundation
import Questions

/// Several reasonings about one question become one answer.
enum AnswerVote {
    /// The mean of the four letters' probabilities decides. A reasoning that the clock kept from its letter has no vote, unless
    /// none came to its letter: then the first pass decides. Shown is the reasoning that is surest of the winner, among those
    /// that chose it if any did.
    /// - Returns: the answer, and the letters of those that voted; nil if there are no results.
    static func decide(_ results: [AnswerResult]) -> (result: AnswerResult, votes: [Letter])? {
        let finished = results.filter(\.letterFollowsReasoning)
        let voters = finished.isEmpty ? Array(results.prefix(1)) : finished
        guard var shown = voters.first else { return nil }
        let mean = mean(voters.map(\.logProbabilities))
        let winner = Letter.likeliest(mean)
        func rank(_ result: AnswerResult) -> (Int, Float) {
            let score = result.logProbabilities[winner.index]
            return (result.letter == winner ? 1 : 0, score.isNaN ? -.infinity : score)
        }
        for other in voters.dropFirst() where rank(other) > rank(shown) { shown = other }
        shown.letter = winner
        shown.logProbabilities = mean
        shown.tokens = results.reduce(0) { $0 + $1.tokens }
        shown.duration = results.map(\.duration).max() ?? shown.duration
        return (shown, voters.map(\.letter))
    }

    /// log of the mean probability of each letter; scores that are no numbers are left out.
    private static func mean(_ scores: [[Float]]) -> [Float] {
        let usable = scores.filter { $0.allSatisfy { !$0.isNaN } }
        guard !usable.isEmpty else { return scores[0] }
        return Letter.allCases.map { letter in
            Float(log(usable.reduce(0) { $0 + exp(Double($1[letter.index])) } / Double(usable.count)))
        }
    }
}
