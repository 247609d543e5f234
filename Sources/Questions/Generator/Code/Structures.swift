import Groundwork

/// Data structures after some operations.
extension CodeFamilies {
    private static let subject = "college_computer_science"

    static let deques = QuestionFamily.code(
        "list_operations", topic: "adding and removing at both ends", grades: [1, 2, 3]
    ) { random, grade in
        let language = random.element(of: [CodeLanguage.python, .java, .javaScript, .swift]), name = random.element(of: NameTable.variables)
        var items = random.sample(grade == 1 ? 2 : 3, of: Array(1...20)), fresh = random.sample(4, of: Array(21...60))
        let opening = switch language {
        case .java: "Deque<Integer> \(name) = new ArrayDeque<>(List.of(\(items.map(String.init).joined(separator: ", "))))"
        case .python: "\(name) = deque([\(items.map(String.init).joined(separator: ", "))])"
        default: language.listDeclaration(name, items)
        }
        /// Whether an operation adds, and whether it works at the front.
        func text(_ adds: Bool, _ front: Bool, _ value: Int) -> String {
            switch (language, adds, front) {
            case (.python, true, true): "\(name).appendleft(\(value))"
            case (.python, true, false): "\(name).append(\(value))"
            case (.python, false, true): "\(name).popleft()"
            case (.python, false, false): "\(name).pop()"
            case (.java, true, true): "\(name).addFirst(\(value))"
            case (.java, true, false): "\(name).addLast(\(value))"
            case (.java, false, true): "\(name).removeFirst()"
            case (.java, false, false): "\(name).removeLast()"
            case (.swift, true, true): "\(name).insert(\(value), at: 0)"
            case (.swift, true, false): "\(name).append(\(value))"
            case (.swift, false, true): "\(name).removeFirst()"
            case (.swift, false, false): "\(name).removeLast()"
            case (_, true, true): "\(name).unshift(\(value))"
            case (_, true, false): "\(name).push(\(value))"
            case (_, false, true): "\(name).shift()"
            case (_, false, false): "\(name).pop()"
            }
        }
        var statements = [opening], wrong: [[Int]] = [], last = items
        for step in 0..<(grade == 1 ? 1 : grade + 1) {
            let adds = grade == 1 ? step == 0 : items.count < 2 || random.next(below: 2) == 0, front = random.next(below: 2) == 0
            let value = fresh.removeLast()
            statements.append(text(adds, front, value))
            func done(_ list: [Int], _ front: Bool) -> [Int] {
                adds ? (front ? [value] + list : list + [value]) : list.isEmpty ? list : front ? Array(list.dropFirst())
                    : Array(list.dropLast())
            }
            wrong = wrong.map { done($0, front) } + [done(items, !front), items]
            last = items
            items = done(items, front)
        }
        guard !items.isEmpty, Set(statements).count == statements.count else { return nil }
        wrong += [Array(items.reversed()), last]
        let list = CodeLanguage.python.list
        let asked = language == .python ? "list(\(name))" : name
        return Draft(
            CodeQuestion.after(statements, asked, in: language), answer: list(items),
            mistakes: wrong.filter { $0 != items && !$0.isEmpty }.map(list),
            working: "Before the last call it is \(list(last)).")
    }

