import Groundwork

extension CodeFamilies {
    static let listIndexing = QuestionFamily(
        "list_indexing", .code, subject: "high_school_computer_science", topic: "list indexing in Python", grades: [1, 2]
    ) { random, grade in
        let items = random.sample(4, of: Array(1...99)), name = random.element(of: NameTable.variables)
        let place = random.next(below: 4), index = grade == 1 ? place : place - 4
        let ordinal = ["first", "second", "third", "fourth"][place]
        return Draft(
            asks("\(name) = \(list(items)); print(\(name)[\(index)])"), answer: "\(items[place])", mistakes: items.map(String.init),
            working: grade == 1
                ? "Index \(index) is the \(ordinal) item, \(items[place])."
                : "Index \(index) counts from the end: item \(place + 1) of 4.")
    }

    static let slices = QuestionFamily(
        "list_slices", .code, subject: "high_school_computer_science", topic: "list slices in Python", grades: [2, 3]
    ) { random, grade in
        let items = random.sample(5, of: Array(1...30)), name = random.element(of: NameTable.variables)
        if grade == 3 {
            let start = random.integer(in: 0...1), step = random.element(of: [2, -1])
            let answer = step == -1 ? Array(items.reversed()) : stride(from: start, to: 5, by: 2).map { items[$0] }
            return Draft(
                asks("\(name) = \(list(items)); print(\(name)[\(step == -1 || start == 0 ? "" : "\(start)")::\(step)])"),
                answer: list(answer),
                mistakes: [items, Array(items.dropFirst()), items.sorted(), Array(items.dropLast()), [items[1], items[3]]].map(list),
                working: step == -1 ? "A step of -1 reverses the list." : "Every second item from index \(start) on.")
        }
        let start = random.integer(in: 0...2), end = random.integer(in: (start + 1)...4)
        let answer = Array(items[start..<end])
        let mistakes = [
            Array(items[start...end]), Array(items[min(start + 1, 4)...min(end, 4)]), Array(items[..<end]), Array(items[start...]),
            Array(items.prefix(end - start + 1)),
        ]
        return Draft(
            asks("\(name) = \(list(items)); print(\(name)[\(start):\(end)])"), answer: list(answer), mistakes: mistakes.map(list),
            working: "Items from index \(start) up to, not including, \(end).")
    }

    static let dictionaryLookup = QuestionFamily(
        "dictionary_lookup", .code, subject: "high_school_computer_science", topic: "dictionaries in Python", grades: [1, 2]
    ) { random, grade in
        let keys = random.sample(4, of: NameTable.words), values = random.sample(4, of: Array(1...99))
        let pick = random.next(below: 4)
        let pairs = zip(keys, values).map { "'\($0)': \($1)" }.joined(separator: ", ")
        if grade == 1 {
            return Draft(
                asks("d = {\(pairs)}; print(d['\(keys[pick])'])"), answer: "\(values[pick])", mistakes: values.map(String.init),
                working: "'\(keys[pick])' has the value \(values[pick]).")
        }
        let other = (pick + random.integer(in: 1...3)) % 4, sum = values[pick] + values[other]
        return .number(
            asks("d = {\(pairs)}; print(d['\(keys[pick])'] + d['\(keys[other])'])"), sum,
            slips: [values[pick], values[other], sum + 10], working: "\(values[pick]) + \(values[other]) = \(sum).",
            random: &random)
    }

    static let builtIns = QuestionFamily(
        "built_in_functions", .code, subject: "high_school_computer_science", topic: "max, min, len, sum and sorted in Python",
        grades: [1, 2, 3]
    ) { random, grade in
        let items = random.sample(grade == 1 ? 4 : 3, of: Array(1...(grade == 1 ? 99 : 20)))
        switch grade {
        case 1:
            let takesLargest = random.next(below: 2) == 0
            let answer = takesLargest ? items.max() ?? 0 : items.min() ?? 0, name = takesLargest ? "max" : "min"
            return Draft(
                asks("print(\(name)(\(list(items))))"), answer: "\(answer)", mistakes: items.map(String.init),
                working: "The \(takesLargest ? "largest" : "smallest") item is \(answer).")
        case 2:
            let sum = items.reduce(0, +)
            return .number(
                asks("print(sum(\(list(items))))"), sum, slips: [items.count, items.max() ?? 0, sum - items[2]],
                working: "\(items[0]) + \(items[1]) = \(items[0] + items[1]). \(items[0] + items[1]) + \(items[2]) = \(sum).",
                random: &random)
        default:
            let items = random.sample(5, of: Array(1...50)), index = random.next(below: 5), sorted = items.sorted()
            return Draft(
                asks("print(sorted(\(list(items)))[\(index)])"), answer: "\(sorted[index])", mistakes: items.map(String.init),
                working: "Sorted: \(list(sorted)). Index \(index) holds \(sorted[index]).")
        }
    }

