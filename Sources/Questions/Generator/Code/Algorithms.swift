import Groundwork

/// Algorithms step by step, and what they cost.
extension CodeFamilies {
    private static let theoretical = "college_computer_science"

    private final class Node {
        let key: Int
        var left: Node?, right: Node?
        init(_ key: Int) { self.key = key }

        func insert(_ key: Int) {
            if key < self.key {
                if let left { left.insert(key) } else { left = Node(key) }
            } else {
                if let right { right.insert(key) } else { right = Node(key) }
            }
        }
        var preorder: [Int] { [key] + (left?.preorder ?? []) + (right?.preorder ?? []) }
        var postorder: [Int] { (left?.postorder ?? []) + (right?.postorder ?? []) + [key] }
        var inorder: [Int] { (left?.inorder ?? []) + [key] + (right?.inorder ?? []) }
        var height: Int { 1 + max(left?.height ?? 0, right?.height ?? 0) }
        var leaves: Int { left == nil && right == nil ? 1 : (left?.leaves ?? 0) + (right?.leaves ?? 0) }
        func parent(of wanted: Int) -> Int? {
            let next = wanted < key ? left : right
            return next?.key == wanted ? key : next?.parent(of: wanted)
        }
    }

    static let searchTrees = QuestionFamily.code(
        "search_trees", subject: theoretical, topic: "binary search trees", grades: [1, 2, 3]
    ) { random, grade in
        let items = random.sample(grade == 1 ? 4 : grade + 3, of: Array(1...50)), root = Node(items[0])
        for item in items.dropFirst() { root.insert(item) }
        let given = "\(listed(items)) are inserted in this order into an empty binary search tree."
        switch grade {
        case 1:
            let asked = random.element(of: items.dropFirst())
            guard let parent = root.parent(of: asked) else { return nil }
            return Draft(
                "\(given) Which number is the parent of \(asked)?", answer: "\(parent)",
                mistakes: items.filter { $0 != asked }.map(String.init) + ["\(asked)"],
                working: "From the root \(items[0]), smaller keys go left and larger ones right; \(asked) ends below \(parent).")
        case 2:
            let kind = random.next(below: 3)
            if kind == 2 {
                let asksHeight = random.next(below: 2) == 0, value = asksHeight ? root.height : root.leaves
                return .computed(
                    asksHeight ? "\(given) How many levels does the tree have?" : "\(given) How many leaves does the tree have?", value,
                    slips: [value + 1, value - 1, root.height, root.leaves, items.count].filter { $0 > 0 },
                    working: "In preorder the tree is \(listText(root.preorder)).", random: &random)
            }
            let answer = kind == 0 ? root.preorder : root.inorder
            return Draft(
                "\(given) What is its \(kind == 0 ? "preorder" : "inorder") traversal?", answer: listText(answer),
                mistakes: [items, root.preorder, root.postorder, root.inorder,
                    root.inorder.reversed()].filter { $0 != answer }.map(listText),
                working: kind == 0 ? "The root first, then the left subtree, then the right one."
                    : "An inorder traversal gives the keys in order.")
        default:
            let answer = root.postorder
            let swapped = [answer.dropLast().reversed() + [items[0]], [items[0]] + answer.dropLast()].map(Array.init)
            return Draft(
                "\(given) What is its postorder traversal?", answer: listText(answer),
                mistakes: ([items.reversed(), root.preorder, root.inorder, root.preorder.reversed()]
                    + swapped).filter { $0 != answer }.map(listText),
                working: "The left subtree, then the right one, the root \(items[0]) last.")
        }
    }

