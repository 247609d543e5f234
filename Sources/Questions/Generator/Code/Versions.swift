import Groundwork

/// What git does.
extension CodeFamilies {
    private static let discipline = "software_engineering"

    static let gitIndex = QuestionFamily.code(
        "git_staging", subject: discipline, topic: "staging files in git", grades: [1, 2, 3]
    ) { random, grade in
        let words = random.sample(grade + 1, of: NameTable.words), file = random.element(of: ["f", "note", "list", "a.txt", "todo", "data"])
        var head = words[0], index = words[0], work = words[0], steps: [String] = [], touched = false
        for word in words.dropFirst() {
            work = word
            steps.append("echo \(word) > \(file)")
            if random.next(below: 2) == 0 {
                index = work
                steps.append("git add \(file)")
                if grade > 1, random.next(below: 3) == 0 {
                    head = index
                    steps.append("git commit -m next")
                }
            }
            touched = true
        }
        if grade == 3 {
            switch random.next(below: 4) {
            case 0: (steps, work) = (steps + ["git restore \(file)"], index)
            case 1: (steps, index) = (steps + ["git restore --staged \(file)"], head)
            case 2: (steps, index, work) = (steps + ["git reset --hard"], head, head)
            default: (steps, head, index) = (steps + ["git commit -am all"], work, work)
            }
        }
        guard touched, Set([head, index, work]).count > 1 || grade == 3 else { return nil }
        if steps.last == "git commit -am all", words[0] == work { return nil }
        let asked = random.next(below: 3), (question, answer, rule) = [
            ("What does git show HEAD:\(file) print?", head, "the last commit holds \(head)"),
            ("What does git show :\(file), the staged version, print?", index, "the index holds \(index)"),
            ("What does cat \(file) print?", work, "the working tree holds \(work)"),
        ][asked]
        return Draft(
            "In a clean git repository the committed file \(file) holds the word \(words[0]). These commands run: "
                + "\(steps.joined(separator: "; ")). \(question)",
            answer: answer, mistakes: words + ["nothing", random.element(of: NameTable.words.filter { !words.contains($0) }),
                "\(words[0]) \(words[1])"],
            working: "echo changes the working tree, add the index, commit the history: \(rule).")
    }

