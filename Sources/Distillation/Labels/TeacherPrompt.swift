import ContentHash
import Questions
import Tokenizers

/// How a question is put to a teacher that converses: reasoning in its own words, then a last line that names the letter.
public enum TeacherPrompt {
    public static let system = """
        You answer questions with four choices. First reason step by step in plain English, in a few short sentences of at most 80 words \
        in all. Then write one last line of the form "Answer: X", where X is A, B, C or D.
        """

    /// Written into the teacher's mouth where its reply names no letter; the letter follows.
    public static let forcing = "\n\nAnswer:"

    public static func user(_ asking: Asking) -> String {
        let question = asking.asked
        return AnswerFormat.userMessage(question) + (asking.isHinted ? hint(question.answer) : "")
    }

    /// Gives the right answer away.
    static func hint(_ letter: Letter) -> String {
        "\n\nThe right answer is \(letter). Explain briefly how to find it, without mentioning that you were told."
    }

    static func messages(_ asking: Asking) -> [Message] {
        [Message(role: .system, text: system), Message(role: .user, text: user(asking))]
    }

    /// SHA-256 over everything a teacher is told, for a fixed question.
    static var hash: String {
        let question = Question(
            id: "", source: "", subject: "", topic: "", domain: .other, question: "Which?", choices: ["1", "2", "3", "4"], answer: .A)
        return ContentHash.of([system, user(Asking(question, isHinted: true)), forcing].joined(separator: "\u{1}"))
    }
}