    static let sortingPasses = QuestionFamily.code(
        "sorting_steps", subject: theoretical, topic: "sorting algorithms step by step", grades: [1, 2, 3]
    ) { random, grade in
        let items = random.sample(grade == 1 ? 4 : 5, of: Array(1...30)), list = CodeLanguage.python.list
        var bubble = items, twice = items
        for place in 1..<items.count where bubble[place - 1] > bubble[place] { bubble.swapAt(place - 1, place) }
        twice = bubble
        for place in 1..<(items.count - 1) where twice[place - 1] > twice[place] { twice.swapAt(place - 1, place) }
        func selection(_ rounds: Int) -> [Int] {
            var items = items
            for place in 0..<rounds { if let least = (place..<items.count).min(by: { items[$0] < items[$1] }) { items.swapAt(place,
                least) } }
            return items
        }
        func insertion(_ sorted: Int) -> [Int] { items.prefix(sorted).sorted() + items.dropFirst(sorted) }
        var partition = items, border = 0
        let pivot = items[items.count - 1]
        for place in items.indices.dropLast() where partition[place] < pivot {
            partition.swapAt(border, place)
            border += 1
        }
        partition.swapAt(border, items.count - 1)
        let stable = items.filter { $0 < pivot } + [pivot] + items.filter { $0 > pivot }
        let inversions = items.indices.reduce(0) { sum, i in sum + items.indices.count { $0 > i && items[$0] < items[i] } }
        if grade == 3, random.next(below: 3) == 0 {
            return .computed(
                "How many swaps of neighbours does bubble sort make to sort \(list(items)) in ascending order?", inversions,
                slips: [inversions + 1, inversions - 1, items.count, 10 - inversions].filter { $0 >= 0 },
                working: "It is the number of pairs in the wrong order, \(inversions).", random: &random)
        }
        let kinds: [(String, [Int], String)] = switch grade {
        case 1: [
            ("one pass of bubble sort from left to right", bubble, "The largest number ends at the right."),
            ("one round of selection sort, which swaps the smallest number to the front", selection(1),
             "The smallest number and the first change places."),
            ("insertion sort has put its first two numbers in order", insertion(2), "The rest is as it was."),
        ]
        case 2: [
            ("one pass of bubble sort from left to right", bubble, "Each larger number moves right until it meets a larger one."),
            ("two rounds of selection sort, which swaps the smallest remaining number to the front", selection(2),
             "After one round: \(list(selection(1)))."),
            ("insertion sort has put its first three numbers in order", insertion(3), "The rest is as it was."),
        ]
        default: [
            ("two passes of bubble sort from left to right", twice, "After one pass: \(list(bubble))."),
            ("three rounds of selection sort, which swaps the smallest remaining number to the front", selection(3),
             "After two rounds: \(list(selection(2)))."),
            ("Lomuto's partition around the last number", partition,
             "Smaller numbers are swapped to the front, then the pivot \(pivot) behind them."),
        ]
        }
        let (event, answer, rule) = random.element(of: kinds)
        guard answer != items || random.next(below: 8) == 0 else { return nil }
        return Draft(
            "What is \(list(items)) after \(event)?", answer: list(answer),
            mistakes: [items, items.sorted(), bubble, twice, selection(1), selection(2), selection(3), insertion(2), insertion(3),
                insertion(4), partition, stable]
                .filter { $0 != answer }.map(list),
            working: rule)
    }

