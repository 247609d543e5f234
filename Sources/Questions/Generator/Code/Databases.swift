import Groundwork

/// SQL on tables of a few rows.
extension CodeFamilies {
    private static let sql = "computer_science"

    private struct Table {
        let name: String
        let columns: [String]
        let rows: [[String]]

        var text: String { "table \(name) (\(columns.joined(separator: ", "))) with the rows "
            + "\(rows.map { "(\($0.joined(separator: ", ")))" }.joined(separator: ", "))" }
    }

    private static func asks(_ tables: [Table], _ query: String) -> String {
        "Given \(tables.map(\.text).joined(separator: " and ")), what does this SQL query return? \(query)"
    }

    private static let things = [("pets", "age"), ("trees", "height"), ("goods", "price"), ("players", "points"), ("towns", "size"),
        ("books", "pages"), ("cars", "speed")]

    private static func rows(_ count: Int, _ random: inout CounterRandom) -> (table: Table, names: [String], numbers: [Int]) {
        let (name, column) = random.element(of: things), names = random.sample(count, of: NameTable.words.filter { $0.count <= 4 })
        let numbers = random.sample(count, of: Array(2...60))
        return (Table(name: name, columns: ["name", column], rows: zip(names, numbers).map { ["'\($0)'", "\($1)"] }), names, numbers)
    }

    static let sqlFilters = QuestionFamily.code(
        "sql_queries", subject: sql, topic: "selecting rows in SQL", grades: [1, 2, 3]
    ) { random, grade in
        let (table, names, numbers) = rows(4, &random), t = table.name, c = table.columns[1]
        let bound = random.element(of: numbers) + random.integer(in: -2...2), isUp = random.next(below: 2) == 0
        let order = numbers.indices.sorted { isUp ? numbers[$0] < numbers[$1] : numbers[$0] > numbers[$1] }
        let kept = numbers.indices.filter { isUp ? numbers[$0] > bound : numbers[$0] < bound }, sign = isUp ? ">" : "<"
        switch grade {
        case 1:
            if random.next(below: 2) == 0 {
                return .computed(
                    asks([table], "SELECT COUNT(*) FROM \(t) WHERE \(c) \(sign) \(bound)"), kept.count,
                    slips: [4 - kept.count, kept.count + 1, 4],
                    working: kept.isEmpty ? "No row has \(c) \(sign) \(bound)."
                        : "The condition holds for \(listed(kept.map { names[$0] })).", random: &random)
            }
            let asked = random.next(below: 4)
            return Draft(
                asks([table], "SELECT name FROM \(t) WHERE \(c) = \(numbers[asked])"), answer: names[asked], mistakes: names,
                working: "\(c) = \(numbers[asked]) holds in the row of \(names[asked]).")
        case 2:
            let skip = random.integer(in: 0...2), word = isUp ? "" : " DESC"
            return Draft(
                asks([table], "SELECT name FROM \(t) ORDER BY \(c)\(word) LIMIT 1\(skip == 0 ? "" : " OFFSET \(skip)")"),
                answer: names[order[skip]], mistakes: names,
                working: "In order: \(order.map { names[$0] }.joined(separator: ", "))."
                    + (skip == 0 ? "" : " OFFSET \(skip) skips the first\(skip == 1 ? "" : " two")."))
        default:
            let low = random.integer(in: 5...25), high = low + random.integer(in: 10...30), letter = random.element(of: names).prefix(1)
            let between = numbers.filter { (low...high).contains($0) },
                named = zip(names, numbers).filter { $0.0.hasPrefix(letter) || $0.1 > high }
            let (condition, values, rule): (String, [Int], String) = random.element(of: [
                ("\(c) BETWEEN \(low) AND \(high)", between, "BETWEEN takes both ends in"),
                ("name LIKE '\(letter)%' OR \(c) > \(high)", named.map(\.1), "LIKE '\(letter)%' takes names that start with \(letter)"),
                ("NOT \(c) \(sign) \(bound)", numbers.indices.filter { !kept.contains($0) }.map { numbers[$0] },
                 "NOT keeps the other rows"),
            ])
            guard !values.isEmpty, values.count < 4 else { return nil }
            let sum = values.reduce(0, +), most = values.max() ?? 0, least = values.min() ?? 0
            let functions: [(String, Int)] = [
                ("SUM(\(c))", sum), ("MAX(\(c))", most), ("MIN(\(c)) + COUNT(*)", least + values.count),
            ]
            let (function, result) = random.element(of: functions)
            return .computed(
                asks([table], "SELECT \(function) FROM \(t) WHERE \(condition)"), result,
                slips: [numbers.reduce(0, +), numbers.max() ?? 0, numbers.reduce(0, +) - sum, values.count, values[0], sum],
                working: "\(rule): \(listText(values)).", random: &random)
        }
    }

