import Questions

/// How often and in which way each question is put to a teacher. Part of every label's provenance.
public struct AskingRules: Codable, Sendable, Hashable {
    /// Orders of the choices under which each question is asked, 1 to 4. Averaged over all four, a teacher's taste for a letter cancels.
    public var rotations: Int
    /// Further replies drawn, one at a time, while none is right and whole.
    public var samples: Int
    /// Whether a question that is still wrong is asked once more with its right answer given.
    public var hint: Bool
    /// Likeliest tokens stored with their log-probabilities for every token of the reasoning; 0 for none.
    public var dense: Int

    public init(rotations: Int = 1, samples: Int = 0, hint: Bool = false, dense: Int = 0) {
        self.rotations = rotations
        self.samples = samples
        self.hint = hint
        self.dense = dense
    }

    /// - Parameter temperature: of the teacher's sampling, without which a second sample is the first again.
    public func validate(way: TeacherWay, temperature: Double) throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw DistillationError.badSetting(name: name, value: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
            }
        }
        try check("the number of rotations", rotations, 1...4)
        try check("the number of further samples", samples, 0...1000)
        try check("the number of stored likeliest tokens", dense, 0...65_535)
        if samples > 0, temperature == 0 {
            throw DistillationError.badSetting(
                name: "the teacher's temperature", value: "0", expected: "above 0 where further samples are drawn: they would all be the same")
        }
        if way == .informed, samples > 0 || hint || dense > 0 {
            throw DistillationError.badSetting(
                name: "the way of asking", value: "informed",
                expected: "free where samples, a hint or dense labels are wanted: an informed teacher writes nothing itself")
        }
    }

    /// The rotations asked, spread over the circle.
    var turns: [Int] {
        switch rotations {
        case 1: [0]
        case 2: [0, 2]
        default: Array(0..<min(rotations, 4))
        }
    }
}

/// One question put to a teacher once.
public struct Asking: Sendable, Hashable {
    /// As it stands in its file.
    public let question: Question
    /// How far its choices are turned: choice i stands at place (i + rotation) mod 4.
    public let rotation: Int
    /// 0 for the first round, then the number of the further sample.
    public let sample: Int
    /// Whether the right answer is given away.
    public let isHinted: Bool

    public init(_ question: Question, rotation: Int = 0, sample: Int = 0, isHinted: Bool = false) {
        self.question = question
        self.rotation = rotation
        self.sample = sample
        self.isHinted = isHinted
    }

    /// The question as the teacher sees it.
    public var asked: Question { question.rotated(by: rotation) }

    /// Each asking's own random numbers, whatever it is batched with.
    public func seed(_ seed: UInt64) -> UInt64 {
        let first = question.id.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        let place = UInt64(rotation) | UInt64(sample) << 2 | (isHinted ? 1 << 62 : 0)
        return place == 0 ? first : (first ^ place) &* 0x0000_0100_0000_01b3
    }
}

extension Question {
    /// The same question with its choices moved on by `count` places, and the right letter with them.
    public func rotated(by count: Int) -> Question {
        guard count % 4 != 0 else { return self }
        var turned = self
        turned.choices = Turn.forward(choices, by: count)
        turned.answer = answer.turned(by: count)
        return turned
    }
}

extension Letter {
    /// The letter `count` places on, D being followed by A.
    func turned(by count: Int) -> Letter { Letter.allCases[((index + count) % 4 + 4) % 4] }
}

/// Four things, one for each choice, in the file's order and in the order asked.
enum Turn {
    static func forward<T>(_ own: [T], by count: Int) -> [T] { own.indices.map { own[(($0 - count) % 4 + 4) % 4] } }
    static func back<T>(_ asked: [T], by count: Int) -> [T] { forward(asked, by: -count) }
}
