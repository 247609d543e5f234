import Groundwork

/// A kind of question that can be generated without end, or as far as its table of facts reaches.
public struct QuestionFamily: Sendable, CustomStringConvertible {
    /// Unique over all domains: what a recipe names.
    public let name: String
    public let domain: Domain
    /// Generated questions carry it as their subject.
    public let subject: String
    /// What the question agent is asked for.
    public let topic: String
    /// The grades it offers: 1 easy (copying, looking up a well-known fact, one small step), 2 medium, 3 hard.
    public let grades: [Int]
    let draw: @Sendable (inout CounterRandom, _ grade: Int) -> Draft?

    init(
        _ name: String, _ domain: Domain, subject: String, topic: String, grades: [Int],
        draw: @escaping @Sendable (inout CounterRandom, _ grade: Int) -> Draft?
    ) {
        self.name = name
        self.domain = domain
        self.subject = subject
        self.topic = topic
        self.grades = grades
        self.draw = draw
    }

    public var description: String { name }
}

/// A question before its choices are put in order.
struct Draft {
    var question: String
    var answer: String
    /// Wrong choices, more than three where possible: results of plausible mistakes, or facts of the same kind.
    /// Repeats and texts equal to the answer are dropped later; a draft left with fewer than three is thrown away.
    var mistakes: [String]
    /// The steps to the answer as whole sentences, without the closing "The answer is …".
    var working: String

    init(_ question: String, answer: String, mistakes: [String], working: String) {
        self.question = question
        self.answer = answer
        self.mistakes = mistakes
        self.working = working
    }

    /// A draft whose answer is a number. To the results of typical slips come near numbers at random distances, so that the
    /// answer is not always the one in the middle.
    /// - Parameters:
    ///   - slips: what a typical mistake gives; those that equal the answer or lie below `least` are dropped.
    ///   - suffix: a unit or sign behind every number (" km", "%").
    static func number(
        _ question: String, _ answer: Int, slips: [Int], least: Int = 0, suffix: String = "", working: String,
        random: inout CounterRandom
    ) -> Draft {
        var wrong = slips.filter { $0 != answer && $0 >= least }
        let reach = abs(answer) < 10 ? [1, 2, 3, 4] : abs(answer) < 200 ? [1, 2, 9, 10, 11, 20] : [10, 90, 100, 110, 200]
        var near = random.shuffled(reach.flatMap { [answer - $0, answer + $0] })
        near.removeAll { $0 < least || wrong.contains($0) }
        wrong = Array(random.shuffled(wrong).prefix(2))
        wrong += near.prefix(3)
        return Draft(question, answer: "\(answer)\(suffix)", mistakes: wrong.map { "\($0)\(suffix)" }, working: working)
    }
}
