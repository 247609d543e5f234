import Foundation
import Groundwork
import Testing

import Questions

/// docs/questions.md lists every family with an example of every grade. `RETORT_WRITE_DOCS=1 swift test` writes it anew.
@Suite struct CatalogueTests {
    static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/questions.md").path

    static func catalogue() throws -> String {
        var text = """
            # Generated questions

            `retort generate --domain D --count N --seed S -o FILE.jsonl` makes four-choice questions whose answers are computed or
            looked up in tables of facts. Each is drawn from a family; a recipe may name the families and the difficulty
            (1 easy: copying, looking up a well-known fact, one small step; 2 medium; 3 hard). The same seed gives the same questions,
            the right letter is equally often A, B, C and D, wrong choices are results of plausible mistakes or facts of the same kind,
            and every explanation ends by stating the answer exactly as its choice reads.

            Below, one example of every family and difficulty, as the generator makes it with seed 1; the right choice is bold.

            """
        for domain in Domain.specialist {
            let families = QuestionGenerator.families(in: domain)
            text += "\n## \(domain) (\(families.count) families)\n"
            for family in families {
                text += "\n### `\(family.name)`: \(family.topic)\n\n"
                for grade in family.grades {
                    let question = try QuestionGenerator.generate(
                        domain: domain, count: 1, seed: 1, families: [family.name], difficulty: grade)[0]
                    let choices = zip(Letter.allCases, question.choices).map { letter, choice in
                        letter == question.answer ? "**\(letter)) \(choice)**" : "\(letter)) \(choice)"
                    }
                    text += "\(grade). \(question.question)  \n   \(choices.joined(separator: " · "))  \n   *\(question.explanation ?? "")*\n"
                }
            }
        }
        return text
    }

    @Test func theDocumentShowsWhatTheGeneratorMakes() throws {
        let expected = try Self.catalogue()
        if ProcessInfo.processInfo.environment["RETORT_WRITE_DOCS"] != nil { try WholeFile.write(expected, to: Self.path) }
        let written = String(decoding: try WholeFile.read(Self.path), as: UTF8.self)
        #expect(written == expected, "docs/questions.md is out of date; run the tests once with RETORT_WRITE_DOCS=1")
    }
}
