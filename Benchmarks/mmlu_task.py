"""mmlu_task.py --out FOLDER --count N (--questions FOLDER [--subjects A B …] | --generated FILE…): one set of questions for both sides.

Writes `test.jsonl` and `dev.jsonl` (five shots a subject) as `retort evaluate` reads them, and `tasks/`: a task of
lm-evaluation-harness for each subject, which is its own `mmlu` task reading these questions from disk.

--questions: MMLU's folder as it is handed out (`dev/SUBJECT_dev.csv`, `test/SUBJECT_test.csv`), or `mmlu_dev.jsonl` and
`mmlu_test.jsonl` (or `dev.jsonl`, `test.jsonl`) with question, choices, answer, subject on each line.
--generated: files of `retort generate`, each a subject named after its file; its first five questions are the shots.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

SHOTS = 5


def read_csv(path, subject):
    for row in csv.reader(open(path, encoding="utf-8", newline="")):
        yield dict(subject=subject, question=row[0], choices=row[1:5], answer="ABCD".index(row[5].strip()))


def read_jsonl(path):
    for line in open(path, encoding="utf-8"):
        entry = json.loads(line)
        answer = entry["answer"]
        yield dict(subject=entry["subject"], question=entry["question"], choices=entry["choices"],
                   answer=answer if isinstance(answer, int) else "ABCD".index(answer))


def split_of(folder, split):
    """The questions of MMLU's split, in its order."""
    for name in (f"mmlu_{split}.jsonl", f"{split}.jsonl"):
        if (folder / name).exists():
            return list(read_jsonl(folder / name))
    files = sorted((folder / split).glob(f"*_{split}.csv"))
    if not files:
        sys.exit(f"{folder} holds neither mmlu_{split}.jsonl, {split}.jsonl nor {split}/SUBJECT_{split}.csv")
    return [entry for file in files for entry in read_csv(file, file.name.removesuffix(f"_{split}.csv"))]


def clean(entries):
    """Stripped, and without those that `retort` refuses: empty or equal choices."""
    for entry in entries:
        choices = [choice.strip() for choice in entry["choices"]]
        if entry["question"].strip() and all(choices) and len(set(choices)) == 4:
            yield dict(entry, question=entry["question"].strip(), choices=choices)


def write(path, entries):
    path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries), encoding="utf-8")


def prompts(folder):
    """Each subject's prompts as both sides put them together: {subject: [text]}."""
    def block(entry):
        choices = "".join(f"\n{letter}. {choice}" for letter, choice in zip("ABCD", entry["choices"]))
        return f"{entry['question']}{choices}\nAnswer:"

    shots, result = {}, {}
    for entry in map(json.loads, open(folder / "dev.jsonl", encoding="utf-8")):
        head = f"The following are multiple choice questions (with answers) about {entry['subject'].replace('_', ' ')}.\n\n"
        shots[entry["subject"]] = shots.get(entry["subject"], head) + block(entry) + f" {'ABCD'[entry['answer']]}\n\n"
    for entry in map(json.loads, open(folder / "test.jsonl", encoding="utf-8")):
        result.setdefault(entry["subject"], []).append(shots[entry["subject"]] + block(entry))
    return result


def task(subject, folder):
    """The harness's own template (tasks/mmlu/default), with the files in place of the hub's data set."""
    return json.dumps({
        "task": f"same_{subject}", "dataset_path": "json",
        "dataset_kwargs": {"data_files": {split: str(folder / f"{subject}_{split}.jsonl") for split in ("test", "dev")}},
        "test_split": "test", "fewshot_split": "dev", "fewshot_config": {"sampler": "first_n"}, "num_fewshot": SHOTS,
        "output_type": "multiple_choice",
        "description": f"The following are multiple choice questions (with answers) about {subject.replace('_', ' ')}.\n\n",
        "doc_to_text": "{{question.strip()}}\nA. {{choices[0]}}\nB. {{choices[1]}}\nC. {{choices[2]}}\nD. {{choices[3]}}\nAnswer:",
        "doc_to_choice": ["A", "B", "C", "D"], "doc_to_target": "answer",
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    }, indent=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--count", type=int, required=True, help="questions a subject")
    parser.add_argument("--questions")
    parser.add_argument("--subjects", nargs="*", default=[])
    parser.add_argument("--generated", nargs="*", default=[])
    options = parser.parse_args()
    dev, test = {}, {}
    if options.questions:
        shots, asked = (list(clean(split_of(Path(options.questions), split))) for split in ("dev", "test"))
        for subject in options.subjects or sorted({entry["subject"] for entry in asked})[:3]:
            dev[subject] = [entry for entry in shots if entry["subject"] == subject][:SHOTS]
            test[subject] = [entry for entry in asked if entry["subject"] == subject][:options.count]
    for path in options.generated:
        subject = Path(path).stem
        entries = [dict(entry, subject=subject) for entry in clean(read_jsonl(path))]
        dev[subject], test[subject] = entries[:SHOTS], entries[SHOTS:SHOTS + options.count]
    for subject in test:
        if len(dev[subject]) < SHOTS or not test[subject]:
            sys.exit(f"{subject}: {len(dev[subject])} shots and {len(test[subject])} questions; {SHOTS} and at least one are needed")

    out = Path(options.out)
    tasks = out / "tasks"
    tasks.mkdir(parents=True, exist_ok=True)
    for split, by_subject in (("dev", dev), ("test", test)):
        for subject, entries in by_subject.items():
            for number, entry in enumerate(entries):
                entry["id"] = f"{subject}/{split}/{number}"
            write(tasks / f"{subject}_{split}.jsonl", entries)
        write(out / f"{split}.jsonl", [entry for entries in by_subject.values() for entry in entries])
    for subject in test:
        (tasks / f"{subject}.yaml").write_text(task(subject, tasks.resolve()))  # JSON is YAML
    print(f"{sum(map(len, test.values()))} questions on {', '.join(test)}")


if __name__ == "__main__":
    main()
