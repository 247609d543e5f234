import Questions

/// Solved questions in the prompt: what a question looks like, for a model that was not trained to write one.
public enum QuestionExamples {
    /// Questions of the generator, of each domain in turn.
    public static func builtIn(_ count: Int) -> [Question] {
        let domains = Domain.specialist.map { domain in
            QuestionPool.generated.filter { $0.domain == domain && $0.difficulty == 1 && ($0.explanation?.count ?? 0) < 120 }
        }
        guard domains.allSatisfy({ !$0.isEmpty }) else { return [] }
        // Facts first: their choices are words.
        let order = [3, 2, 0, 1].filter { $0 < domains.count }
        return (0..<count).map { index in
            let list = domains[order[index % order.count]]
            return list[(index / order.count) % list.count]
        }
    }

    /// The request, behind the examples: each as it would be asked for and answered.
    static func userMessage(topic: String, examples: [Question]) -> String {
        examples.reduce(into: "") { text, example in
            text += QuestionFormat.userMessage(topic: example.topic) + "\n" + QuestionFormat.reply(example).map(\.text).joined() + "\n\n"
        } + QuestionFormat.userMessage(topic: topic)
    }
}
