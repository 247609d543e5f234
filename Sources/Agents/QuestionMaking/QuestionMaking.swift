import Datasets
import Groundwork
import Questions
import Transformers

/// One batch of requests on its way: draft, check, solve, rank, choose, finish, all before one deadline.
struct QuestionMaking {
    let agent: QuestionAgent
    /// All topics that are asked about.
    let topics: [Topic]
    let memory: QuestionMemory
    let deadline: Duration?
    /// When the request came, on the agent's clock.
    let requested: Duration
    let audit: ((CandidateAudit) -> Void)?

    private var clock: RequestClock { agent.clock }
    private var coding: any TokenCoding { agent.vocabulary.coding }

    /// Time for what is still to do; nil without a deadline.
    private var remaining: Duration? { deadline.map { $0 - (clock.now() - requested) } }

    /// - Returns: a record for each request, in their order.
    func records(_ requests: [QuestionAgent.Request]) throws -> [QuestionRecord] {
        let open = requests.indices.filter { requests[$0].refusal == nil }
        var drafts = try drafted(open.map { requests[$0] })
        if let review = agent.review {
            checkPlainly(&drafts, review)
            try solve(&drafts, review, seed: requests.first?.seed ?? 0)
            try rank(&drafts, review, seed: requests.first?.seed ?? 0)
        }
        var given = memory.asked
        let best = drafts.map { self.best(of: $0, besides: &given) }
        if agent.review != nil { try explain(&drafts, best, open.map { requests[$0] }) }
        var made = zip(open, zip(drafts, best)).map { (requests[$0], $1.0, $1.1) }[...]
        return requests.map { request in
            if let refusal = request.refusal { return .refused(request.topic, refusal) }
            let (_, drafts, best) = made.removeFirst()
            return record(of: drafts, best, for: request)
        }
    }

    // MARK: Drafts

    /// - Returns: for each request its candidates; none where there is no time for any.
    private func drafted(_ requests: [QuestionAgent.Request]) throws -> [[Candidate]] {
        var plan = MakingPlan(candidates: 1, draftLimit: remaining)
        if let review = agent.review { plan = agent.pace.value.plan(topics: requests.count, review: review, remaining: remaining) }
        guard !requests.isEmpty, plan.draftLimit.map({ $0 > .zero }) ?? true else { return requests.map { _ in [] } }
        let time = Deadline(clock: clock, limit: plan.draftLimit)
        let waited = time.requested - requested
        var guides: [[QuestionGuide]] = [], streams: [Stream] = []
        for request in requests {
            guides.append((0..<plan.candidates).map { number in
                // The first draft is what the agent would write without a review.
                let seed = number == 0 ? request.seed : streamSeed(request.seed, "candidate", number)
                let guide = QuestionGuide(
                    vocabulary: agent.vocabulary, topic: request.text, limits: request.limits, sampling: agent.settings.sampling,
                    letterTemperature: agent.letterTemperature, seed: seed, deadline: time)
                streams.append(Stream(prompt: request.prompt, guide: guide, seed: seed))
                return guide
            })
        }
        try agent.decode(streams)
        agent.pace.note(.draft, streams: streams.count, time.elapsed)
        return try zip(requests, guides).map { request, guides in
            try guides.enumerated().map { number, guide in
                guard let result = guide.result else { throw AgentError.unfinished(stream: "question on \(request.topic)") }
                return Candidate(number: number, topic: request.topic, drafted: result, duration: waited + result.duration)
            }
        }
    }

    // MARK: Judging

    /// Every check that depends neither on a model nor on the letter.
    private func checkPlainly(_ drafts: inout [[Candidate]], _ review: QuestionReview) {
        let checks = [.whole, .format(coding.count), .wording, .choices, .english, .topic(among: topics)] as [QuestionCheck]
        let known = [
            (review.avoid, "questions to avoid"), (memory.asked, "questions asked before"), (KnownQuestions(agent.examples), "prompt's examples"),
        ]
        for topic in drafts.indices {
            var seen = KnownQuestions()
            for place in drafts[topic].indices {
                let candidate = drafts[topic][place]
                for check in checks { drafts[topic][place].note(check.name, check.judge(candidate)) }
                // Of two drafts that are the same one is enough.
                let copies = (known + [(seen, "topic's drafts")]).lazy.map { QuestionCheck.copy(of: $0, $1) }
                drafts[topic][place].note(.copy, copies.compactMap { $0.judge(candidate) }.first)
                if let question = candidate.asQuestion { seen.insert(question) }
            }
        }
    }

