import Agents
import Submission
import Testing

@Suite struct MessageReadingTests {
    @Test(arguments: [
        #"{"topic": "rivers", "area": "Geography"}"#, "rivers", "Write a hard question.\nTopic: rivers\nOnly JSON, please.", "topic = 'rivers'",
    ])
    func topicsAreFound(message: String) {
        #expect(MessageReading.topic(of: message)?.topic == "rivers")
    }

    @Test(arguments: ["", "   ", #"{"subject": "rivers"}"#, "Tell me a story about a river that wanted to be a mountain.", "one\ntwo"])
    func otherMessagesNameNoTopic(message: String) {
        #expect(MessageReading.topic(of: message) == nil)
    }

    private static let posed = PosedQuestion(question: "Which is largest?", choices: ["Earth", "Jupiter", "Mars", "Venus"])

    @Test(arguments: [
        "Which is largest?\nA) Earth\nB) Jupiter\nC) Mars\nD) Venus",
        "Answer in JSON.\nQuestion: Which is largest?\nChoices: A) Earth B) Jupiter C) Mars D) Venus\n\nRESPONSE FORMAT: one of A) B) C) D)",
        "Question: Which is largest?\n(A) Earth\n(B) Jupiter\n(C) Mars\n(D) Venus\nAnswer:",
        "Which is largest?\n\nA. Earth\nB. Jupiter\nC. Mars\nD. Venus",
        #"{"question": "Which is largest?", "choices": ["Earth", "Jupiter", "Mars", "Venus"], "answer": "B"}"#,
    ])
    func questionsAreFound(message: String) {
        #expect(MessageReading.question(of: message) == Self.posed)
    }

    @Test(arguments: ["Which is largest?", "A) one B) two C) three D) four", "Which?\nA) x\nB) y\nC) z", #"{"question": "Which?"}"#])
    func otherMessagesStateNoQuestion(message: String) {
        #expect(MessageReading.question(of: message) == nil)
    }
}
