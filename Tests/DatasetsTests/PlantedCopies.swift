import Groundwork
import Questions

/// Questions of the generator with copies planted among them, of which is known what they copy, and with look-alikes that copy nothing.
struct PlantedCopies {
    enum Kind: String, CaseIterable {
        case spacingCaseAndPunctuation, reworded, shuffled, prefixed, everything
        /// Other numbers in the same words, the choices left as they are: no copy.
        case otherNumbers
    }

    struct Plant {
        let kind: Kind
        let original: Int
        let question: Question
    }

    let originals: [Question]
    let plants: [Plant]

    /// - Parameter count: originals of each of the four domains.
    init(count: Int, seed: UInt64) throws {
        var originals: [Question] = []
        for domain in Domain.specialist { originals += try QuestionGenerator.generate(domain: domain, count: count, seed: seed) }
        var plants: [Plant] = []
        for (index, question) in originals.enumerated() {
            let kind = Kind.allCases[index % Kind.allCases.count]
            var random = CounterRandom(seed: seed, phase: "plants", step: UInt64(index))
            if let copy = Self.copy(question, kind, &random) { plants.append(Plant(kind: kind, original: index, question: copy)) }
        }
        self.originals = originals
        self.plants = plants
    }

    private static func copy(_ question: Question, _ kind: Kind, _ random: inout CounterRandom) -> Question? {
        var copy = question
        copy.id = "copy/\(kind)/\(question.id)"
        switch kind {
        case .spacingCaseAndPunctuation:
            copy.question = respelt(question.question, &random)
            copy.choices = question.choices.map { $0 + " " }
        case .reworded:
            guard let text = reworded(question.question, &random) else { return nil }
            copy.question = text
        case .shuffled: shuffle(&copy, &random)
        case .prefixed: copy.question = prefix(&random) + question.question
        case .everything:
            copy.question = prefix(&random) + respelt(question.question, &random)
            shuffle(&copy, &random)
        case .otherNumbers:
            guard let text = renumbered(question.question) else { return nil }
            copy.question = text
        }
        return copy
    }

    private static func shuffle(_ question: inout Question, _ random: inout CounterRandom) {
        let right = question.answerText
        question.choices = random.shuffled(question.choices)
        question.answer = question.choices.firstIndex(of: right).flatMap { Letter(index: $0) } ?? question.answer
    }

    private static func respelt(_ text: String, _ random: inout CounterRandom) -> String {
        var words = text.split(separator: " ").map(String.init)
        // Punctuation at the ends of words goes, as long as it can belong to no formula or program.
        for index in words.indices where words[index].dropLast().allSatisfy(\.isLetter) {
            words[index] = words[index].trimmingSuffix(in: ",.?;:")
        }
        let cased = random.next(below: 2) == 0 ? words.map { $0.uppercased() } : words.map { $0.lowercased() }
        return " " + cased.joined(separator: random.next(below: 2) == 0 ? "  " : "\n")
    }

    private static func prefix(_ random: inout CounterRandom) -> String {
        random.element(of: [
            "Question 17. ", "Q3) ", "Choose the best answer. ", "Answer the following question: ", "Multiple choice. ",
            "Read the question carefully and choose one of the four options. ", "This one is from last year's exam: ",
        ])
    }

    /// Every eighth word, but at least one, becomes another, and a common opening another one. Texts of fewer than eight words
    /// are not reworded: with one word in six gone they are another question.
    private static func reworded(_ text: String, _ random: inout CounterRandom) -> String? {
        var words = text.split(separator: " ").map(String.init)
        let kept: Set<String> = ["not", "no", "never", "none", "except", "least", "false", "without", "two", "three", "four", "five", "half"]
        let plain = words.indices.filter { index in
            index > 0 && words[index].count > 1 && words[index].allSatisfy { $0.isLowercase } && !kept.contains(words[index])
        }
        guard words.count >= 8, plain.count >= 4 else { return nil }
        let others = ["roughly", "presumably", "usually", "indeed", "thereby", "altogether"]
        for index in random.sample(max(1, words.count / 8), of: plain) { words[index] = random.element(of: others) }
        let openings = ["What": "Tell", "Which": "Whichever", "How": "Say how", "In": "Within", "Who": "Which person"]
        if let opening = openings[words[0]] { words[0] = opening }
        return words.joined(separator: " ")
    }

    /// Every number one more; nil where there is none.
    private static func renumbered(_ text: String) -> String? {
        guard text.contains(where: \.isNumber) else { return nil }
        var result = "", digits = ""
        func flush() {
            if let value = Int(digits) { result += String(value + 1) }
            digits = ""
        }
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
            } else {
                flush()
                result.append(character)
            }
        }
        flush()
        return result
    }
}

extension String {
    fileprivate func trimmingSuffix(in characters: String) -> String {
        var text = self
        while let last = text.last, characters.contains(last) { text.removeLast() }
        return text
    }
}