    static let sqlGroups = QuestionFamily.code("sql_groups", subject: sql, topic: "grouping in SQL", grades: [2, 3]) { random, grade in
        let words = random.sample(3, of: NameTable.words.filter { $0.count <= 4 }), numbers = random.sample(5, of: Array(1...30))
        let groups = random.shuffled([0, 0, 1, 1, random.element(of: [0, 1, 2])]),
            t = random.element(of: ["sales", "jobs", "trips", "tests", "orders"])
        let table = Table(name: t, columns: ["kind", "n"], rows: zip(groups, numbers).map { ["'\(words[$0])'", "\($1)"] })
        func values(_ group: Int) -> [Int] { zip(groups, numbers).filter { $0.0 == group }.map(\.1) }
        let sums = (0..<3).map { values($0).reduce(0, +) }, counts = (0..<3).map { values($0).count }
        if grade == 2 {
            let group = random.next(below: 2), (function, value): (String, Int) = random.element(of: [
                ("SUM(n)", sums[group]), ("COUNT(*)", counts[group]), ("MAX(n)", values(group).max() ?? 0),
                ("MIN(n)", values(group).min() ?? 0),
            ])
            return .computed(
                asks([table], "SELECT \(function) FROM \(t) GROUP BY kind HAVING kind = '\(words[group])'"), value,
                slips: [sums[1 - group], counts[1 - group], numbers.reduce(0, +), sums[group], counts[group],
                    numbers.max() ?? 0].filter { $0 > 0 },
                working: "\(words[group]) has \(listed(values(group))).", random: &random)
        }
        let present = (0..<3).filter { counts[$0] > 0 }
        if random.next(below: 2) == 0 {
            guard let best = present.max(by: { sums[$0] < sums[$1] }), present.filter({ sums[$0] == sums[best] }).count == 1 else { return nil }
            let isLeast = random.next(below: 2) == 0
            guard let least = present.min(by: { sums[$0] < sums[$1] }), present.filter({ sums[$0] == sums[least] }).count == 1 else { return nil }
            let answer = isLeast ? least : best
            return Draft(
                asks([table], "SELECT kind FROM \(t) GROUP BY kind ORDER BY SUM(n)\(isLeast ? "" : " DESC") LIMIT 1"),
                answer: words[answer],
                mistakes: present.map { words[$0] } + words + ["NULL", "\(sums[answer])"],
                working: "The sums are \(listed(present.map { "\(words[$0]) \(sums[$0])" })).")
        }
        let bound = random.integer(in: 1...2), kept = present.filter { counts[$0] > bound }
        guard !kept.isEmpty, present.count > 1 else { return nil }
        let total = kept.map { sums[$0] }.reduce(0, +)
        return .computed(
            asks([table], "SELECT SUM(s) FROM (SELECT SUM(n) AS s FROM \(t) GROUP BY kind HAVING COUNT(*) > \(bound))"), total,
            slips: [numbers.reduce(0, +), sums[0], sums[1], total + 1, kept.count],
            working: "\(listed(kept.map { words[$0] })) \(kept.count == 1 ? "has" : "have") more than \(bound) "
                + "row\(bound == 1 ? "" : "s").", random: &random)
    }

