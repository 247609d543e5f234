import Agents
import Evaluation
import Foundation
import Questions
import Tournaments

extension RunSections {
    var latency: [Markup] {
        guard let agents = record.agents.value else { return [.absence(record.agents.reason)] }
        let hopes = record.report.value?.hopes
        let kinds: [(name: String, seconds: [Double]?, reason: String, limit: Latency, valid: Int, hope: [Double]?)] = [
            ("question", record.questions.value?.map(\.seconds), record.questions.reason, agents.questions, agents.validQuestions, hopes?.questionSeconds),
            ("answer", record.answers.value?.map(\.answer.seconds), record.answers.reason, agents.answers, agents.validAnswers, hopes?.answerSeconds),
        ]
        let figures = kinds.map { kind -> Markup in
            guard let seconds = kind.seconds, !seconds.isEmpty else {
                return .absence("No times of the \(kind.name) agent: " + (kind.reason.isEmpty ? "it was asked nothing." : kind.reason))
            }
            let title = "Time of the \(kind.name) agent"
            let plot = Histogram(
                title: title,
                description: "\(seconds.count) requests, median \(ReportText.seconds(kind.limit.median)), slowest \(ReportText.seconds(kind.limit.slowest)), "
                    + "\(kind.limit.late) later than the limit of \(ReportText.seconds(kind.limit.limit)).",
                xLabel: "seconds from request to reply", yLabel: "requests", values: seconds,
                limits: [(kind.limit.limit, "limit \(ReportText.plain(kind.limit.limit)) s")],
                hope: kind.hope.flatMap { $0.count == 2 ? ($0[0], $0[1]) : nil })
            let rows = plot.bins.filter { $0.count > 0 }.map { ["\(Axis.label($0.from)) to \(Axis.label($0.to))", "\($0.count)"] }
            return Figure(
                title: title, drawing: plot.drawing, note: kind.hope == nil ? nil : "Shaded: what the plan hopes for.",
                table: PageTable("Requests by time", ["seconds", "requests"], texts: rows)).markup
        }
        let rows = kinds.map { kind in
            [kind.name, "\(kind.limit.count)", "\(kind.valid)", "\(kind.limit.late)", ReportText.seconds(kind.limit.median),
             ReportText.seconds(kind.limit.slowest), ReportText.range(kind.hope), ReportText.seconds(kind.limit.limit)]
        }
        let asked = agents.questions.count
        return [
            Markup("div", ["class": "figures"], figures),
            PageTable("Both agents", ["agent", "requests", "valid", "late", "median", "slowest", "hoped for", "limit"], texts: rows).markup,
            .paragraph([Markup(
                "Under the clock \(agents.rightAnswers) of \(agents.answers.count) answers were right. Of \(asked) generated questions the base model answers "
                    + "\(agents.agreedByBase) as their author does; \(agents.fromPool) came from the pool because time ran out.")]),
        ]
    }

    // MARK: Samples

    /// How many of a kind are shown.
    private static let shown = 4

    var samples: [Markup] {
        var parts = [Markup("h3", ["Questions that the question agent wrote"])]
        if let questions = record.questions.value {
            let good = questions.filter { Self.flaws($0).isEmpty }, bad = questions.filter { !Self.flaws($0).isEmpty }
            parts += (good.prefix(Self.shown) + bad.prefix(Self.shown)).map(Self.generated)
            if questions.isEmpty { parts.append(.absence("None was asked for.")) }
        } else {
            parts.append(.absence(record.questions.reason))
        }
        parts.append(Markup("h3", ["Answers of the answer agent to held-out questions"]))
        if let answers = record.answers.value {
            let right = answers.filter { $0.answer.letter == $0.question.answer }, wrong = answers.filter { $0.answer.letter != $0.question.answer }
            parts += (right.prefix(Self.shown) + wrong.prefix(Self.shown)).map(Self.answered)
            if answers.isEmpty { parts.append(.absence("None was asked for.")) }
        } else {
            parts.append(.absence(record.answers.reason))
        }
        return parts + changes
    }

    /// What keeps a generated question from being a good one, as far as its form tells.
    private static func flaws(_ record: QuestionRecord) -> [String] {
        [
            record.question == nil ? "not a question's JSON" : nil, record.isLate ? "late" : nil,
            record.isFromPool ? "from the pool, because time ran out" : nil,
            record.repairedChoices > 0 ? "\(record.repairedChoices) choices repeated another and were replaced" : nil,
        ].compactMap { $0 }
    }