    static let binarySearch = QuestionFamily.code(
        "binary_search_steps", subject: theoretical, topic: "binary search", grades: [1, 2, 3]
    ) { random, grade in
        let size = random.integer(in: 6...(grade == 1 ? 7 : 9)), items = random.sample(size, of: Array(1...60)).sorted(),
            list = CodeLanguage.python.list
        let given = "Binary search with middle index (low + high) / 2, rounded down, looks for "
        func looked(for key: Int, up: Bool = false) -> [Int] {
            var low = 0, high = items.count - 1, seen: [Int] = []
            while low <= high {
                let middle = (low + high + (up ? 1 : 0)) / 2
                seen.append(items[middle])
                if items[middle] == key { break }
                if items[middle] < key { low = middle + 1 } else { high = middle - 1 }
            }
            return seen
        }
        if grade == 3, random.next(below: 2) == 0 {
            let exponent = random.integer(in: 4...20), count = random.integer(in: 1 << (exponent - 1)...(1 << exponent) - 1)
            return .computed(
                "At most how many items does binary search look at in a sorted list of \(count) items?", exponent,
                slips: [exponent + 1, exponent - 1, exponent + 2, count / 2],
                working: "\(exponent) halvings are enough, as 2 to the power of \(exponent) is more than \(count).", random: &random)
        }
        let key = grade == 3 ? random.element(of: Array(1...60).filter { !items.contains($0) }) : random.element(of: items),
            seen = looked(for: key)
        if grade == 1 {
            let turn = min(seen.count, random.integer(in: 1...2)) - 1, ordinal = ["first", "second"][turn]
            return Draft(
                "\(given)\(key) in \(list(items)). Which number does it look at \(ordinal)?", answer: "\(seen[turn])",
                mistakes: (looked(for: key, up: true) + items).filter { $0 != seen[turn] }.prefix(5).map(String.init),
                working: turn == 0 ? "(0 + \(size - 1)) / 2 gives index \((size - 1) / 2)."
                    : "First it looks at \(seen[0]), then at the middle of the \(key > seen[0] ? "right" : "left") half.")
        }
        if grade == 2, random.next(below: 2) == 0 {
            return .computed(
                "\(given)\(key) in \(list(items)). How many numbers does it look at?", seen.count,
                slips: [seen.count + 1, seen.count - 1, seen.count + 2].filter { $0 > 0 },
                working: "It looks at \(listText(seen)).", random: &random)
        }
        let shorter = Array(seen.dropLast()), other = looked(for: key, up: true)
        return Draft(
            "\(given)\(key) in \(list(items)). Which numbers does it look at, in order?", answer: listText(seen),
            mistakes: ([shorter, other, seen + [items[0]], seen + [items[size - 1]], [items[size / 2]] + seen.dropFirst(),
                Array(seen.reversed())])
                .filter { $0 != seen && !$0.isEmpty && Set($0).count == $0.count }.map(listText),
            working: grade == 3 ? "\(key) is not in the list, so it goes on until nothing is left." : "Each look halves what is left.")
    }

    static let graphSearch = QuestionFamily.code(
        "graph_search", subject: theoretical, topic: "searching graphs", grades: [1, 2, 3]
    ) { random, grade in
        let count = grade == 1 ? 5 : grade == 2 ? 5 : 6, names = Array("ABCDEF".prefix(count)).map(String.init)
        var edges: Set<[Int]> = []
        for node in 1..<count { edges.insert([random.next(below: node), node]) }
        while edges.count < count + (grade == 3 ? 1 : 0) {
            let pair = random.sample(2, of: Array(0..<count)).sorted()
            edges.insert(pair)
        }
        // Other names, so that the tree above does not show.
        let mixed = random.shuffled(Array(0..<count))
        let joined = edges.map { [mixed[$0[0]], mixed[$0[1]]].sorted() }.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
        func neighbours(_ node: Int) -> [Int] { joined.compactMap { $0[0] == node ? $0[1] : $0[1] == node ? $0[0] : nil }.sorted() }
        let start = random.next(below: count)
        var distance = [start: 0], breadth = [start], head = 0
        while head < breadth.count {
            for next in neighbours(breadth[head]) where distance[next] == nil {
                distance[next] = (distance[breadth[head]] ?? 0) + 1
                breadth.append(next)
            }
            head += 1
        }
        var depth: [Int] = []
        func visit(_ node: Int, backwards: Bool, _ order: inout [Int]) {
            order.append(node)
            for next in backwards ? neighbours(node).reversed() : neighbours(node) where !order.contains(next) { visit(next,
                backwards: backwards, &order) }
        }
        visit(start, backwards: false, &depth)
        var backwards: [Int] = []
        visit(start, backwards: true, &backwards)
        let given = "A graph has the edges \(joined.map { names[$0[0]] + names[$0[1]] }.joined(separator: ", "))."
        func text(_ order: [Int]) -> String { order.map { names[$0] }.joined(separator: " ") }
        if grade == 1 || grade == 2 && random.next(below: 3) == 0 {
            let goal = (start + random.integer(in: 1...(count - 1))) % count, near = neighbours(start)
            if grade == 1, random.next(below: 2) == 0 {
                return .computed(
                    "\(given) How many neighbours does \(names[start]) have?", near.count,
                    slips: [near.count + 1, near.count - 1, joined.count].filter { $0 >= 0 },
                    working: "The neighbours are \(listed(near.map { names[$0] })).", random: &random)
            }
            let steps = distance[goal] ?? 0
            return .computed(
                "\(given) How many edges does the shortest path from \(names[start]) to \(names[goal]) have?", steps,
                slips: [steps + 1, steps - 1, steps + 2].filter { $0 > 0 },
                working: "Breadth-first from \(names[start]): \(text(breadth)).", random: &random)
        }
        let isBreadth = grade == 2 || random.next(below: 3) == 0, answer = isBreadth ? breadth : depth
        var wrong = [breadth, depth, backwards, Array(0..<count)]
        for _ in 0..<3 { wrong.append([start] + random.shuffled(Array(answer.dropFirst()))) }
        let near = neighbours(start).map { names[$0] }
        return Draft(
            "\(given) In which order does a \(isBreadth ? "breadth" : "depth")-first search from \(names[start]) visit them, neighbours "
                + "in alphabetical order?",
            answer: text(answer), mistakes: wrong.filter { $0 != answer }.map(text),
            working: isBreadth ? "First \(names[start]), then its neighbours \(listed(near)), then theirs."
                : "From \(names[start]) it goes to \(near[0]) and as deep as it can before it turns back.")
    }

