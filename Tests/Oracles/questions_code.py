"""Runs the programs of generated code questions in the real languages and says whether every answer is what they print.

    retort generate --domain code --count 3000 --seed 31 -o code.jsonl
    python3 Tests/Oracles/questions_code.py code.jsonl                    # checks; exits with 1 and shows what differs
    python3 Tests/Oracles/questions_code.py code.jsonl --write            # checks and writes Tests/Fixtures/Questions/programs.jsonl

Needs python3, gcc (with its undefined-behaviour sanitizer), java and javac 17 or newer, node, swiftc, bash and git 2.23 or newer.
Data structures and algorithms are computed anew here, in another way where there is one. Each line of the fixture holds a question's family, language and text, and what the real language printed.
"""
import collections, heapq, json, os, re, sqlite3, stat, subprocess, sys, tempfile

FIXTURE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Fixtures", "Questions", "programs.jsonl")
PER_FAMILY = 8
FORMS = [
    ("after", re.compile(r"^What is (.+?) after this (Python|Java|C|JavaScript|Swift) code\? (.+)$")),
    ("value", re.compile(r"^What is the value of (.+) in (Python|Java|C|JavaScript|Swift)\?$")),
    ("returned", re.compile(r"^What does (.+?) return in this (Python|Java|C|JavaScript|Swift) code\? (.+)$")),
]


def parse(question):
    """(language, code, expression, whether the code is a function) or None."""
    for form, pattern in FORMS:
        found = pattern.match(question)
        if found and form == "value":
            return found[2], "", found[1], False
        if found:
            return found[2], found[3], found[1], form == "returned"
    return None


def run(command, folder, **more):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed in {folder}:\n{done.stderr[-3000:]}")
    return done.stdout, done.stderr


def python(cases, folder):
    results = []
    for code, expression, _ in cases:
        lines = re.findall(r"`([^`]*)`", code) if code.startswith("`") else [code]
        names = {}
        exec("import re, math\nfrom collections import deque", names)
        try:
            exec("\n".join(lines), names)
            results.append(str(eval(expression, names)))
        except TypeError:
            results.append("a TypeError")
    return results


def java(cases, folder):
    parts = ["import java.util.*;\npublic class Main {\n"
             "static String s(int[] v) { return Arrays.toString(v).replace('[', '{').replace(']', '}'); }\n"
             "static String s(Object v) { return String.valueOf(v); }\n"]
    for index, (code, expression, function) in enumerate(cases):
        if "copyOfRange" in expression:
            expression = f"Arrays.toString({expression})"
        outer, inner = (code, "") if function else ("", code)
        parts.append(f"static class Case{index} {{ {outer}\n static String run() {{ {inner}\n return s({expression}); }} }}\n")
    parts.append("public static void main(String[] a) {\n")
    parts += [f"System.out.println(Case{index}.run());\n" for index in range(len(cases))] + ["}\n}\n"]
    open(os.path.join(folder, "Main.java"), "w").write("".join(parts))
    run(["javac", "-nowarn", "Main.java"], folder)
    return run(["java", "-cp", ".", "Main"], folder)[0].splitlines()


def c(cases, folder):
    parts = ["#include <stdio.h>\n#define show(x) _Generic((x), char: printf(\"%c\\n\", (int)(x)), default: printf(\"%d\\n\", (int)(x)))\n"]
    for index, (code, expression, function) in enumerate(cases):
        name = f"f{index}_"
        if function:
            called = re.match(r"int (\w+)\(", code)[1]
            code, expression = (re.sub(rf"\b{called}\(", name + "(", text) for text in (code, expression))
            parts.append(f"{code}\nvoid case{index}(void) {{ show({expression}); }}\n")
        elif re.search(rf"int {re.escape(expression)}\[\] =", code):
            size = code[code.index("{"):code.index("}")].count(",") + 1
            parts.append(f"void case{index}(void) {{ {code} for (int q_ = 0; q_ < {size}; q_++) printf(\"%s%d\", q_ ? \", \" : \"{{\", {expression}[q_]); puts(\"}}\"); }}\n")
        else:
            parts.append(f"void case{index}(void) {{ {code} show({expression}); }}\n")
    parts.append("int main(void) {\n" + "".join(f"case{index}();\n" for index in range(len(cases))) + "return 0; }\n")
    open(os.path.join(folder, "main.c"), "w").write("".join(parts))
    run(["gcc", "-std=c11", "-w", "-fsanitize=undefined,bounds", "-fno-sanitize-recover=all", "-o", "main", "main.c"], folder)
    return run(["./main"], folder)[0].splitlines()