    static let maps = QuestionFamily.code("maps_and_sets", topic: "dictionaries and sets", grades: [1, 2, 3]) { random, grade in
        let words = random.sample(3, of: NameTable.words.filter { $0.count <= 5 }),
            name = random.element(of: ["d", "m", "stock", "ages", "price"])
        let a = random.integer(in: 1...20), b = random.integer(in: 21...40), k = random.integer(in: 2...9)
        switch grade {
        case 1:
            let left = random.sample(4, of: Array(1...9)).sorted(), right = random.sample(3, of: Array(1...9)).sorted()
            let both = left.filter(right.contains), either = Set(left + right).count
            let kinds: [(CodeLanguage, String, Int)] = [
                (.python, "len({\(listText(left))} & {\(listText(right))})", both.count),
                (.python, "len({\(listText(left))} | {\(listText(right))})", either),
                (.python, "len({\(listText(left))} - {\(listText(right))})", 4 - both.count),
                (.swift, "Set([\(listText(left))]).union([\(listText(right))]).count", either),
                (.swift, "Set([\(listText(left))]).intersection([\(listText(right))]).count", both.count),
                (.swift, "Set([\(listText(left))]).subtracting([\(listText(right))]).count", 4 - both.count),
                (.javaScript, "new Set([\(listText(left + right))]).size", either),
            ]
            let (language, code, value) = random.element(of: kinds)
            return .computed(
                CodeQuestion.value(code, in: language), value, slips: [both.count, either, 4 - both.count, 7],
                working: both.isEmpty ? "They have no item in common." : "They share \(listed(both)).", random: &random)
        case 2:
            let (x, y) = (words[0], words[1]), fallback = random.integer(in: 41...90)
            let d = "\(name) = {'\(x)': \(a), '\(y)': \(b)}", m = "const \(name) = new Map([['\(x)', \(a)], ['\(y)', \(b)]])"
            let kinds: [(CodeLanguage, [String], String, Int, [Int], String)] = [
                (.python, [d, "\(name)['\(x)'] = \(k)"], "sum(\(name).values())", k + b, [a + b + k, a + b, k],
                 "The value of \(x) is replaced."),
                (.python, [d, "\(name)['\(words[2])'] = \(k)"], "sum(\(name).values())", a + b + k, [a + b, a + k, b + k],
                 "\(words[2]) is a new key."),
                (.python, [d], "\(name).get('\(words[2])', \(fallback)) + \(name)['\(x)']", fallback + a,
                 [fallback, a, a + b, fallback + b], "\(words[2]) is missing, so get gives \(fallback)."),
                (.python, [d], "\(name).get('\(y)', \(fallback)) + \(name)['\(x)']", a + b, [fallback + a, fallback + b, fallback],
                 "\(y) is a key, so its value counts."),
                (.python, [d, "\(name).setdefault('\(x)', \(k))"], "\(name)['\(x)'] * 2", 2 * a, [2 * k, 2 * (a + k), 2 * b],
                 "setdefault leaves an existing key alone."),
                (.python, [d, "\(name).pop('\(x)')", "\(name)['\(y)'] += \(k)"], "sum(\(name).values())", b + k, [a + b + k, b, a + k],
                 "pop removes \(x)."),
                (.javaScript, [m, "\(name).set('\(x)', \(k))"], "\(name).get('\(x)') + \(name).size", k + 2, [k + 3, a + 2, a + 3],
                 "The key exists, so the size stays 2."),
                (.javaScript, [m, "\(name).set('\(words[2])', \(k))"], "\(name).get('\(x)') + \(name).size", a + 3, [a + 2, k + 3, k + 2],
                 "There are three keys now."),
                (.javaScript, [m, "\(name).delete('\(y)')"], "\(name).get('\(x)') + \(name).size", a + 1, [a + 2, a, b + 1],
                 "One key is left."),
            ]
            let (language, statements, asked, value, wrong, rule) = random.element(of: kinds)
            return .computed(CodeQuestion.after(statements, asked, in: language), value, slips: wrong, working: rule, random: &random)
        default:
            let items = (0..<6).map { _ in random.integer(in: 1...4) }, wanted = random.element(of: items)
            let count = items.count { $0 == wanted }, kinds = Set(items).count,
                most = Set(items).map { item in items.count { $0 == item } }.max() ?? 0
            let list = listText(items)
            let start = random.integer(in: 0...1)
            let (language, code, asked, value): (CodeLanguage, String, String, Int) = random.element(of: [
                (.python, "`d = {}` `for x in [\(list)]: d[x] = d.get(x, \(start)) + 1`", "d[\(wanted)]", count + start),
                (.python, "`d = {}` `for x in [\(list)]: d[x] = d.get(x, 0) + x`", "d[\(wanted)]", count * wanted),
                (.python, "`d = {}` `for x in [\(list)]: d[x] = d.get(x, 0) + 1`", "max(d.values()) * 10 + len(d)", most * 10 + kinds),
                (.javaScript, "const d = {}; for (const x of [\(list)]) d[x] = (d[x] ?? \(start)) + 1;", "d[\(wanted)]", count + start),
                (.swift, "var d: [Int: Int] = [:]; for x in [\(list)] { d[x, default: \(start)] += 1 }", "d[\(wanted)]!", count + start),
            ])
            return .computed(
                CodeQuestion.after(code, asked, in: language), value, slips: [count, count + 1, count * wanted, kinds, items.count, most],
                working: asked.hasPrefix("max") ? "The most frequent key comes \(most) times, and there are \(kinds) keys."
                    : "\(wanted) comes \(count == 1 ? "once" : "\(count) times").", random: &random)
        }
    }

    static func listText(_ items: [Int]) -> String { items.map(String.init).joined(separator: ", ") }