    static let runningTime = QuestionFamily.code(
        "running_time", subject: theoretical, topic: "running time of code", grades: [1, 2, 3]
    ) { random, grade in
        let language = random.element(of: [CodeLanguage.c, .java, .javaScript]), kind = language == .javaScript ? "let" : "int"
        let names = random.sample(2, of: ["i", "j", "k", "p", "q"]), (i, j) = (names[0], names[1]), k = random.integer(in: 2...9),
            fixed = random.integer(in: 10...99)
        let call = random.element(of: ["work()", "step()", "s++", "visit()", "c += 2", "run()", "t--", "log()"])
        func loop(_ name: String, _ from: String, _ test: String,
            _ change: String) -> String { "for (\(kind) \(name) = \(from); \(name) \(test); \(name)\(change)) " }
        let up = loop(i, "0", "< n", "++"), inner = loop(j, "0", "< n", "++"), down = loop(i, "n", "> 0", "--")
        let halving = loop(i, "n", "> 1", language == .javaScript ? " >>= 1" : " /= \(k)"), doubling = loop(i, "1", "< n", " *= \(k)"),
            innerDoubling = loop(j, "1", "< n", " *= \(k)")
        let end = call + ";"
        let kinds: [(String, String, String)] = switch grade {
        case 1: [
            (up + end, "O(n)", "The loop runs n times."), (down + end, "O(n)", "The loop runs n times."),
            (up + inner + end, "O(n^2)", "n rounds of n steps."),
            (loop(i, "0", "< \(fixed)", "++") + end, "O(1)", "The loop runs \(fixed) times whatever n is."),
            (loop(i, "0", "< n", " += \(k)") + end, "O(n)", "n / \(k) rounds grow like n."),
            (up + loop(j, "0", "< \(fixed)", "++") + end, "O(n)", "n rounds of \(fixed) steps."),
        ]
        case 2: [
            (doubling + end, "O(log n)", "\(i) is multiplied by \(k) until it reaches n."),
            (halving + end, "O(log n)", "\(i) is divided again and again."),
            (up + innerDoubling + end, "O(n log n)", "n rounds of log n steps."),
            (up + loop(j, "0", "< \(i)", "++") + end, "O(n^2)", "About n × n / 2 steps."),
            (up + end + " " + loop(j, "0", "< n", "++") + end, "O(n)", "Two loops after each other, 2n steps."),
            (loop(i, "0", "* \(i) < n", "++") + end, "O(√n)", "It ends when \(i) × \(i) reaches n."),
            (up + loop(j, i, "< n", "++") + end, "O(n^2)", "About n × n / 2 steps."),
        ]
        default: [
            (doubling + loop(j, "0", "< \(i)", "++") + end, "O(n)", "The rounds form a geometric series that ends near n."),
            (doubling + innerDoubling + end, "O((log n)^2)", "log n rounds of log n steps."),
            (doubling + inner + end, "O(n log n)", "log n rounds of n steps."),
            (up + loop(j, "0", "< n * n", "++") + end, "O(n^3)", "n rounds of n × n steps."),
            (up + inner + "if (\(i) == \(j)) " + end, "O(n^2)", "The test is made n × n times."),
            (loop(i, "0", "< n * n", " += n") + end, "O(n)", "n × n / n rounds."),
            (loop(i, "1", "< n * n", " *= \(k)") + end, "O(log n)", "log of n × n is twice log n."),
            (loop(i, "0", "* \(i) < n", "++") + inner + end, "O(n√n)", "√n rounds of n steps."),
        ]
        }
        let (code, order, reason) = random.element(of: kinds)
        return Draft(
            "What is the tightest bound on the running time of this \(language) code? \(code)", answer: order,
            mistakes: ["O(1)", "O(log n)", "O(n)", "O(n log n)", "O(n^2)", "O(n^3)"] + (grade > 1 ? ["O(√n)"] : []), working: reason)
    }

