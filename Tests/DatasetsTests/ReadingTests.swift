import Foundation
import Groundwork
import Questions
import Testing

import Datasets

@Suite struct ReadingTests {
    static let jsonl = """
        {"question": "Which is a noble gas?", "choices": ["iron", "neon", "gold", "tin"], "answer": "B", "subject": "chemistry"}
        {"question": "Which is a metal?", "choices": ["iron", "neon", "argon", "xenon"], "answer": 0, "subject": "chemistry"}

        """

    static func read(_ text: String, named name: String = "set.jsonl", map: [String] = [], key: FieldMap.Key = .auto, base: Int = 0) throws -> Intake {
        try read(Data(text.utf8), named: name, map: map, key: key, base: base)
    }

    static func read(_ data: Data, named name: String, map: [String] = [], key: FieldMap.Key = .auto, base: Int = 0) throws -> Intake {
        try withFolder { folder in
            try WholeFile.write(data, to: folder + "/" + name)
            let fields = try FieldMap(mappings: map, key: key, firstIndex: base)
            return try Intake.read([folder + "/" + name], options: ReadingOptions(fields: fields))
        }
    }

    @Test func aHeaderlessTableOfSixColumnsIsMMLUs() throws {
        let text = "\"Find c, such that \"\"x\"\" holds.\",0,1,2,3,B\r\n\"Two\nlines\", a ,b,c,d,D\r\n"
        let intake = try Self.read(text, named: "abstract_algebra_test.csv")
        #expect(intake.drops.isEmpty)
        #expect(intake.questions.map(\.question) == ["Find c, such that \"x\" holds.", "Two\nlines"])
        #expect(intake.questions.map(\.answer) == [.B, .D])
        #expect(intake.questions[0].subject == "abstract_algebra" && intake.questions[0].domain == .math)
    }

    @Test func aTableWithAHeaderIsReadByItsNames() throws {
        let text = "\u{FEFF}id,stem,o1,o2,o3,o4,right\n7,Which is blue?,sky,grass,coal,snow,sky\n8,Short row,a,b\n9,Stray \" quote,a,b,c,d,a\n"
        let intake = try Self.read(text, named: "t.csv", map: ["question=stem", "choices=o1,o2,o3,o4", "answer=right"])
        #expect(intake.questions.map(\.id) == ["7"] && intake.questions[0].answer == .A)
        #expect(intake.drops.map(\.reason) == [.unreadable, .unreadable])
        #expect(intake.drops.map(\.place) == ["row on line 3", "row on line 4"])
    }

    @Test func aTableWithoutTheColumnsIsRefusedWithItsNames() throws {
        #expect { try Self.read("a,b,c\n1,2,3\n", named: "t.csv") } throws: { "\($0)".contains("\"a\", \"b\", \"c\"") && "\($0)".contains("--map") }
    }

    @Test func aQuoteThatIsNeverClosedIsToldWithItsLine() throws {
        let intake = try Self.read("Which?,a,b,c,d,A\n\"open,a,b,c,d,A\n", named: "m_test.csv")
        #expect(intake.questions.count == 1 && intake.drops.map(\.place) == ["row on line 2"])
        #expect(intake.drops[0].detail == "a quote is never closed")
    }

    /// ARC's and OpenBookQA's shapes.
    @Test func pathsReachIntoNestedRecords() throws {
        let nested = #"{"id": "x", "question": {"stem": "Which floats?", "choices": [{"text": "cork", "label": "1"}, {"text": "iron", "label": "2"}, {"text": "lead", "label": "3"}, {"text": "gold", "label": "4"}]}, "answerKey": "1"}"#
        let map = ["question=question.stem", "choices=question.choices.text", "answer=answerKey"]
        let intake = try Self.read(nested + "\n", map: map, base: 1)
        #expect(intake.questions.map(\.answer) == [.A] && intake.questions[0].choices == ["cork", "iron", "lead", "gold"])
    }

    @Test func choicesMayStandInFieldsOfTheirOwnAndAnswersBeTexts() throws {
        let text = #"{"q": "Which floats?", "right": "cork", "w1": "iron", "w2": "lead", "w3": "gold"}"#
        let intake = try Self.read(text, map: ["question=q", "choices=w1,right,w2,w3", "answer=right"])
        #expect(intake.questions.map(\.answer) == [.B])
    }

