import Datasets
import Questions

/// What is checked of a drafted question, in this order.
public enum CheckName: String, Codable, Sendable, CaseIterable {
    /// The model wrote question, choices and letter to their ends.
    case whole
    /// The tournament's format and its limits of tokens.
    case format
    /// The question asks something.
    case wording
    /// No choice says what another says.
    case choices
    case english
    case topic
    /// At most 100 words, and for the letter that the question declares.
    case explanation
    /// Neither training data, nor asked before, nor one of the prompt's examples.
    case copy
    /// Exactly one choice is right, and it is the declared one.
    case answer
    /// The question does not say its answer ("What kind of thing is a clock?" "A clock").
    case giveaway
}

/// How one check of one candidate went.
public struct CheckVerdict: Codable, Sendable, Hashable {
    public let check: CheckName
    public let passed: Bool
    /// Why it failed.
    public let reason: String?
}

/// A check that needs no model. The judge gives the reason why a candidate falls, or nil if it passes.
struct QuestionCheck {
    let name: CheckName
    let judge: (Candidate) -> String?

    static var whole: QuestionCheck {
        QuestionCheck(name: .whole) { candidate in
            candidate.drafted.isWhole ? nil : "the \(candidate.drafted.ending == .deadline ? "clock" : "model") left a gap"
        }
    }

    static func format(_ tokens: @escaping (String) -> Int) -> QuestionCheck {
        QuestionCheck(name: .format) { candidate in
            let reasons = FormatCheck.question(candidate.question, tokens: tokens)
            return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
        }
    }

    static var wording: QuestionCheck { QuestionCheck(name: .wording) { QuestionWording.objection(to: $0.question) } }

    static var choices: QuestionCheck { QuestionCheck(name: .choices) { ChoiceOverlap.found(in: $0.question) } }

    static var english: QuestionCheck {
        QuestionCheck(name: .english) { candidate in
            let question = candidate.question
            return EnglishText.objection(to: [question.question] + question.choiceTexts + [question.explanation ?? ""])
        }
    }

    /// - Parameter topics: all that are asked about, to tell whether a question is on another of them.
    static func topic(among topics: [Topic]) -> QuestionCheck {
        let words = TopicWords(topics)
        return QuestionCheck(name: .topic) { candidate in words.objection(to: candidate.question, on: candidate.topic) }
    }

    static var explanation: QuestionCheck { QuestionCheck(name: .explanation) { Explanation($0.question).contradiction } }

    static var giveaway: QuestionCheck {
        QuestionCheck(name: .giveaway) { candidate in
            // The answer of a calculation may well be one of its numbers.
            guard candidate.computed == nil, let letter = candidate.letter else { return nil }
            let said = Explanation.saidChoices(of: candidate.question)
            return said == [letter] ? "the question says its answer, \(letter)" : nil
        }
    }

    /// - Parameters:
    ///   - known: questions that must not come again.
    ///   - name: what they are, for the reason.
    static func copy(of known: KnownQuestions, _ name: String) -> QuestionCheck {
        QuestionCheck(name: .copy) { candidate in
            guard let question = candidate.asQuestion, let match = known.match(question) else { return nil }
            let how = match.likeness >= 1 ? "the same question as" : "nearly the same question as"
            return "\(how) number \(match.index + 1) of the \(name)"
        }
    }
}