    static let growth = QuestionFamily.code(
        "growth_of_time", subject: theoretical, topic: "how running time grows", grades: [1, 2, 3]
    ) { random, grade in
        let base = random.integer(in: 2...60), size = random.integer(in: 1...40) * 100, factor = random.integer(in: 2...5)
        func question(_ order: String, _ from: Int, _ time: Int, _ to: Int) -> String {
            "An algorithm's time is \(order == "1" ? "constant" : "proportional to \(order)"). It needs \(time) ms for n = \(from). How "
                + "many ms does it need for n = \(to)?"
        }
        switch grade {
        case 1:
            let isConstant = random.next(below: 6) == 0
            return .computed(
                question(isConstant ? "1" : "n", size, base, size * factor), isConstant ? base : base * factor,
                slips: [base, base * factor * factor, base + factor, base * factor],
                working: isConstant ? "The time does not depend on n." : "\(factor) times as many items take \(factor) times as long.",
                random: &random)
        case 2:
            let power = random.integer(in: 2...3), times = power == 2 ? factor * factor : factor * factor * factor
            return .computed(
                question("n^\(power)", size, base, size * factor), base * times,
                slips: [base * factor, base * factor * power, base * (power == 2 ? factor * factor * factor : factor * factor)],
                working: "\(factor) to the power of \(power) is \(times). \(base) × \(times) = \(base * times).", random: &random)
        default:
            switch random.next(below: 3) {
            case 0:
                let n = random.integer(in: 8...30), more = random.integer(in: 2...5)
                return .computed(
                    question("2^n", n, base, n + more), base << more,
                    slips: [base * more, base * 2 * more, base + more, base << (more + 1)],
                    working: "Each further item doubles the time: \(base) × \(1 << more) = \(base << more).", random: &random)
            case 1:
                let exponent = random.integer(in: 3...5), root = random.element(of: [2, 3, 10])
                let from = (0..<exponent).reduce(1) { value, _ in value * root }, time = exponent * random.integer(in: 2...40)
                return .computed(
                    question("log n", from, time, from * from), 2 * time, slips: [time * from, time * root, time + 2, time * exponent],
                    working: "The logarithm of a square is twice the logarithm.", random: &random)
            default:
                return .computed(
                    "An algorithm's time is proportional to n^2. It needs \(base) ms for n = \(size). For which n does it need "
                        + "\(base * factor * factor) ms?", size * factor,
                    slips: [size * factor * factor, size * factor * 2, size + factor, size * (factor + 1)],
                    working: "The time is \(factor * factor) times as long, so n is \(factor) times as large.", random: &random)
            }
        }
    }
}
