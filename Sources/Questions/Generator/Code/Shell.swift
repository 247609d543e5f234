import Groundwork

/// Shell commands, paths and permissions.
extension CodeFamilies {
    private static let operating = "computer_science"

    private static func prints(_ command: String) -> String { "What does this bash command print? \(command)" }

    static let shellPipelines = QuestionFamily.code(
        "shell_pipelines", subject: operating, topic: "pipelines in the shell", grades: [1, 2, 3]
    ) { random, grade in
        let n = random.integer(in: 6...40), k = random.integer(in: 2...5), m = random.integer(in: 1...4), start = random.integer(in: 1...20)
        let words = random.sample(4, of: NameTable.words), line = words.joined(separator: " ")
        switch grade {
        case 1:
            let kinds: [(String, Int, [Int], String)] = [
                ("seq \(n) | wc -l", n, [n - 1, n + 1, 1], "seq \(n) prints \(n) lines."),
                ("seq \(n) | tail -1", n, [1, n - 1, n + 1], "The last line is \(n)."),
                ("seq \(start) \(start + n) | wc -l", n + 1, [n, n - 1, start + n],
                 "From \(start) to \(start + n) there are \(n + 1) numbers."),
                ("echo \(line) | wc -w", 4, [1, 3, line.count, 5], "There are four words."),
                ("seq \(start) \(start + n) | head -1", start, [start + n, 1, n], "The first line is \(start)."),
                ("echo $((\(n) + \(start) * \(k)))", n + start * k, [(n + start) * k, n + start + k, start * k],
                 "\(start) * \(k) = \(start * k). \(n) + \(start * k) = \(n + start * k)."),
            ]
            let (command, value, wrong, rule) = random.element(of: kinds)
            return .computed(prints(command), value, slips: wrong, working: rule, random: &random)
        case 2:
            if random.next(below: 3) == 0 {
                let field = random.next(below: 4)
                let (command, rule) = random.element(of: [
                    ("echo \(line) | cut -d' ' -f\(field + 1)", "Field \(field + 1), separated by spaces."),
                    ("echo \(words.joined(separator: ":")) | cut -d: -f\(field + 1)", "Field \(field + 1), separated by colons."),
                    ("echo \(line) | awk '{print $\(field + 1)}'", "$\(field + 1) is word \(field + 1)."),
                ])
                return Draft(prints(command), answer: words[field], mistakes: words, working: rule)
            }
            let first = k + m, digit = random.integer(in: 1...9), withDigit = (1...n).count { String($0).contains("\(digit)") }
            let kinds: [(String, Int, [Int], String)] = [
                ("seq \(n) | head -\(first) | tail -1", min(first, n), [n, 1, first + 1, first - 1],
                 "The last of the first \(min(first, n)) lines."),
                ("seq \(n) | tail -\(k) | head -1", n - k + 1, [n - k, n, n - k + 2, 1], "The last \(k) lines begin with \(n - k + 1)."),
                ("seq \(n) | grep -c \(digit)", withDigit, [withDigit + 1, 1, n - withDigit, withDigit - 1],
                 "Lines are counted that have a \(digit) anywhere."),
                ("seq \(n) | grep -vc \(digit)", n - withDigit, [withDigit, n - withDigit + 1, n - 1, n],
                 "\(withDigit) line\(withDigit == 1 ? " has" : "s have") a \(digit); -v takes the others."),
                ("seq 1 \(k) \(n) | tail -1", 1 + (n - 1) / k * k, [n, n / k * k, 1 + (n - 1) / k * k + k, n - k],
                 "It counts from 1 in steps of \(k)."),
                ("seq \(n) | sed \(k)d | wc -l", n - 1, [n, n - k, k], "sed \(k)d deletes line \(k)."),
                ("seq \(n) | tail -n +\(k) | wc -l", n - k + 1, [k, n - k, n - k + 2], "tail -n +\(k) starts with line \(k)."),
            ]
            let (command, value, wrong, rule) = random.element(of: kinds)
            return .computed(prints(command), value, slips: wrong, working: rule, random: &random)
        default:
            let letters = (0..<7).map { _ in random.element(of: ["a", "b", "c"]) }, text = letters.joined(separator: " "),
                kindCount = Set(letters).count
            let runs = letters.indices.count { $0 == 0 || letters[$0] != letters[$0 - 1] }, multiples = (1...n).filter { $0 % k == 0 }
            let numbers = random.sample(4, of: Array(2...99))
            let texts = numbers.map(String.init), byText = texts.sorted(), byNumber = numbers.sorted()
            let kinds: [(String, Int, [Int], String)] = [
                ("echo \(text) | tr ' ' '/' | tr -d '/' | wc -c", 8, [7, 14, 13, 6], "Seven letters and the end of the line."),
                ("printf '%s@' \(text) | tr @ ' ' | wc -w", 7, [kindCount, runs, 8, 14], "There are seven words."),
                ("for x in \(text); do echo $x; done | uniq | wc -l", runs, [kindCount, 7, runs + 1, runs - 1],
                 "uniq joins equal neighbours only."),
                ("for x in \(text); do echo $x; done | sort | uniq | wc -l", kindCount, [runs, 7, kindCount + 1, 1],
                 "Sorted, equal lines are neighbours: \(kindCount) are left."),
                ("for x in \(text); do echo $x; done | sort -u | wc -l", kindCount, [runs, 7, kindCount + 1, 1],
                 "sort -u keeps one of each."),
                ("seq \(n) | awk '$1 % \(k) == 0' | wc -l", multiples.count, [multiples.count + 1, n % k, n - multiples.count, k],
                 "\(n) / \(k) gives \(multiples.count) multiples."),
                ("for x in \(listText(numbers).filter { $0 != "," }); do echo $x; done | sort | head -1", Int(byText[0]) ?? 0,
                 numbers + [byNumber[0]], "sort compares texts, so \(byText[0]) comes first."),
                ("for x in \(listText(numbers).filter { $0 != "," }); do echo $x; done | sort -n | tail -1", byNumber[3],
                 numbers + [Int(byText[3]) ?? 0], "sort -n compares numbers."),
            ]
            let (command, value, wrong, rule) = random.element(of: kinds)
            return .computed(prints(command), value, slips: wrong, working: rule, random: &random)
        }
    }