    static let heaps = QuestionFamily.code("heaps", subject: subject, topic: "binary heaps", grades: [1, 2, 3]) { random, grade in
        let isMin = random.next(below: 2) == 0, kind = isMin ? "min" : "max",
            items = random.sample(grade == 1 ? 4 : grade + 2, of: Array(1...40))
        func before(_ a: Int, _ b: Int) -> Bool { isMin ? a < b : a > b }
        var heap: [Int] = []
        for item in items { insert(item, into: &heap, before) }
        let given = "\(listed(items)) are inserted one by one into an empty binary \(kind)-heap"
        if grade == 1 {
            let sorted = items.sorted(by: before), taken = random.integer(in: 0...2)
            return Draft(
                "\(given). " + (taken == 0 ? "Which number is at the root?" : "Which number comes out \(["", "second", "third"][taken])?"),
                answer: "\(sorted[taken])", mistakes: items.map(String.init),
                working: "In order they come out as \(listText(sorted)).")
        }
        let list = CodeLanguage.python.list
        var wrong = [items, items.sorted(), items.sorted(by: >), Array(heap.reversed())], state = heap
        if heap.count > 3 { wrong.append([heap[0], heap[2], heap[1]] + heap[3...]) }
        for _ in 0..<3 { wrong.append([heap[0]] + random.shuffled(Array(heap.dropFirst()))) }
        if grade == 2 {
            return Draft(
                "\(given), kept in an array. What is the array?", answer: list(heap), mistakes: wrong.filter { $0 != heap }.map(list),
                working: "A new item rises while it is \(isMin ? "smaller" : "larger") than its parent. After \(items.count - 1) items: "
                    + "\(list(prefixHeap(items, before))).")
        }
        removeRoot(of: &state, before)
        let tail = Array(heap.dropFirst())
        wrong = [tail, state.sorted(by: before), [heap[heap.count - 1]] + heap.dropFirst().dropLast(),
            [state[0]] + state.dropFirst().reversed()]
        for _ in 0..<2 { wrong.append([state[0]] + random.shuffled(Array(state.dropFirst()))) }
        return Draft(
            "A binary \(kind)-heap is kept in the array \(list(heap)). Its root is removed. What is the array then?", answer: list(state),
            mistakes: wrong.filter { $0 != state }.map(list),
            working: "\(heap[heap.count - 1]) moves to the root and sinks, changing places with the \(isMin ? "smaller" : "larger") child.")
    }

    private static func prefixHeap(_ items: [Int], _ before: (Int, Int) -> Bool) -> [Int] {
        var heap: [Int] = []
        for item in items.dropLast() { insert(item, into: &heap, before) }
        return heap
    }

    private static func insert(_ item: Int, into heap: inout [Int], _ before: (Int, Int) -> Bool) {
        heap.append(item)
        var place = heap.count - 1
        while place > 0, before(heap[place], heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private static func removeRoot(of heap: inout [Int], _ before: (Int, Int) -> Bool) {
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        var place = 0
        while 2 * place + 1 < heap.count {
            var child = 2 * place + 1
            if child + 1 < heap.count, before(heap[child + 1], heap[child]) { child += 1 }
            guard before(heap[child], heap[place]) else { return }
            heap.swapAt(place, child)
            place = child
        }
    }

    static let hashTables = QuestionFamily.code("hash_tables", subject: subject, topic: "hash tables", grades: [1, 2, 3]) { random, grade in
        let size = random.element(of: [5, 7, 8, 10, 11]), keys = random.sample(grade == 1 ? 1 : grade + 1, of: Array(10...99))
        if grade == 1 {
            return .computed(
                "A hash table has \(size) slots, numbered from 0, and the hash of a key k is k mod \(size). In which slot does the key "
                    + "\(keys[0]) belong?",
                keys[0] % size, slips: [keys[0] / size, keys[0] % size + 1, keys[0] % 10, size - keys[0] % size].filter { $0 <= size },
                working: "\(keys[0]) = \(keys[0] / size) × \(size) + \(keys[0] % size).", random: &random)
        }
        var slots = [Int?](repeating: nil, count: size), probes = 0, steps: [Int] = []
        for key in keys {
            var slot = key % size
            probes = 1
            while slots[slot] != nil { (slot, probes) = ((slot + 1) % size, probes + 1) }
            slots[slot] = key
            steps.append(slot)
        }
        let home = keys[keys.count - 1] % size, slot = steps[steps.count - 1], last = keys[keys.count - 1]
        guard probes > 1 else { return nil }
        let given = "A hash table of \(size) slots, numbered from 0, uses k mod \(size) and linear probing. \(listed(keys)) are "
            + "inserted in this order."
        let places = zip(keys, steps).dropLast().map { "\($0) goes to \($1)" }.joined(separator: ", ")
        let asksProbes = grade == 3 && random.next(below: 3) == 0
        return .computed(
            asksProbes ? "\(given) How many slots are looked at to insert \(last)?" : "\(given) In which slot is \(last)?",
            asksProbes ? probes : slot,
            slips: asksProbes ? [probes - 1, probes + 1, 1] : [home, (slot + 1) % size, (home + size - 1) % size, (home + 1) % size],
            working: "\(places). \(last) starts at \(home), which is full, and ends at \(slot).", random: &random)
    }
}