    /// The places of all candidates that stand.
    private func standing(_ drafts: [[Candidate]]) -> [(topic: Int, place: Int)] {
        drafts.indices.flatMap { topic in drafts[topic].indices.filter { drafts[topic][$0].stands }.map { (topic, $0) } }
    }

    private func solve(_ drafts: inout [[Candidate]], _ review: QuestionReview, seed: UInt64) throws {
        if let solver = review.solver {
            // What a program has computed needs no solving.
            let open = standing(drafts).filter { drafts[$0.topic][$0.place].computed == nil }
            let after = agent.pace.value.estimate(.rank, streams: open.count * review.opponentOrders) ?? .zero
            let limit = remaining.map { $0 * 0.95 - (review.opponent == nil ? .zero : after) }
            let times = open.isEmpty ? 0 : agent.pace.value.passes(.solve, of: open.count, wanted: review.solves, remaining: limit)
            if times > 0 {
                let start = clock.now()
                let tallies = try QuestionSolver(agent: solver).solve(
                    open.map { drafts[$0.topic][$0.place].question }, times: times, limit: limit, seed: seed)
                agent.pace.note(.solve, streams: open.count * times, clock.now() - start)
                for (at, tally) in zip(open, tallies) { drafts[at.topic][at.place].tally = tally }
            }
        }
        for at in standing(drafts) {
            review.judgeAnswer(of: &drafts[at.topic][at.place])
            // Where the answer is certain, an explanation that speaks for another is the only fault, and can be mended.
            if drafts[at.topic][at.place].computed != nil { drafts[at.topic][at.place].mendExplanation() }
            for check in [QuestionCheck.explanation, .giveaway] {
                drafts[at.topic][at.place].note(check.name, check.judge(drafts[at.topic][at.place]))
            }
        }
    }

    private func rank(_ drafts: inout [[Candidate]], _ review: QuestionReview, seed: UInt64) throws {
        guard let opponent = review.opponent else { return }
        // With a single candidate there is nothing to rank.
        let open = standing(drafts).filter { at in drafts[at.topic].count(where: \.stands) > 1 }
        let limit = remaining.map { $0 * 0.95 }
        let times = open.isEmpty ? 0 : agent.pace.value.passes(.rank, of: open.count, wanted: review.opponentOrders, remaining: limit)
        guard times > 0 else { return }
        let start = clock.now()
        let tallies = try QuestionSolver(agent: opponent).solve(
            open.map { drafts[$0.topic][$0.place].question }, times: times, limit: limit, seed: streamSeed(seed, "opponent", 0))
        agent.pace.note(.rank, streams: open.count * times, clock.now() - start)
        for (at, tally) in zip(open, tallies) {
            guard tally.solves > 0, let letter = drafts[at.topic][at.place].letter else { continue }
            drafts[at.topic][at.place].difficulty = 1 - tally.probability(of: letter)
        }
    }

    // MARK: The choice

    /// The place of the best candidate that may be given.
    /// - Parameter given: what is given already, also for other topics of the batch; gets the best one.
    private func best(of candidates: [Candidate], besides given: inout KnownQuestions) -> Int? {
        guard agent.review != nil else { return candidates.firstIndex(where: isPlainlyFit) }
        let standing = candidates.indices.filter { candidates[$0].stands }.sorted { (-candidates[$0].rank, $0) < (-candidates[$1].rank, $1) }
        let best = standing.first { place in candidates[place].asQuestion.map { given.match($0) == nil } ?? false }
        if let question = best.flatMap({ candidates[$0].asQuestion }) { given.insert(question) }
        return best
    }