    static let shellExpansion = QuestionFamily.code(
        "shell_expansion", subject: operating, topic: "variables and expansion in the shell", grades: [1, 2, 3]
    ) { random, grade in
        let words = random.sample(3, of: NameTable.words), (a, b, c) = (words[0], words[1], words[2]),
            x = random.element(of: ["x", "f", "v", "n", "name"])
        let n = random.integer(in: 10...60), d = random.integer(in: 3...9), ending = random.element(of: ["txt", "csv", "md", "log"])
        let kinds: [(String, String, [String], String)] = switch grade {
        case 1: [
            ("\(x)=\(a); echo $\(x)", a, [x, "$\(x)", "\(x)=\(a)", b], "$\(x) stands for the value."),
            ("\(x)=\(a); echo '$\(x)'", "$\(x)", [a, x, "\(x)=\(a)", "'\(a)'"], "Single quotes keep $ as it is."),
            ("\(x)=\(a); \(x)=\(b); echo $\(x)", b, [a, a + b, x, "\(a) \(b)"], "The second value replaces the first."),
            ("\(x)=\(a); echo $\(x) \(b)", "\(a) \(b)", [b, "\(x) \(b)", a, "\(a)\(b)"],
             "The value and the word are printed."),
            ("echo $((\(n) / \(d)))", "\(n / d)", ["\(n / d + 1)", "\(n % d)", "\(n)/\(d)", plainDecimal(n, over: d)],
             "The shell divides whole numbers: the fraction is dropped."),
            ("echo $((\(n) % \(d)))", "\(n % d)", ["\(n / d)", "\(d - n % d)", "\(n % d + 1)", "0"], "\(n) = \(n / d) × \(d) + \(n % d)."),
        ]
        case 2: [
            ("\(x)=\(a); echo ${#\(x)}", "\(a.count)", ["\(a.count + 1)", "\(a.count - 1)", a, "\(x.count)"],
             "${#\(x)} is the length of \(a)."),
            ("\(x)=\(a).\(ending); echo ${\(x)%.\(ending)}", a, ["\(a).\(ending)", ending, ".\(ending)", "\(a)."],
             "% cuts the ending off."),
            ("\(x)=\(a)/\(b).\(ending); echo ${\(x)##*/}", "\(b).\(ending)", [a, "\(a)/\(b)", ending, "\(a)/\(b).\(ending)"],
             "##*/ cuts off everything up to the last slash."),
            ("\(x)=\(a)/\(b).\(ending); echo ${\(x)%/*}", a, ["\(b).\(ending)", "\(a)/\(b)", b, "\(a)/"],
             "%/* cuts off the last slash and what follows."),
            ("basename \(a)/\(b).\(ending) .\(ending)", b, ["\(b).\(ending)", a, "\(a)/\(b)", ending],
             "basename drops the folder and the given ending."),
                 ("dirname \(a)/\(b)/\(c).\(ending)", "\(a)/\(b)", [a, b, "\(c).\(ending)", "\(a)/\(b)/"], "dirname drops the last part."),
            ("unset \(x); echo ${\(x):-\(a)}", a, ["\(x)", "-\(a)", "nothing", "$\(x)"], "The default stands in for an unset variable."),
            ("\(x)=\(b); echo ${\(x):-\(a)}", b, [a, "\(b)\(a)", "nothing", "\(b)-\(a)"], "\(x) is set, so the default is not used."),
            ("echo \(a){1..\(d % 3 + 2)}", (1...(d % 3 + 2)).map { "\(a)\($0)" }.joined(separator: " "),
             ["\(a)1 \(a)\(d % 3 + 3)", "\(a){1..\(d % 3 + 2)}", (0...(d % 3 + 2)).map { "\(a)\($0)" }.joined(separator: " "),
                 (1...(d % 3 + 3)).map { "\(a)\($0)" }.joined(separator: " ")], "The braces count from 1 to \(d % 3 + 2)."),
        ]
        default: [
            ("\(x)=\(a); (\(x)=\(b)); echo $\(x)", a, [b, "\(a) \(b)", "nothing", x], "Parentheses run in a subshell."),
            ("\(x)=\(a); { \(x)=\(b); }; echo $\(x)", b, [a, "\(a) \(b)", "nothing", x], "Braces run in the same shell."),
            ("\(x)=\(a); echo \(b) | read \(x); echo $\(x)", a, [b, "nothing", "\(a) \(b)", x], "read runs in the pipe's own subshell."),
            ("\(x)=\(a).\(b).\(ending); echo ${\(x)%.*}", "\(a).\(b)", [a, "\(b).\(ending)", ending, "\(a).\(b).\(ending)"],
             "% cuts the shortest match off the end."),
            ("\(x)=\(a).\(b).\(ending); echo ${\(x)%%.*}", a, ["\(a).\(b)", "\(b).\(ending)", ending, b],
             "%% cuts the longest match off the end."), ("\(x)=\(a).\(b).\(ending); echo ${\(x)#*.}", "\(b).\(ending)",
             [ending, a, "\(a).\(b)", "\(a).\(b).\(ending)"], "# cuts the shortest match off the start."),
            ("\(x)=\(a).\(b).\(ending); echo ${\(x)##*.}", ending, ["\(b).\(ending)", a, "\(a).\(b)", b],
             "## cuts the longest match off the start."), ("\(x)=\(n); echo $\(x)+\(d)", "\(n)+\(d)",
             ["\(n + d)", "\(n)\(d)", "$\(x)+\(d)", "\(n) + \(d)x"], "Without $(( )) nothing is computed."),
            ("\(x)=\(a); \(x)+=\(b); echo ${\(x)^}", (a.prefix(1).uppercased() + a.dropFirst()) + b, [a + b + "^", b, "\(a) \(b)", b + a],
             "+= appends, and ^ makes the first letter capital."),
            ("set -- \(a) \(b) \(c); shift; echo $1 $#", "\(b) 2", ["\(a) 3", "\(b) 3", "\(a) 2", "\(c) 2"],
             "shift drops the first argument."), ("echo {\(a),\(b)}\(d)", "\(a)\(d) \(b)\(d)",
             ["\(a)\(b)\(d)", "{\(a),\(b)}\(d)", "\(a) \(b)\(d)", "\(a)\(d)\(b)\(d)"], "Each word in the braces gets the \(d)."),
        ]
        }
        let (command, answer, wrong, rule) = random.element(of: kinds)
        return Draft(prints(command), answer: answer, mistakes: wrong, working: rule)
    }