    private static func generated(_ record: QuestionRecord) -> Markup {
        let flaws = flaws(record)
        let remark = "\(record.topic), in \(ReportText.seconds(record.seconds))" + (flaws.isEmpty ? "." : ": \(flaws.joined(separator: "; ")).")
        guard let question = record.question else {
            return quote(isGood: false, [Markup("pre", [Markup(record.output)]), .paragraph([Markup(remark)], class: "note")])
        }
        return quote(isGood: flaws.isEmpty, [
            .paragraph([Markup(question.question)], class: "question"), Markup("ul", ["class": "choices"], question.choices.map { Markup("li", [Markup($0)]) }),
            .paragraph([Markup("Its answer: \(question.answer). \(question.explanation ?? "")")]), .paragraph([Markup(remark)], class: "note"),
        ])
    }

    private static func answered(_ item: AnsweredQuestion) -> Markup {
        let isRight = item.answer.letter == item.question.answer
        let reply = item.answer.answer.map { answer in
            Markup.paragraph([Markup("\(answer.answer): \(answer.reasoning ?? "")")])
        } ?? Markup("pre", [Markup(item.answer.output)])
        let remark = (isRight ? "Right" : "Wrong, \(item.question.answer) is right") + ", in \(ReportText.seconds(item.answer.seconds))"
            + (item.answer.isLate ? ", late." : ".")
        return quote(isGood: isRight, put(item.question) + [reply, .paragraph([Markup(remark)], class: "note")])
    }

    private static func put(_ question: Question) -> [Markup] {
        [
            .paragraph([Markup(question.question)], class: "question"),
            Markup("ul", ["class": "choices"], zip(Letter.allCases, question.choices).map { Markup("li", [Markup("\($0)) \($1)")]) }),
        ]
    }

    private static func quote(isGood: Bool, _ content: [Markup]) -> Markup { Markup("blockquote", ["class": isGood ? "good" : "bad"], content) }

    /// Held-out questions that the unified adapter won or lost against the base.
    private var changes: [Markup] {
        guard let mode = record.lastMode else { return [] }
        let pairs = mode.domains.flatMap { domain -> [(base: EvaluationRecord, unified: EvaluationRecord)] in
            guard domain.records.count == 3 else { return [] }
            return zip(domain.records[0].records, domain.records[2].records).map { (base: $0, unified: $1) }
        }
        let kinds = [("gained", pairs.filter { !$0.base.correct && $0.unified.correct }), ("lost", pairs.filter { $0.base.correct && !$0.unified.correct })]
        return kinds.flatMap { name, found -> [Markup] in
            let known = found.compactMap { pair in record.heldOut[pair.unified.fingerprint].map { (question: $0, pair: pair) } }
            let heading = Markup("h3", [Markup("Held-out questions that the unified adapter \(name) against the base: \(found.count)")])
            return [heading] + Self.mixed(known).map { item in
                let unified = item.pair.unified
                let remark = "\(unified.domain): the base said \(item.pair.base.predicted), the unified adapter \(unified.predicted); "
                    + "\(unified.answer) is right."
                return Self.quote(
                    isGood: unified.correct,
                    Self.put(item.question) + [.paragraph([Markup(unified.reasoning ?? "")]), .paragraph([Markup(remark)], class: "note")])
            }
        }
    }

    /// A few of all domains in turn.
    private static func mixed<Pair>(_ items: [(question: Question, pair: Pair)]) -> [(question: Question, pair: Pair)] {
        var seen: [Domain: Int] = [:]
        let ranked = items.enumerated().map { index, item -> (rank: Int, index: Int) in
            let rank = seen[item.question.domain, default: 0]
            seen[item.question.domain] = rank + 1
            return (rank, index)
        }
        return ranked.sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }.prefix(shown).map { items[$0.index] }
    }

    // MARK: Tournament

    var tournament: [Markup] {
        guard let match = record.match.value else { return [.absence(record.match.reason)] }
        let result = match.winner.map { "\($0) wins, decided by \(match.decision.rawValue)." } ?? "No winner (\(match.decision.rawValue))."
        let outcomes = match.innings.map { inning in
            [inning.asker, inning.answerer] + InningEntry.Outcome.allCases.map { outcome in "\(inning.entries.count { $0.outcome == outcome })" }
        }
        return [
            .paragraph([Markup("\(match.rules.questions) questions an inning. \(result)")]),
            PageTable("Scores", ["team", "question agent", "answer agent", "total", "disqualified because"], texts: match.teams.map { team in
                [team.name, ReportText.plain(team.questionScore), ReportText.plain(team.answerScore), ReportText.plain(team.total), team.disqualification ?? ""]
            }).markup,
            PageTable("What became of the questions", ["asked by", "answered by"] + InningEntry.Outcome.allCases.map(\.rawValue), texts: outcomes).markup,
        ]
    }
}