    /// Writes the explanations anew that spoke for another choice than the right one; where there is no time, or the new one does so too,
    /// the plain statement stays.
    private func explain(_ drafts: inout [[Candidate]], _ best: [Int?], _ requests: [QuestionAgent.Request]) throws {
        let open = best.indices.compactMap { topic in best[topic].flatMap { drafts[topic][$0].isRestated ? (topic: topic, place: $0) : nil } }
        let limit = remaining.map { $0 * 0.9 }
        guard !open.isEmpty, agent.pace.value.passes(.explain, of: open.count, wanted: 1, remaining: limit) == 1 else { return }
        let time = Deadline(clock: clock, limit: limit)
        let guides = open.map { at in
            ExplanationGuide(
                drafts[at.topic][at.place].question, vocabulary: agent.vocabulary, limits: requests[at.topic].limits,
                sampling: agent.settings.sampling, deadline: time)
        }
        try agent.decode(zip(open, guides).map { at, guide in
            Stream(prompt: requests[at.topic].prompt, guide: guide, seed: streamSeed(requests[at.topic].seed, "explanation", at.place))
        })
        agent.pace.note(.explain, streams: open.count, time.elapsed)
        for (at, guide) in zip(open, guides) {
            var question = drafts[at.topic][at.place].question
            question.explanation = guide.text
            let isFit = !(guide.text ?? "").isEmpty && Explanation(question).contradiction == nil && question.isFreeOfOrder
                && FormatCheck.question(question, tokens: coding.count).isEmpty
            if isFit { drafts[at.topic][at.place].question = question }
        }
    }

    private func record(of drafts: [Candidate], _ best: Int?, for request: QuestionAgent.Request) -> QuestionRecord {
        let taken = best == nil ? agent.pool.take(for: request.topic, memory: memory, seed: request.seed) : nil
        // Without a pool something valid is given all the same: the draft that came furthest.
        let chosen = best.map { drafts[$0] } ?? (taken == nil ? drafts.max { ($0.progress, -$0.number) < ($1.progress, -$1.number) } : nil)
        for candidate in drafts where agent.review != nil { audit?(CandidateAudit(candidate, isChosen: candidate.number == chosen?.number)) }
        var record: QuestionRecord
        if let taken {
            let question = balanced(AgentQuestion(taken.question), seed: request.seed)
            record = QuestionRecord(
                area: request.topic.area, topic: request.topic.topic, output: question.json, question: nil, seconds: 0, ending: .pool,
                isFromPool: true)
            record.origin = taken.origin
        } else if let chosen {
            let question = balanced(chosen.question, seed: request.seed)
            record = QuestionRecord(
                area: request.topic.area, topic: request.topic.topic, output: question.json, question: nil,
                seconds: chosen.duration.inSeconds, tokens: chosen.drafted.tokens, ending: chosen.drafted.ending,
                repairedChoices: chosen.drafted.repairedChoices)
            record.origin = .model
            record.difficulty = chosen.difficulty
            record.isCorrected = agent.review == nil ? nil : chosen.isCorrected
        } else {
            return .refused(request.topic, "there was no time to write a question, and the pool is empty")
        }
        if agent.review != nil {
            record.seconds = 0  // the reply is there once all are judged
            record.candidates = drafts.count
            record.standing = drafts.count(where: \.stands)
        }
        record.question = Reply.question(record.output)
        if let question = record.question { memory.note(question) }
        return record
    }

    private func isPlainlyFit(_ candidate: Candidate) -> Bool {
        candidate.drafted.isWhole && FormatCheck.question(candidate.question, tokens: coding.count).isEmpty
    }

    /// The question with its right choice on the letter that is due, where its texts allow it.
    private func balanced(_ question: AgentQuestion, seed: UInt64) -> AgentQuestion {
        guard agent.shufflesChoices, let letter = Letter(rawValue: question.answer) else { return question }
        var question = question
        if !question.isFreeOfOrder {
            // An explanation that names a letter must not bind the choices to their places.
            var stated = question
            stated.explanation = AnswerFormat.statement(question.choiceTexts[letter.index])
            guard stated.isFreeOfOrder else { return question }
            question = stated
        }
        var random = CounterRandom(seed: seed, phase: "order")
        var order = random.shuffled([0, 1, 2, 3].filter { $0 != letter.index })
        order.insert(letter.index, at: memory.nextLetter(seed: seed).index)
        let reordered = question.reordered(order)
        // The tokens of a choice may differ by its letter.
        return FormatCheck.question(reordered, tokens: coding.count).isEmpty ? reordered : question
    }
}