    static let exitStatus = QuestionFamily.code(
        "exit_status", subject: operating, topic: "exit status in the shell", grades: [1, 2, 3]
    ) { random, grade in
        let words = random.sample(4, of: NameTable.words), count = grade + 1
        if grade > 1, random.next(below: 4) == 0 {
            let status = random.integer(in: 1...60), other = random.integer(in: 61...120)
            let (command, value, rule): (String, Int, String) = random.element(of: [
                ("(exit \(status)); echo $?", status, "$? is the status of the last command."),
                ("(exit \(status)); true; echo $?", 0, "true came last, with status 0."),
                ("(exit \(status)) | true; echo $?", 0, "A pipeline's status is that of its last command."),
                ("true | (exit \(status)); echo $?", status, "A pipeline's status is that of its last command."),
                ("(exit \(status)) || (exit \(other)); echo $?", other, "The first fails, so the second runs and counts."),
                ("(exit \(status)) && (exit \(other)); echo $?", status, "The first fails, so the second does not run."),
                ("! (exit \(status)); echo $?", 0, "! turns failure into status 0."),
                ("(exit 0) && (exit \(other)); echo $?", other, "The first succeeds, so the second runs and counts."),
            ])
            return .computed(prints(command), value, slips: [status, other, 0, 1], working: rule, random: &random)
        }
        var printed: [String] = [], parts: [String] = [], succeeded = random.next(below: 2) == 0, always: [String] = [],
            opposite: [String] = []
        parts.append(succeeded ? "true" : "false")
        for index in 0..<count {
            let isAnd = random.next(below: 2) == 0, runs = isAnd == succeeded, fails = index < count - 1 && random.next(below: 3) == 0
            let command = fails ? "false" : "echo \(words[index])"
            parts.append("\(isAnd ? "&&" : "||") \(command)")
            if runs {
                if !fails { printed.append(words[index]) }
                succeeded = !fails
            } else if !fails {
                opposite.append(words[index])
            }
            if !fails { always.append(words[index]) }
        }
        guard always.count >= 2 else { return nil }
        func text(_ words: [String]) -> String { words.isEmpty ? "nothing" : words.joined(separator: " ") }
        return Draft(
            "Which words does this bash command print? \(parts.joined(separator: " "))", answer: text(printed),
            mistakes: [[], always, opposite, Array(always.prefix(1)), Array(always.suffix(1)), Array(always.dropFirst().prefix(1)),
                Array(always.prefix(2))].filter { $0 != printed }.map(text),
            working: "From the left: && runs the next command after success, || after failure.")
    }