def javascript(cases, folder):
    parts = ["const t = v => Array.isArray(v) ? '[' + v.map(t).join(', ') + ']' : String(v);\n"]
    for code, expression, _ in cases:
        parts.append(f"console.log(t((() => {{ {code}\n return ({expression}); }})()));\n")
    open(os.path.join(folder, "main.js"), "w").write("".join(parts))
    return run(["node", "main.js"], folder)[0].splitlines()


def swift(cases, folder):
    parts = []
    for index, (code, expression, _) in enumerate(cases):
        parts.append(f"func case{index}() {{\n{code}\nprint({expression})\n}}\n")
    parts += [f"case{index}()\n" for index in range(len(cases))]
    open(os.path.join(folder, "main.swift"), "w").write("".join(parts))
    run(["swiftc", "-Onone", "-suppress-warnings", "-o", "main", "main.swift", "-lm"], folder)
    return run(["./main"], folder)[0].splitlines()


def sql(question):
    database = sqlite3.connect(":memory:")
    given, query = question.split(" what does this SQL query return? ")
    for name, columns, rows in re.findall(r"table (\w+) \(([^)]*)\) with the rows ((?:\([^)]*\)(?:, )?)+)", given):
        database.execute(f"CREATE TABLE {name} ({columns})")
        database.execute(f"INSERT INTO {name} VALUES {rows.rstrip(', ')}")
    rows = database.execute(query).fetchall()
    return ", ".join("NULL" if value is None else str(value) for row in rows for value in row)


def regex(question):
    pattern, negation = re.match(r"Which of these texts does the regular expression (\S+) (not )?match as a whole:", question["question"]).groups()
    hits = [choice for choice in question["choices"] if (re.fullmatch(pattern, choice) is not None) != bool(negation)]
    return hits[0] if len(hits) == 1 else f"{len(hits)} choices: {hits}"


def shell(command, folder):
    out = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True).stdout
    return " ".join(out.split()) or "nothing"


GIT = ("export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_EDITOR=true; export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b "
       "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; git init -q -b main; ")


def git_history(question, folder):
    commands, asked = re.match(r".*where each commit adds a file: (.*)\. What does (.*) show, newest first\?", question).groups()
    commands = re.sub(r"git commit -m (\w+)", r"(echo \1 > \1; git add \1; git commit -q -m \1)", commands)
    return shell(f"{GIT}({commands}) > log 2>&1; rm log; {asked}", folder)


def git_index(question, folder):
    file, word, commands, asked = re.match(
        r".*committed file (\S+) holds the word (\w+)\. These commands run: (.*)\. What does (git show \S+?|cat \S+)(?:, the staged version,)? print\?", question).groups()
    return shell(f"{GIT}echo {word} > {file}; git add {file}; git commit -q -m first; ({commands}) > /dev/null 2>&1; {asked}", folder)


def path(question, folder):
    start, commands = re.match(r"In the folder (\S+), (.*) (?:is|are) run\.", question).groups()
    at = start
    for step in re.findall(r"cd (\S+?)(?:;|$)", commands):
        at = os.path.normpath(os.path.join(at, step))
    return at


def numbers(text):
    return [int(number) for number in re.findall(r"-?\d+", text)]


def heap(question):
    text = question["question"]
    sign = -1 if "max-heap" in text else 1
    given = numbers(text)
    if "is removed" in text:
        tree = [sign * number for number in given]
        heapq.heappop(tree)
        return str([sign * number for number in tree])
    tree = []
    for number in given:
        heapq.heappush(tree, sign * number)
    if "What is the array" in text:
        return str([sign * number for number in tree])
    place = 2 if "third?" in text else 1 if "second?" in text else 0
    return str(sign * heapq.nsmallest(3, tree)[place])


