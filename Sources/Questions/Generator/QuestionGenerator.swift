import Groundwork

/// Makes four-choice questions whose answers are computed or looked up in the project's tables of facts.
public enum QuestionGenerator {
    public static let families: [QuestionFamily] =
        MathFamilies.all + CodeFamilies.all + StemFamilies.all + HumanitiesFamilies.all

    public static func families(in domain: Domain) -> [QuestionFamily] { families.filter { $0.domain == domain } }

    /// Names of the families of a domain that offer a grade.
    public static func familyNames(in domain: Domain, difficulty: Int? = nil) -> [String] {
        families(in: domain).filter { family in difficulty.map(family.grades.contains) ?? true }.map(\.name)
    }

    /// `count` different questions, the families taking turns. The same arguments give the same questions; asking for more
    /// with everything else equal gives the same questions first.
    ///
    /// - Parameters:
    ///   - names: families of the domain; nil for all that offer the grade.
    ///   - difficulty: 1 easy, 2 medium, 3 hard; nil draws among the grades that a family offers.
    ///   - excluding: fingerprints of questions that must not come, such as those of the training set.
    /// - Throws: `GeneratorError` for an unknown family or grade, and when the tables of facts hold too few questions.
    public static func generate(
        domain: Domain, count: Int, seed: UInt64, families names: [String]? = nil, difficulty: Int? = nil,
        excluding: Set<Fingerprint> = []
    ) throws -> [Question] {
        guard count >= 0 else { throw GeneratorError.negativeCount(count) }
        var sources = try chosen(domain, names, difficulty).map {
            FamilySource(family: $0, seed: seed, difficulty: difficulty)
        }
        var seen = excluding
        var questions: [Question] = []
        var round: UInt64 = 0
        while questions.count < count {
            var turns = CounterRandom(seed: seed, phase: "question families/\(domain)", step: round)
            for index in turns.shuffled(Array(sources.indices)) where questions.count < count {
                if let question = sources[index].next(unlike: &seen) { questions.append(question) }
            }
            sources.removeAll(where: \.isExhausted)
            if sources.isEmpty {
                throw GeneratorError.exhausted(domain: domain, wanted: count, made: questions.count)
            }
            round += 1
        }
        return questions
    }

    private static func chosen(_ domain: Domain, _ names: [String]?, _ difficulty: Int?) throws -> [QuestionFamily] {
        let offered = families(in: domain)
        guard !offered.isEmpty else { throw GeneratorError.noFamilies(domain) }
        var picked = offered
        if let names {
            picked = try names.map { name in
                guard let family = offered.first(where: { $0.name == name }) else {
                    throw GeneratorError.unknownFamily(name, domain: domain, known: offered.map(\.name))
                }
                return family
            }
            if let repeated = names.first(where: { name in names.count { $0 == name } > 1 }) {
                throw GeneratorError.repeatedFamily(repeated)
            }
        }
        guard let difficulty else { return picked }
        if names != nil, let lacking = picked.first(where: { !$0.grades.contains(difficulty) }) {
            throw GeneratorError.noSuchGrade(difficulty, family: lacking.name, offered: lacking.grades)
        }
        picked.removeAll { !$0.grades.contains(difficulty) }
        if picked.isEmpty { throw GeneratorError.noSuchGrade(difficulty, family: nil, offered: [1, 2, 3]) }
        return picked
    }
}

/// What cannot be generated, and what to ask for instead.
public enum GeneratorError: Error, CustomStringConvertible, Equatable {
    case negativeCount(Int)
    case noFamilies(Domain)
    case unknownFamily(String, domain: Domain, known: [String])
    case repeatedFamily(String)
    case noSuchGrade(Int, family: String?, offered: [Int])
    case exhausted(domain: Domain, wanted: Int, made: Int)

    public var description: String {
        switch self {
        case .negativeCount(let count):
            "cannot generate \(count) questions: the count must not be negative"
        case .noFamilies(let domain):
            "no questions can be generated for the domain \(domain); choose one of "
                + Domain.specialist.map(\.rawValue).joined(separator: ", ")
        case .unknownFamily(let name, let domain, let known):
            "the domain \(domain) has no question family \"\(name)\"; it has \(known.joined(separator: ", "))"
        case .repeatedFamily(let name):
            "the question family \"\(name)\" is named twice; name each once"
        case .noSuchGrade(let grade, let family, let offered):
            (family.map { "the question family \"\($0)\" has" } ?? "the chosen families have") + " no difficulty \(grade); choose "
                + offered.map(String.init).joined(separator: ", ")
        case .exhausted(let domain, let wanted, let made):
            "only \(made) of \(wanted) different \(domain) questions can be made from the chosen families and difficulty without "
                + "the excluded ones; ask for fewer, or allow more families or difficulties"
        }
    }
}

/// One family's stream of questions. Draw number n uses the random numbers of step n and nothing else.
private struct FamilySource {
    let family: QuestionFamily
    let seed: UInt64
    let difficulty: Int?
    private var draw: UInt64 = 0
    private var made = 0
    private(set) var isExhausted = false

    /// So many draws in a row without anything new mean that there is nothing new: with a table of 200 facts of which one is
    /// unused, the chance to miss it is below 1 in 20,000.
    private static let patience = 2000

    init(family: QuestionFamily, seed: UInt64, difficulty: Int?) {
        self.family = family
        self.seed = seed
        self.difficulty = difficulty
    }

    mutating func next(unlike seen: inout Set<Fingerprint>) -> Question? {
        for _ in 0..<Self.patience {
            var random = CounterRandom(seed: seed, phase: "questions/\(family.name)/\(difficulty ?? 0)", step: draw)
            draw += 1
            let grade = difficulty ?? random.element(of: family.grades)
            guard let draft = family.draw(&random, grade), let choices = Self.choices(of: draft, &random) else { continue }
            guard seen.insert(Fingerprint(question: draft.question, answer: draft.answer)).inserted else { continue }
            made += 1
            let closing = AnswerFormat.statement(draft.answer)
            return Question(
                id: "generated/\(family.name)/\(grade)/\(seed)/\(made)", source: "generated", subject: family.subject,
                topic: family.topic, domain: family.domain, question: draft.question, choices: choices.texts,
                answer: choices.answer, explanation: draft.working.isEmpty ? closing : draft.working + " " + closing,
                family: family.name, difficulty: grade)
        }
        isExhausted = true
        return nil
    }

    /// Three different mistakes and the answer, each letter equally likely to be right; nil if there are too few mistakes.
    private static func choices(of draft: Draft, _ random: inout CounterRandom) -> (texts: [String], answer: Letter)? {
        var used: Set<String> = [Fingerprint.normalised(draft.answer)]
        var wrong: [String] = []
        for mistake in random.shuffled(draft.mistakes) where wrong.count < 3 {
            if used.insert(Fingerprint.normalised(mistake)).inserted { wrong.append(mistake) }
        }
        let answer = random.element(of: Letter.allCases)
        guard wrong.count == 3 else { return nil }
        wrong.insert(draft.answer, at: answer.index)
        return (wrong, answer)
    }
}