    static let permissions = QuestionFamily.code(
        "file_permissions", subject: operating, topic: "file permissions", grades: [1, 2, 3]
    ) { random, grade in
        let digits = (0..<3).map { _ in random.integer(in: grade == 1 ? 1...7 : 0...7) }
        func rights(_ digit: Int) -> String { (digit & 4 != 0 ? "r" : "-") + (digit & 2 != 0 ? "w" : "-") + (digit & 1 != 0 ? "x" : "-") }
        func text(_ digits: [Int]) -> String { digits.map(rights).joined() }
        func number(_ digits: [Int]) -> String { digits.map(String.init).joined() }
        let who = ["the owner", "the group", "others"], file = random.element(of: NameTable.words)
            + random.element(of: [".sh", ".txt", ".py", ""])
        switch grade {
        case 1:
            let place = random.next(below: 3), digit = digits[place]
            let parts = [4, 2, 1].filter { digit & $0 != 0 }.map(String.init).joined(separator: " + ")
            return Draft(
                "After chmod \(number(digits)) \(file), which rights \(place == 2 ? "do others" : "does " + who[place]) have?",
                answer: rights(digit),
                mistakes: [rights(7 - digit), rights(digit ^ 1), rights(digit ^ 2), rights(digit ^ 4), "rwx"],
                working: "Digit \(digit)\(parts == "\(digit)" ? "" : " = \(parts)") is for \(who[place]): r 4, w 2, x 1.")
        case 2:
            let wrong = [digits.map { 7 - $0 }, digits.reversed(), [digits[1], digits[0], digits[2]], [digits[0] ^ 1, digits[1], digits[2]],
                [digits[0], digits[1] ^ 2, digits[2]], [digits[0], digits[1], digits[2] ^ 4]]
                .filter { $0 != digits }
            let toText = random.next(below: 2) == 0
            return Draft(
                toText ? "Which rights does chmod \(number(digits)) set for \(file)?"
                    : "Which number does chmod need to give \(file) the rights \(text(digits))?",
                answer: toText ? text(digits) : number(digits), mistakes: wrong.map { toText ? text($0) : number($0) },
                working: "r counts 4, w 2 and x 1, for owner, group and others.")
        default:
            let letters = ["u", "g", "o"], place = random.next(below: 3), bit = random.element(of: [1, 2, 4]),
                adds = random.next(below: 2) == 0
            let everyone = random.next(below: 3) == 0, name = [4: "r", 2: "w", 1: "x"][bit] ?? ""
            func changed(_ digit: Int) -> Int { adds ? digit | bit : digit & ~bit }
            let result = digits.indices.map { everyone || $0 == place ? changed(digits[$0]) : digits[$0] }
            guard result != digits else { return nil }
            let wrong = [digits, digits.map(changed), digits.indices.map { $0 == (place + 1) % 3 ? digits[$0] ^ bit : digits[$0] },
                digits.indices.map { $0 == place ? bit : digits[$0] }, result.reversed(),
                         digits.indices.map { $0 == place ? digits[$0] ^ 7 : digits[$0] }]
            return Draft(
                "The file \(file) has mode \(number(digits)). What is its mode after chmod "
                    + "\(everyone ? "a" : letters[place])\(adds ? "+" : "-")\(name) \(file)?",
                answer: number(result), mistakes: wrong.filter { $0 != result }.map(number),
                working: "\(name) counts \(bit) and is \(adds ? "added to" : "taken from") "
                    + "\(everyone ? "all three digits" : "the digit of \(who[place])").")
        }
    }