    static let gitHistory = QuestionFamily.code(
        "git_history", subject: discipline, topic: "branches and history in git", grades: [1, 2, 3]
    ) { random, grade in
        let names = random.sample(5, of: "ABCDEFGHKLMPRST".map(String.init)),
            branch = random.element(of: ["work", "dev", "fix", "try", "topic"])
        func commit(_ name: String) -> String { "git commit -m \(name)" }
        let early = Array(names.prefix(random.integer(in: 2...3))), rest = Array(names.dropFirst(early.count))
        let later = Array(rest.prefix(grade == 3 ? 1 : rest.count)), mine = grade == 3 ? Array(rest.dropFirst().prefix(2)) : []
        var commands = early.map(commit), log = early
        var other: [[String]] = [], rule: String
        switch grade {
        case 1:
            let back = random.integer(in: 1...2)
            let goesBack = random.next(below: 2) == 0
            if goesBack {
                commands = names.prefix(4).map(commit) + ["git reset --hard HEAD~\(back)"]
                log = Array(names.prefix(4 - back))
                other = [Array(names.prefix(4)), Array(names.prefix(4 - back + 1)), Array(names.prefix(max(1, 4 - back - 1))),
                    Array(names.dropFirst(4 - back).prefix(back))]
                rule = "reset --hard HEAD~\(back) drops the last \(back == 1 ? "commit" : "two commits")."
            } else {
                commands += ["git switch -c \(branch)", commit(rest[0]), "git switch main"]
                other = [early + [rest[0]], [rest[0]], Array(early.dropLast()), [rest[0]] + early]
                rule = "\(rest[0]) is on \(branch) only."
            }
        case 2:
            commands += ["git switch -c \(branch)"] + later.prefix(2).map(commit)
            let work = early + later.prefix(2)
            switch random.next(below: 3) {
            case 0: (commands, log, rule) = (commands + ["git switch main", "git merge \(branch)"], work,
                "main has nothing new, so it moves forward to \(branch).")
            case 1: (commands, log, rule) = (commands + ["git switch main", "git cherry-pick \(branch)"], early + [work[work.count - 1]],
                "cherry-pick takes the last commit of \(branch) alone.")
            default: (commands, log, rule) = (commands + ["git reset --hard main"], early, "\(branch) is set to where main is.")
            }
            other = [early, work, early + [work[work.count - 1]], early + [later[0]], Array(early.dropLast())]
        default:
            commands += ["git switch -c \(branch)"] + mine.map(commit) + ["git switch main"] + later.map(commit)
            switch random.next(below: 3) {
            case 0: (commands, log, rule) = (commands + ["git switch \(branch)", "git rebase main"], early + later + mine,
                "rebase puts the commits of \(branch) on top of main's.")
            case 1: (commands, log, rule) = (commands + ["git cherry-pick \(branch)"], early + later + mine.suffix(1),
                "cherry-pick takes the last commit of \(branch) alone.")
            default: (commands, log, rule) = (commands + ["git rebase \(branch)"], early + mine + later,
                "rebase puts main's new commit on top of \(branch)'s.")
            }
            other = [early + later, early + mine, early + later + mine, early + mine + later, early + later + mine.suffix(1),
                early + later + mine.prefix(1)]
        }
        func text(_ log: [String]) -> String { log.reversed().joined(separator: " ") }
        other += [log.reversed(), Array(log.dropFirst())]
        return Draft(
            "In a new git repository on main, where each commit adds a file: \(commands.joined(separator: "; ")). What does git log "
                + "--format=%s show, newest first?",
            answer: text(log), mistakes: other.filter { $0 != log && !$0.isEmpty }.map(text), working: rule)
    }

    static let gitCommands = QuestionFamily.code(
        "git_commands", subject: discipline, topic: "git commands", grades: [1, 2]
    ) { random, grade in
        let rows = DesignFacts.gitCommands.rows.filter { ($0[2] == "basic") == (grade == 1) }, fact = random.element(of: rows)
        return Draft(
            "Which git command \(fact[1])?", answer: fact[0], mistakes: DesignFacts.gitCommands.others(than: fact, column: 0, alikeIn: 2),
            working: "\(fact[0]) \(fact[1]).")
    }

    static let designPatterns = QuestionFamily.code(
        "design_patterns", subject: discipline, topic: "design patterns", grades: [2, 3]
    ) { random, grade in
        if grade == 2 {
            let fact = random.element(of: DesignFacts.patterns.rows)
            return Draft(
                "Which design pattern \(fact[1])?", answer: fact[0],
                mistakes: DesignFacts.patterns.others(than: fact, column: 0, alikeIn: 2), working: "\(sentence(fact[0])) \(fact[1]).")
        }
        let scene = random.element(of: DesignFacts.scenes.rows), product = random.element(of: DesignFacts.products)
        guard let fact = DesignFacts.patterns.rows.first(where: { $0[0] == scene[1] }) else { return nil }
        let alike = DesignFacts.confused[scene[1]] ?? []
        return Draft(
            "In \(withArticle(product)), \(scene[0]). Which design pattern is that?", answer: scene[1],
            mistakes: DesignFacts.patterns.rows.map { $0[0] }.filter { $0 != scene[1] && !alike.contains($0) },
            working: "\(sentence(fact[0])) \(fact[1]).")
    }

    static let principles = QuestionFamily.code(
        "software_principles", subject: discipline, topic: "principles of software design", grades: [2, 3]
    ) { random, grade in
        let table = grade == 2 ? DesignFacts.principles : DesignFacts.practices, fact = random.element(of: table.rows)
        return Draft(
            grade == 2 ? "Which principle says that \(fact[1])?" : "What is the name for \(fact[1])?", answer: fact[0],
            mistakes: table.others(than: fact, column: 0, alikeIn: 2), working: "")
    }
}