    static let sqlJoins = QuestionFamily.code("sql_joins", subject: sql, topic: "joins in SQL", grades: [2, 3]) { random, grade in
        let ids = random.sample(3, of: Array(1...6)), numbers = random.sample(3, of: Array(2...40)),
            (a, b) = random.element(of: [("a", "b"), ("p", "q"), ("x", "y"), ("s", "t")])
        let keys = (0..<3).map { _ in random.element(of: Array(1...6)) }, values = random.sample(3, of: Array(2...40))
        let left = Table(name: a, columns: ["id", "n"], rows: zip(ids, numbers).map { ["\($0)", "\($1)"] })
        let right = Table(name: b, columns: ["id", "m"], rows: zip(keys, values).map { ["\($0)", "\($1)"] })
        let pairs = zip(ids, numbers).flatMap { id, n in zip(keys, values).filter { $0.0 == id }.map { (n, $0.1) } },
            unmatched = ids.filter { !keys.contains($0) }
        let isLeft = grade == 3 && random.next(below: 2) == 0, join = isLeft ? "LEFT JOIN" : "JOIN"
        let rowCount = pairs.count + (isLeft ? unmatched.count : 0)
        guard !pairs.isEmpty else { return nil }
        let matched = pairs.count == 1 ? "One pair matches" : "\(pairs.count) pairs match"
        let lonely = zip(ids, numbers).filter { !keys.contains($0.0) }.map(\.1).reduce(0, +)
        let sums = (n: pairs.map(\.0).reduce(0, +) + (isLeft ? lonely : 0), m: pairs.map(\.1).reduce(0, +))
        var kinds: [(String, Int)] = [("COUNT(*)", rowCount), ("SUM(m)", sums.m)]
        if grade == 3 { kinds += [("SUM(n)", sums.n), ("COUNT(m)", pairs.count), ("SUM(n) - SUM(m)", sums.n - sums.m)] }
        let (function, value) = random.element(of: kinds)
        return .computed(
            asks([left, right], "SELECT \(function) FROM \(a) \(join) \(b) ON \(a).id = \(b).id"), value,
            slips: function.hasPrefix("COUNT") ? [3, 6, 9, pairs.count, pairs.count + unmatched.count, value + 1]
                : [numbers.reduce(0, +), values.reduce(0, +), sums.m, sums.n, pairs[0].0, pairs[0].1],
            working: "\(matched).\(isLeft ? " The left join keeps \(unmatched.count) more of \(a)'s rows." : "")",
            random: &random)
    }

    static let sqlNulls = QuestionFamily.code("sql_nulls", subject: sql, topic: "NULL in SQL", grades: [2, 3]) { random, grade in
        let count = 5, missing = Set(random.sample(random.integer(in: 1...2), of: Array(0..<count))),
            numbers = (0..<count).map { _ in random.integer(in: 1...9) * 2 }
        let t = random.element(of: ["t", "r", "marks", "scores", "tests"]), n = random.element(of: ["n", "x", "points", "v"])
        let table = Table(name: t, columns: ["id", n], rows: (0..<count).map { ["\($0 + 1)",
            missing.contains($0) ? "NULL" : "\(numbers[$0])"] })
        let known = (0..<count).filter { !missing.contains($0) }.map { numbers[$0] }, value = random.element(of: known),
            fallback = random.integer(in: 1...9)
        let different = known.count { $0 != value }, sum = known.reduce(0, +)
        let kinds: [(String, Int, String)] = grade == 2 ? [
            ("SELECT COUNT(\(n)) FROM \(t)", known.count, "COUNT of a column leaves out NULL."),
            ("SELECT COUNT(*) FROM \(t)", count, "COUNT(*) counts all rows."),
            ("SELECT SUM(\(n)) FROM \(t)", sum, "SUM leaves out NULL."),
            ("SELECT COUNT(*) FROM \(t) WHERE \(n) IS NULL", missing.count, "IS NULL finds what is missing."),
            ("SELECT COUNT(*) FROM \(t) WHERE \(n) = NULL", 0, "Nothing equals NULL, not even NULL."),
            ("SELECT COUNT(DISTINCT \(n)) FROM \(t)", Set(known).count, "Equal values count once, NULL not at all."),
        ] : [
            ("SELECT COUNT(*) FROM \(t) WHERE \(n) <> \(value)", different, "A comparison with NULL is unknown, so those rows go."),
            ("SELECT COUNT(*) FROM \(t) WHERE NOT (\(n) = \(value))", different, "NOT of unknown is unknown, so NULL rows go."),
            ("SELECT COUNT(*) FROM \(t) WHERE \(n) = \(value) OR \(n) IS NULL", known.count - different + missing.count,
             "IS NULL adds the missing ones."),
            ("SELECT SUM(COALESCE(\(n), \(fallback))) FROM \(t)", sum + fallback * missing.count,
             "COALESCE puts \(fallback) for NULL: \(sum) + \(fallback * missing.count)."),
            ("SELECT COUNT(*) FROM \(t) WHERE \(n) > \(value) OR \(n) <= \(value)", known.count, "Neither comparison holds for NULL."),
            ("SELECT SUM(\(n) + \(fallback)) FROM \(t)", sum + fallback * known.count, "NULL + \(fallback) is NULL, which SUM leaves out."),
        ]
        let (query, result, rule) = random.element(of: kinds)
        return .computed(
            asks([table], query), result, slips: result < 6 ? [count, known.count, missing.count, different + missing.count, 0,
                known.count - different].filter { $0 <= count }
                : [sum, sum + fallback * count, sum + fallback, sum + missing.count, sum + fallback * missing.count], working: rule,
                random: &random)
    }
}
