/// Why an evaluation or a comparison could not be made.
public enum EvaluationError: Error, CustomStringConvertible, Equatable {
    case noQuestions
    case unknownSubject(String, known: [String])
    case tooFewShots(subject: String, found: Int, wanted: Int)
    case letterIsNotOneToken(String, tokens: Int)
    case notFinite(question: String)
    case noAnswer(question: String)
    case differentQuestions(String)
    case otherAnswers(path: String, found: String, wanted: String)
    case badData(path: String, place: String?, reason: String)

    public var description: String {
        switch self {
        case .noQuestions:
            return "no questions to evaluate on; check the file and the subject filter"
        case .unknownSubject(let subject, let known):
            let shown = known.prefix(12).joined(separator: ", ") + (known.count > 12 ? ", … (\(known.count) in all)" : "")
            return "no question has the subject \"\(subject)\"; the file has \(shown)"
        case .tooFewShots(let subject, let found, let wanted):
            return "\(wanted) shots are wanted for the subject \"\(subject)\" and the shots file has \(found); give another "
                + "shots file (--shots) or ask for fewer (--num-shots)"
        case .letterIsNotOneToken(let text, let tokens):
            return "\"\(text)\" is \(tokens) tokens in this model's vocabulary, and the letters' scores need one token each; "
                + "this model cannot be evaluated in this style"
        case .notFinite(let question):
            return "the scores of the letters at question \(question) are not finite numbers; the model or the adapter is "
                + "broken (did its training diverge?)"
        case .noAnswer(let question):
            return "question \(question) ended without scores of the letters"
        case .otherAnswers(let path, let found, let wanted):
            return "\(path) holds answers of other settings (\(found)) than these (\(wanted)); give another file with --output, or remove it"
        case .badData(let path, let place, let reason):
            return "cannot use \(path)\(place.map { ", \($0)" } ?? ""): \(reason)"
        case .differentQuestions(let what):
            return "the two results are not on the same questions (\(what)); evaluate both on one file with the same filters"
        }
    }
}
