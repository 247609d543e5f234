/// What the machine needs for the parts of an answer, learnt in the warm-up and from every answer since. It is where the
/// estimate of an answer's costs starts; the answer's own steps correct it.
public struct AnswerSpeed: Codable, Sendable, Hashable {
    /// Reading one token of a prompt.
    public var promptToken: Duration
    /// One pass over a newly written token.
    public var step: Duration
    /// The last pass: what leads to the letter, and the letter's scores. Zero where the mode needs none.
    public var closing: Duration
    /// How much longer than expected a pass took at worst, of late: what a pass that is begun last may cost beside its estimate.
    public var hesitation: Duration

    public init(promptToken: Duration, step: Duration, closing: Duration, hesitation: Duration = .zero) {
        self.promptToken = promptToken
        self.step = step
        self.closing = closing
        self.hesitation = hesitation
    }

    /// The end of a limit in which nothing is begun. Where hesitations are about exponentially distributed, twice the worst of some hundred
    /// passes is exceeded by one in tens of thousands.
    func margin(within limit: Duration) -> Duration { min(hesitation, Self.longestHesitation(within: limit)) * 2 }

    /// A machine that stops for longer is beyond an estimate: an answer that may be late is worth more than none. It is not remembered either,
    /// or an hour's sleep would count for hundreds of answers.
    static func longestHesitation(within limit: Duration?) -> Duration { (limit ?? .zero) / 8 }

    /// A refusal measures nothing. Were what it rests on believed for ever, a busy minute would end all answering.
    mutating func doubt() {
        promptToken = promptToken * 3 / 4
        step = step * 3 / 4
        closing = closing * 3 / 4
        hesitation = hesitation * 3 / 4
    }

    /// A quarter of every new measurement is taken over, and at most a doubling of the old: a machine that has become slower
    /// is believed within a few answers, and a single pause is soon forgotten. The worst hesitation halves within 22 answers.
    mutating func learn(_ new: AnswerSpeed) {
        func blend(_ old: Duration, _ new: Duration) -> Duration { old == .zero ? new : (old * 3 + min(new, old * 5)) / 4 }
        promptToken = blend(promptToken, new.promptToken)
        step = blend(step, new.step)
        closing = blend(closing, new.closing)
        hesitation = max(new.hesitation, hesitation * 31 / 32)
    }
}

/// The estimate of what one answer still costs: the machine's known speed, and what this answer's own passes have shown.
struct AnswerCosts {
    private let known: AnswerSpeed?
    private var pace: Pace
    private var promptToken: Duration?
    private var reading = (tokens: 0, time: Duration.zero)
    private var closing: Duration?
    /// How much slower the prompt was than known: what came before the first step is all there is to judge the next by.
    private var slowdown = 1.0
    private var expectedClosing: Duration?
    private var hesitation = Duration.zero

    init(known: AnswerSpeed?) {
        self.known = known
        pace = Pace(step: known.flatMap { $0.step > .zero ? $0.step : nil })
    }

    mutating func begin(at now: Duration) { pace.begin(at: now) }

    mutating func stepped(at now: Duration) {
        let expected = pace.typical
        noteHesitation(pace.end(at: now), expected: expected)
    }

    /// Without anything known there is nothing to be surprised by.
    private mutating func noteHesitation(_ time: Duration?, expected: Duration?) {
        if let time, let expected, expected > .zero { hesitation = max(hesitation, time - expected) }
    }

    /// A piece of the prompt was read.
    mutating func read(_ tokens: Int, at now: Duration) {
        let expected = known.map { _ in reading(tokens, then: 0) }
        guard let time = pace.endPrompt(at: now), tokens > 0 else { return }
        noteHesitation(time, expected: expected)
        reading.tokens += tokens
        reading.time += time
        let each = time / tokens
        promptToken = max(promptToken ?? .zero, each)
        if let known, known.promptToken > .zero { slowdown = max(1, each / known.promptToken) }
    }

    /// The closing pass over `link` tokens goes out.
    mutating func beginClosing(over link: Int, at now: Duration) {
        expectedClosing = known.map { _ in closing(over: link) }
        pace.begin(at: now)
    }

    mutating func closed(at now: Duration) {
        closing = pace.since(now)
        noteHesitation(closing, expected: expectedClosing)
    }

    /// Reading the next piece, which may take a quarter longer than the ones before, and then the rest. No pass is shorter
    /// than one over a single token.
    func reading(_ next: Int, then rest: Int) -> Duration {
        (promptToken ?? known?.promptToken ?? .zero) * (next + next / 4 + rest) + (known?.step ?? .zero)
    }

    /// One more token, one step as slow as the slowest of the last, and then the closing pass over `link` tokens.
    func writing(closing link: Int) -> Duration { pace.reserve(steps: 1) * slowdownOfFirstStep + closing(over: link) }

    /// The closing pass over `link` tokens; nothing where there are none.
    func closing(over link: Int) -> Duration {
        if link == 0 { return .zero }
        guard let known, known.closing > .zero else { return pace.reserve(steps: Pace.steps(over: link)) }
        return known.closing * max(slowdownOfFirstStep, slowdownOfSteps)
    }

    private var slowdownOfFirstStep: Double { pace.slowest == nil ? slowdown : 1 }

    private var slowdownOfSteps: Double {
        guard let known, known.step > .zero, let typical = pace.typical else { return 1 }
        return max(1, typical / known.step)
    }

    /// What this answer has shown of the machine. Where it came to no token or not to its closing, these are taken to have changed as reading
    /// has: an answer that could only just read its prompt says most of a machine that has become slow. Zero where nothing was known either.
    func speed(_ mode: AnswerMode) -> AnswerSpeed? {
        if reading.tokens == 0 { return nil }
        let promptToken = reading.time / reading.tokens
        if mode == .letter { return AnswerSpeed(promptToken: promptToken, step: .zero, closing: .zero, hesitation: hesitation) }
        let change = known.map { $0.promptToken > .zero ? promptToken / $0.promptToken : 1 } ?? 1
        return AnswerSpeed(
            promptToken: promptToken, step: pace.slowest.flatMap { _ in pace.typical } ?? (known?.step ?? .zero) * change,
            closing: mode.endsWithLetter ? closing ?? (known?.closing ?? .zero) * change : .zero, hesitation: hesitation)
    }
}
