import Foundation
import Groundwork
import Questions
import Tokenizers

/// What a submission brings along besides the model: topics to ask about, and questions for when the model gives none.
enum SubmissionStock {
    private static let areas: [(Domain, String)] = [
        (.math, "Mathematics"), (.code, "Computer science"), (.stem, "Science"), (.humanities, "Humanities"),
    ]

    /// The topics of the question generator, which are those that an adapter made by a recipe was trained on.
    static var topics: [String: [String]] {
        var topics: [String: [String]] = [:]
        for (domain, area) in areas {
            var seen: Set<String> = []
            topics[area] = QuestionGenerator.families(in: domain).map(\.topic).filter { seen.insert($0).inserted }
        }
        return topics
    }

    /// Generated questions of all domains that pass the format check with the base model's tokenizer; their answers are computed or
    /// looked up. No two read the same.
    static func pool(count: Int, seed: UInt64, tokenizer: Tokenizer) throws -> [AgentQuestion] {
        let tokens = { (text: String) in tokenizer.encode(text, specialTokens: false).count }
        let each = (count + areas.count - 1) / areas.count
        var random = CounterRandom(seed: seed, phase: "submission pool")
        var pool: [AgentQuestion] = []
        for (domain, _) in areas {
            let made = try QuestionGenerator.generate(domain: domain, count: each * 2, seed: seed).map { question in
                let order = random.shuffled([0, 1, 2, 3])
                var shuffled = question
                shuffled.choices = order.map { question.choices[$0] }
                shuffled.answer = Letter.allCases[order.firstIndex(of: question.answer.index) ?? question.answer.index]
                return AgentQuestion(shuffled)
            }
            pool += made.filter { FormatCheck.question($0, tokens: tokens).isEmpty }.prefix(each)
        }
        return Array(random.shuffled(pool).prefix(count))
    }
}