def hash_table(question):
    text = question["question"]
    size, *rest = numbers(text)
    if "hash of a key" in text:
        return str(rest[-1] % size)
    keys, slots = rest[2:-1], {}
    for key in keys:
        slot, looks = key % size, 1
        while slot in slots:
            slot, looks = (slot + 1) % size, looks + 1
        slots[slot] = key
    return str(looks if "looked at" in text else slot)


def search_tree(question):
    text = question["question"]
    keys = numbers(text.split(" are inserted")[0])
    links = {keys[0]: [None, None]}
    parents, levels = {}, {keys[0]: 1}
    for key in keys[1:]:
        at = keys[0]
        while True:
            side = key > at
            if links[at][side] is None:
                links[at][side], links[key], parents[key], levels[key] = key, [None, None], at, levels[at] + 1
                break
            at = links[at][side]

    def walk(node, order):
        if node is None:
            return []
        left, right = walk(links[node][0], order), walk(links[node][1], order)
        return {"pre": [node] + left + right, "in": left + [node] + right, "post": left + right + [node]}[order]

    if "parent of" in text:
        return str(parents[numbers(text)[-1]])
    if "levels" in text:
        return str(max(levels.values()))
    if "leaves" in text:
        return str(sum(pair == [None, None] for pair in links.values()))
    order = re.search(r"(pre|in|post)order", text)[1]
    return ", ".join(map(str, walk(keys[0], order)))


def sorting(question):
    text = question["question"]
    items = numbers(text[text.index("["):text.index("]")])
    rounds = {"two": 2, "three": 3}.get((re.search(r"after (\w+) ", text) or [0, ""])[1], 1)
    if "How many swaps" in text:
        swaps = 0
        for _ in items:
            for place in range(len(items) - 1):
                if items[place] > items[place + 1]:
                    items[place], items[place + 1] = items[place + 1], items[place]
                    swaps += 1
        return str(swaps)
    if "bubble" in text:
        for _ in range(rounds):
            for place in range(len(items) - 1):
                if items[place] > items[place + 1]:
                    items[place], items[place + 1] = items[place + 1], items[place]
    elif "selection" in text:
        for place in range(rounds):
            least = items.index(min(items[place:]))
            items[place], items[least] = items[least], items[place]
    elif "insertion" in text:
        count = 3 if "first three" in text else 2
        items[:count] = sorted(items[:count])
    else:
        border = 0
        for place in range(len(items) - 1):
            if items[place] < items[-1]:
                items[border], items[place] = items[place], items[border]
                border += 1
        items[border], items[-1] = items[-1], items[border]
    return str(items)


def halving(question):
    text = question["question"]
    if text.startswith("At most"):
        size, looks = numbers(text)[0], 0
        while size:
            size, looks = size // 2, looks + 1
        return str(looks)
    key = int(re.search(r"looks for (\d+)", text)[1])
    items = numbers(text[text.index("["):])
    seen, part = [], items
    while part:
        middle = (len(part) - 1) // 2
        seen.append(part[middle])
        if part[middle] == key:
            break
        part = part[middle + 1:] if part[middle] < key else part[:middle]
    if "How many" in text:
        return str(len(seen))
    return str(seen["second?" in text]) if "Which number " in text else ", ".join(map(str, seen))


def graph(question):
    text = question["question"]
    edges = re.search(r"edges ([A-F, ]+)\.", text)[1].split(", ")
    near = collections.defaultdict(list)
    for a, b in sorted(edges) + sorted(edge[::-1] for edge in edges):
        near[a] = sorted(near[a] + [b])
    if "How many neighbours" in text:
        return str(len(near[re.search(r"does (\w) have", text)[1]]))
    start = re.search(r"from (\w)", text)[1]
    steps, queue = {start: 0}, [start]
    for node in queue:
        for next_node in near[node]:
            if next_node not in steps:
                steps[next_node] = steps[node] + 1
                queue.append(next_node)
    if "shortest path" in text:
        return str(steps[re.search(r"to (\w) have", text)[1]])
    if "breadth" in text:
        return " ".join(queue)
    order, stack = [], [start]
    while stack:
        node = stack.pop()
        if node not in order:
            order.append(node)
            stack += reversed(near[node])
    return " ".join(order)