    static let comprehensions = QuestionFamily(
        "comprehensions", .code, subject: "college_computer_science", topic: "list comprehensions in Python", grades: [2, 3]
    ) { random, grade in
        let count = random.integer(in: 3...6), k = random.integer(in: 2...9)
        if grade == 2 {
            let adds = random.next(below: 2) == 0, values = (0..<count).map { adds ? $0 + k : $0 * k }
            let sign = adds ? "+" : "*"
            return Draft(
                asks("print([i \(sign) \(k) for i in range(\(count))])"), answer: list(values),
                mistakes: [
                    (1...count).map { adds ? $0 + k : $0 * k }, (0...count).map { adds ? $0 + k : $0 * k },
                    (0..<count).map { adds ? $0 * k : $0 + k }, Array(0..<count),
                ].map(list),
                working: "i runs from 0 to \(count - 1), each \(sign) \(k).")
        }
        let bound = count + 3, divisor = random.integer(in: 2...3), values = (0..<bound).filter { $0 % divisor == 0 }
        let sum = values.reduce(0, +)
        return .number(
            asks("print(sum(i for i in range(\(bound)) if i % \(divisor) == 0) + \(k))"), sum + k,
            slips: [sum, (0..<bound).reduce(0, +) + k, values.count + k],
            working: "\(values.map(String.init).joined(separator: " + ")) = \(sum). \(sum) + \(k) = \(sum + k).", random: &random)
    }

    static let stacks = QuestionFamily(
        "stacks", .code, subject: "college_computer_science", topic: "stacks", grades: [1, 2, 3]
    ) { random, grade in
        let items = random.sample(4, of: Array(1...99))
        switch grade {
        case 1:
            return Draft(
                "\(listed(items)) are pushed on a stack in this order. Which comes off first?", answer: "\(items[3])",
                mistakes: items.map(String.init), working: "A stack gives back the last item, \(items[3]).")
        case 2:
            return Draft(
                "A stack gets push \(items[0]), push \(items[1]), push \(items[2]), pop, push \(items[3]), pop. What is on top?",
                answer: "\(items[1])", mistakes: items.map(String.init) + ["nothing"],
                working: "The pops take \(items[2]) and \(items[3]). \(items[1]) is left on top.")
        default:
            let pops = random.integer(in: 1...3)
            return Draft(
                asks("s = \(list(items)); s.append(\(items[0] + 1)); \(Array(repeating: "s.pop()", count: pops).joined(separator: "; ")); print(s[-1])"),
                answer: "\(items[4 - pops])", mistakes: items.map(String.init) + ["\(items[0] + 1)"],
                working: "After \(pops == 1 ? "one pop" : "\(pops) pops") the list is \(list(Array(items.prefix(5 - pops)))).")
        }
    }

    static let queues = QuestionFamily(
        "queues", .code, subject: "college_computer_science", topic: "queues", grades: [1, 2]
    ) { random, grade in
        let items = random.sample(4, of: Array(1...99))
        if grade == 1 {
            return Draft(
                "\(listed(items)) enter a queue in this order. Which leaves first?", answer: "\(items[0])",
                mistakes: items.map(String.init), working: "A queue gives back the first item, \(items[0]).")
        }
        let removed = random.integer(in: 1...3)
        return Draft(
            "\(listed(items)) enter a queue in this order and \(removed == 1 ? "one leaves" : "\(removed) leave"). Which leaves next?",
            answer: "\(items[removed])", mistakes: items.map(String.init),
            working: "\(listed(Array(items.prefix(removed)))) \(removed == 1 ? "has" : "have") left.")
    }
}
