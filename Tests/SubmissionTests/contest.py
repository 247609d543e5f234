"""Plays a contest's part with the files of two agents: checks formats and scores answers by the rules, apart from Retort's own checks.

python3 contest.py FOLDER RETORT MODEL     reads questions, filtered_questions, answers, filtered_answers (.json) in FOLDER, prints JSON

The rules as the contest states them. A question has topic, question, choices and answer; four choices, each a string of more than two
characters that starts with its letter; the answer is a string; tokens of question, answer and choices together, less 15, are fewer than
130; with the explanation's they are at most 1024. An answer is a string, one of A to D if it is one character, of fewer than 50 tokens;
with the reasoning fewer than 512. Tokens are the base model's.
"""

import json
import pathlib
import subprocess
import sys

folder, retort, model = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]


def load(name):
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def lengths(texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run([retort, "tokenize", "--model", model], input=lines, capture_output=True, text=True, check=True)
    return [len(json.loads(line)) for line in done.stdout.splitlines()]


def is_question(item):
    if not isinstance(item, dict) or any(key not in item for key in ("topic", "question", "choices", "answer")):
        return False
    choices = item["choices"]
    if not isinstance(choices, list) or len(choices) != 4 or not isinstance(item["answer"], str):
        return False
    for letter, choice in zip("ABCD", choices):
        if not isinstance(choice, str) or len(choice) <= 2 or choice[0] != letter:
            return False
    size = lengths([item["question"], item["answer"], *choices, item.get("explanation", "")])
    core = sum(size[:6]) - 15
    return core < 130 and core + size[6] <= 1024


def is_answer(item):
    if not isinstance(item, dict) or not isinstance(item.get("answer"), str):
        return False
    if len(item["answer"]) == 1 and item["answer"] not in "ABCD":
        return False
    answer, reasoning = lengths([item["answer"], item.get("reasoning", "")])
    return answer < 50 and answer + reasoning < 512


questions, filtered = load("questions"), load("filtered_questions")
passing = [question for question in questions if is_question(question)]
result = {"questions": len(questions), "passing": len(passing), "same_filter": passing == filtered}
result["disqualified"] = 2 * len(passing) < len(questions)
if (folder / "answers.json").exists():
    answers = load("answers")
    valid = [answer if is_answer(answer) else None for answer in answers]
    right = sum(answer is not None and answer["answer"] == question["answer"] for question, answer in zip(filtered, valid))
    result |= {"answers": len(answers), "valid": sum(answer is not None for answer in valid), "same_answers": valid == load("filtered_answers")}
    result |= {"answer_score": 100 * right / len(filtered), "question_score": 100 * (len(filtered) - right) / len(filtered)}
print(json.dumps(result))