def permissions(question, folder):
    text = question["question"]
    file = os.path.join(folder, "file")
    open(file, "w").close()

    def show(command, form):
        return subprocess.run(f"chmod {command} file && stat -c {form} file", shell=True, cwd=folder, capture_output=True, text=True).stdout.strip()

    if found := re.match(r"After chmod (\d+) .*rights do(?:es)? (the owner|the group|others) have", text):
        place = ["the owner", "the group", "others"].index(found[2])
        return show(found[1], "%A")[1 + 3 * place:4 + 3 * place]
    if found := re.match(r"Which rights does chmod (\d+)", text):
        return show(found[1], "%A")[1:]
    if found := re.match(r"Which number .* the rights ([rwx-]+)", text):
        for number in range(512):
            os.chmod(file, number)
            if stat.filemode(os.stat(file).st_mode)[1:] == found[1]:
                return f"{number:03o}"
    found = re.match(r"The file \S+ has mode (\d+)\. What is its mode after chmod (\S+) ", text)
    return show(f"{found[1]} file && chmod {found[2]}", "%a").rjust(3, "0")


STRUCTURES = {"heaps": heap, "hash_tables": hash_table, "search_trees": search_tree, "sorting_steps": sorting, "binary_search_steps": halving,
              "graph_search": graph}


def other(question, folder):
    """The kinds of questions whose tool answers one at a time: (tool, true answer), or None."""
    text, family = question["question"], question["family"]
    if " SQL query " in text:
        return "SQL", sql(text)
    if family == "regular_expressions":
        return "Python", regex(question)
    if family == "git_history":
        return "git", git_history(text, folder)
    if family == "git_staging":
        return "git", git_index(text, folder)
    if family in STRUCTURES:
        return "recomputed", STRUCTURES[family](question)
    if family == "file_permissions":
        return "bash", permissions(question, folder)
    if family == "paths":
        return "bash", path(text, folder)
    found = re.match(r"(?:What|Which words) does this bash command print\? (.+)$", text)
    if found:
        return "bash", shell(found[1], folder)
    return None


RUNNERS = {"Python": python, "Java": java, "C": c, "JavaScript": javascript, "Swift": swift}


def main():
    questions = [json.loads(line) for line in open(sys.argv[1])]
    batches, results = collections.defaultdict(list), []
    for question in questions:
        case = parse(question["question"])
        if case:
            batches[case[0]].append((question, case[1:]))
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = other(question, folder)
        if found:
            results.append((question, *found))
    for language, batch in batches.items():
        with tempfile.TemporaryDirectory() as folder:
            printed = RUNNERS[language]([case for _, case in batch], folder)
        if len(printed) != len(batch):
            raise SystemExit(f"{language} printed {len(printed)} lines for {len(batch)} programs")
        results += [(question, language, text) for (question, _), text in zip(batch, printed)]
    wrong = 0
    for question, language, text in results:
        answer = question["choices"]["ABCD".index(question["answer"])]
        if text != answer:
            wrong += 1
            print(f"{language} {question['family']}: {question['question']}\n  generated {answer!r}, really {text!r}")
    counts = collections.Counter(language for _, language, _ in results)
    print(f"{len(results)} of {len(questions)} questions run, {wrong} wrong:", ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    if "--write" in sys.argv and not wrong:
        taken = collections.Counter()
        os.makedirs(os.path.dirname(FIXTURE), exist_ok=True)
        with open(FIXTURE, "w") as file:
            for question, language, text in results:
                taken[question["family"], language] += 1
                if taken[question["family"], language] <= PER_FAMILY and "/3/" in question["id"] or taken[question["family"], language] <= 3:
                    row = {"family": question["family"], "language": language, "difficulty": question["difficulty"], "question": question["question"], "output": text}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
    sys.exit(1 if wrong else 0)


main()