    @Test func numbersAsChoicesAreTexts() throws {
        let intake = try Self.read(#"[{"question": "2 + 2?", "choices": [3, 4, 5.5, 6], "answer": 1}]"#, named: "set.json")
        #expect(intake.questions[0].choices == ["3", "4", "5.5", "6"] && intake.questions[0].answer == .B)
    }

    @Test(arguments: [("\"2\"", FieldMap.Key.auto, nil), ("\"2\"", .index, Letter.C), ("\"2\"", .text, .B), ("\"3\"", .text, .C), ("\"C\"", .auto, .C), ("\"c\"", .auto, .C)])
    func aNumberThatFitsTwoWaysIsRefusedUntilItIsSaidWhichWay(_ answer: String, _ key: FieldMap.Key, _ letter: Letter?) throws {
        let text = #"{"question": "1 + 1?", "choices": ["1", "2", "3", "4"], "answer": KEY}"#.replacing("KEY", with: answer)
        let intake = try Self.read(text, key: key)
        #expect(intake.questions.first?.answer == letter)
        if letter == nil { #expect(intake.drops.map(\.reason) == [.badKey] && intake.drops[0].detail?.contains("--key") == true) }
    }

    @Test func theAgentsOutputIsReadFromAnArrayOverManyLines() throws {
        let text = """
            [
              {"topic": "gases", "question": "Which is [noble], \\"really\\"?",
               "choices": ["A) iron", "B) neon", "C) gold", "D) tin"], "answer": "B", "explanation": "Neon is."},
              17,
              {"topic": "gases", "question": "And which is not?", "choices": ["A) argon", "B) neon", "C) gold", "D) xenon"], "answer": "C"}
            ]
            """
        let intake = try Self.read(text, named: "questions.json")
        #expect(intake.questions.map(\.answer) == [.B, .C] && intake.questions[0].choices[1] == "neon")
        #expect(intake.drops.map(\.place) == ["item 2"] && intake.drops[0].detail == "not a JSON object")
    }

    @Test func anArrayThatBreaksOffKeepsWhatCameBefore() throws {
        let text = #"[{"question": "Which is a metal?", "choices": ["iron", "neon", "argon", "xenon"], "answer": 0}, {"question": "#
        let intake = try Self.read(text, named: "q.json")
        #expect(intake.questions.count == 1 && intake.drops.map(\.detail) == ["the file ends before its array does"])
    }

    @Test func oneBadLineSpoilsNoOther() throws {
        let intake = try Self.read(Data("{\"question\": \n".utf8) + Data([0x7b, 0xff, 0x7d, 0x0a]) + Data(Self.jsonl.utf8), named: "x.jsonl")
        #expect(intake.questions.count == 2 && intake.drops.map(\.reason) == [.unreadable, .wrongEncoding])
        #expect(intake.drops.map(\.place) == ["line 1", "line 2"])
    }

    @Test func idsThatStandTwiceAreMadeDifferent() throws {
        let line = #"{"id": "1", "question": "Which is QQ?", "choices": ["a", "b", "c", "d"], "answer": 0}"#
        let intake = try Self.read("\(line.replacing("QQ", with: "x"))\n\(line.replacing("QQ", with: "y"))\n")
        #expect(intake.questions.map(\.id) == ["1", "set/1"] && intake.renamed == 1)
    }

    @Test func oneFileUnderTwoNamesIsRefused() throws {
        try withFolder { folder in
            try WholeFile.write(Self.jsonl, to: folder + "/a.jsonl")
            #expect(throws: DatasetError.self) { try Intake.read([folder + "/a.jsonl", folder + "/./a.jsonl"]) }
        }
    }

    @Test(arguments: ["question", "question=", "stem=question", "answer=a,b"])
    func mappingsThatSayNothingAreRefused(_ mapping: String) {
        #expect(throws: DatasetError.self) { try FieldMap(mappings: [mapping]) }
    }

    // MARK: Packed files

    /// The text grows far beyond the rooms that bytes are read in, so that every seam is crossed.
    static let long = (0..<12_000).map { number in
        let word = String(UInt64(number) &* 0x9e37_79b9_7f4a_7c15, radix: 36)
        return #"{"question": "Which is \#(word)?", "choices": ["iron", "neon", "gold", "tin"], "answer": \#(number % 4)}"# + "\n"
    }.joined()

    static func packed(_ program: String, _ ending: String, _ folder: String) throws -> Data? {
        let path = folder + "/p.jsonl"
        try WholeFile.write(long, to: path)
        guard try system(program, program == "zstd" ? ["-q", path] : [path]) == 0 else { return nil }
        return try Data(contentsOf: URL(fileURLWithPath: path + ending))
    }

    @Test(arguments: [("gzip", ".gz"), ("zstd", ".zst")])
    func packedFilesAreUnpackedOnTheWay(_ program: String, _ ending: String) throws {
        try withFolder { folder in
            guard let data = try Self.packed(program, ending, folder) else { return }
            let intake = try Self.read(data, named: "set.jsonl\(ending)")
            #expect(intake.questions.count == 12_000 && intake.drops.isEmpty)
            #expect(intake.questions[0].source == "set")
            // Two packed files one after the other are one file.
            #expect(try Self.read(data + data, named: "twice\(ending)").questions.count == 24_000)
            #expect { try Self.read(data.dropLast(20), named: "short\(ending)") } throws: { "\($0)".contains("cannot be unpacked") }
            var spoiled = data
            for index in 200..<260 { spoiled[index] ^= 0x55 }
            #expect { try Self.read(spoiled, named: "bad\(ending)") } throws: { "\($0)".contains("cannot be unpacked") }
        }
    }

    /// Made with Python's gzip module, so that one packed file is read even where no packer is installed.
    @Test func aSmallGzipFileIsRead() throws {
        let packed = "H4sIAAAAAAACA6tWKixNLS7JzM9TslJQCs/ITM5QyCxWSFTIy0/KSVVITyy2V9JRUErOyM9MTi0GqolWyiwCKgaK5aVC6PT8nBQQXZKZpxQLpBPzistTi0DGOSnVcgEAdqXzdmEAAAA="
        let data = try #require(Data(base64Encoded: packed))
        #expect(try Self.read(data, named: "small.jsonl.gz").questions.map(\.answer) == [.B])
    }

    /// Made with libzstd's ZSTD_compress.
    @Test func aSmallZstandardFileIsRead() throws {
        let packed = "KLUv/QRYnQIAckUSGKC1Oc8Pn+R3JCrZTn6tnv6zLzpMQhXxCkPhxW3ObrB57oI8sQGWpsu7PJXhD5vvIVSF7nJiT/KtRNPHi1YIlXGbp2LbEwROCAIAIJDeUKDrQdBs"
        let data = try #require(Data(base64Encoded: packed))
        #expect(try Self.read(data, named: "small.jsonl.zst").questions.map(\.answer) == [.B])
    }

    @Test func aMissingLibraryIsNamedWithItsRemedy() {
        #expect {
            try SharedLibrary(["libnothing.so.9"], for: "a Zstandard file", remedy: "install it (Debian: libzstd1)")
        } throws: {
            "\($0)" == "a Zstandard file needs the library libnothing.so.9, which this machine does not have; install it (Debian: libzstd1)"
        }
    }

    @Test func subjectsComeFlatOrByFile() throws {
        try withFolder { folder in
            let path = folder + "/subjects.json"
            try WholeFile.write(#"{"set": {"knots": "math"}, "weaving": "humanities"}"#, to: path)
            let map = try SubjectFile.read(path)
            #expect(map["knots"] == .math && map["weaving"] == .humanities && map["chemistry"] == .stem)
            try WholeFile.write(#"{"a": {"knots": "math"}, "b": {"knots": "stem"}}"#, to: path)
            #expect { try SubjectFile.read(path) } throws: { "\($0)".contains("knots") }
            try WholeFile.write(#"{"knots": "sailing"}"#, to: path)
            #expect { try SubjectFile.read(path) } throws: { "\($0)".contains("humanities, other") }
        }
    }
}