    static let paths = QuestionFamily.code("paths", subject: operating, topic: "paths and folders", grades: [1, 2, 3]) { random, grade in
        let words = random.sample(5, of: NameTable.words.filter { $0.count <= 5 }), start = "/" + words[0] + "/" + words[1]
        var steps: [String] = [], at = [words[0], words[1]], wrong: [[String]] = []
        for step in 0..<(grade == 1 ? 1 : grade) {
            switch random.next(below: grade == 1 ? 3 : 5) {
            case 0: (steps, at) = (steps + [".."], Array(at.dropLast()))
            case 1: (steps, at) = (steps + [words[2 + step]], at + [words[2 + step]])
            case 2: (steps, at) = (steps + ["../\(words[2 + step])"], Array(at.dropLast()) + [words[2 + step]])
            case 3: (steps, at) = (steps + ["/\(words[2 + step])"], [words[2 + step]])
            default: (steps, at) = (steps + ["./\(words[2 + step])/../.."], Array(at.dropLast()))
            }
            wrong.append(at)
        }
        func text(_ parts: [String]) -> String { "/" + parts.joined(separator: "/") }
        wrong += [[words[0]], [words[0], words[1]], [words[0], words[1], words[2]], [words[2]], [words[1], words[2]], [words[0], words[2]],
            []]
        return Draft(
            "In the folder \(start), \(steps.map { "cd \($0)" }.joined(separator: "; ")) \(steps.count == 1 ? "is" : "are") run. What "
                + "does pwd print?",
            answer: text(at), mistakes: wrong.filter { $0 != at }.map(text),
            working: ".. is the folder above, . the same one, and a path with / in front starts at the root.")
    }
}
