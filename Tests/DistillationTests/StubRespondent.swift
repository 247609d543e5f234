import Distillation
import Foundation
import Questions
import Synchronization
import Transformers

/// A teacher behind a wire that is not there: answers by a rule and remembers what it was asked.
final class StubRespondent: Respondent {
    let identity: String
    let slots: Int
    private let rule: @Sendable (TeacherRequest) throws -> TeacherReply
    private let heard = Mutex<[TeacherRequest]>([])

    init(identity: String = "stub", slots: Int = 3, _ rule: @escaping @Sendable (TeacherRequest) throws -> TeacherReply) {
        self.identity = identity
        self.slots = slots
        self.rule = rule
    }

    var requests: [TeacherRequest] { heard.withLock { $0 } }

    func reply(to request: TeacherRequest) async throws -> TeacherReply {
        heard.withLock { $0.append(request) }
        return try rule(request)
    }

    func close() async {}
}

extension TeacherRequest {
    var user: String { messages.first { $0.role == .user }?.text ?? "" }
    var isLed: Bool { messages.last?.role == .assistant }
    /// Where a choice stands in the order asked.
    func letter(of choice: String) -> Letter? {
        Letter.allCases.first { user.components(separatedBy: "\n").contains("\($0)) \(choice)") }
    }
}

extension TeacherReply {
    /// A reply in words, each a token with its blank before it; a letter's token carries `letters`, others carry nothing.
    static func words(
        _ text: String, letters: [(String, Double)] = [], thinking: String? = nil, ending: Ending = .finished, hasTokens: Bool = true
    ) -> TeacherReply {
        var pieces: [String] = []
        for character in text {
            if character.isWhitespace || pieces.isEmpty { pieces.append(String(character)) } else { pieces[pieces.count - 1].append(character) }
        }
        let tokens = pieces.map { piece in
            let isLetter = Letter(rawValue: piece.trimmingCharacters(in: CharacterSet(charactersIn: " \n().*"))) != nil
            return Token(
                text: piece, logProbability: -0.1,
                alternatives: isLetter ? letters.map { Alternative(text: $0.0, logProbability: $0.1) } : [])
        }
        return TeacherReply(
            text: text, thinking: thinking, tokens: hasTokens ? tokens : [], ending: ending, promptTokens: 50, completionTokens: pieces.count,
            model: "stub", seconds: 0.25)
    }

    /// Reasoning, then a letter with most of the probability.
    static func answering(_ letter: Letter, reasoning: String = "Because it is so.", ending: Ending = .finished) -> TeacherReply {
        words(
            "\(reasoning)\nAnswer: \(letter)", letters: Letter.allCases.map { (" \($0)", log($0 == letter ? 0.7 : 0.1)) }, ending: ending)
    }
}
