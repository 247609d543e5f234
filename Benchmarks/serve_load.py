"""Load for a server, from one process with a thread a connection. A connection that is told to come back later does so.

    serve_load.py answers ADDRESS QUESTIONS.jsonl --connections N --seconds S    # retort's /v1/answer, every served model in turn
    serve_load.py swaps   ADDRESS QUESTIONS.jsonl                                # what it costs to take another adapter
    serve_load.py chats   ADDRESS               --connections N --seconds S      # /v1/chat/completions of any server, 128 tokens each
"""

import argparse
import collections
import http.client
import json
import threading
import time
import urllib.parse
import urllib.request

options = argparse.ArgumentParser()
options.add_argument("what", choices=["answers", "swaps", "chats"])
options.add_argument("address")
options.add_argument("questions", nargs="?")
options.add_argument("--connections", type=int, default=1)
options.add_argument("--seconds", type=float, default=10)
options = options.parse_args()
host = urllib.parse.urlparse(options.address).netloc
lock = threading.Lock()
counts, times, tokens, late = collections.Counter(), [], 0, 0


def get(path):
    with urllib.request.urlopen(options.address + path) as reply:
        return reply.read().decode()


def metrics():
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in get("metrics").splitlines() if line[:1] != "#"}


def bodies():
    if options.what == "chats":
        base = next((model["id"] for model in json.loads(get("v1/models"))["data"] if model["owned_by"] == "retort"), None)
        subjects = ["the sea", "bread", "a lighthouse", "winter", "a market", "the moon", "trains", "a garden"]
        return "/v1/chat/completions", [
            {"messages": [{"role": "user", "content": f"Tell me a long story about {subject}."}], "max_tokens": 128, "temperature": 0.8,
             **({"model": base} if base else {})}
            for subject in subjects], None
    served = json.loads(get("v1/models"))
    models = [model["id"] for model in served["data"]][1:] or [served["data"][0]["id"]]
    with open(options.questions) as file:
        questions = [json.loads(line) for line in file]
    return "/v1/answer", [
        {"question": one["question"], "choices": one["choices"], "model": models[index % len(models)]}
        for index, one in enumerate(questions)], served["retort"]["answer_deadline_ms"] / 1000


path, requests, deadline = bodies()


def swaps():
    connection = http.client.HTTPConnection(host)
    names = sorted({request["model"] for request in requests})
    for chosen in [names[:1], names]:
        taken = []
        for index, request in enumerate(requests[:80]):
            body = json.dumps({**request, "model": chosen[index % len(chosen)], "mode": "letter"})
            start = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200, reply.status
            taken.append(time.perf_counter() - start)
        taken = sorted(taken[8:])
        print(f"{' and '.join(chosen)}: p50 {1000 * taken[len(taken) // 2]:.1f} ms, p90 {1000 * taken[len(taken) * 9 // 10]:.1f} ms")


if options.what == "swaps":
    swaps()
    raise SystemExit
end = time.perf_counter() + options.seconds


def ask(number):
    global tokens, late
    connection = http.client.HTTPConnection(host, timeout=120)
    while time.perf_counter() < end:
        body = json.dumps({**requests[number % len(requests)], "seed": number})
        number += options.connections
        start = time.perf_counter()
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            text, status = reply.read(), reply.status
        except OSError as error:
            text, status = b"", type(error).__name__
            connection.close()
        took = time.perf_counter() - start
        with lock:
            counts[status] += 1
            if status == 200:
                times.append(took)
                late += deadline is not None and took > deadline
                tokens += json.loads(text).get("usage", {}).get("completion_tokens", 0)
        if status == 429:
            time.sleep(float(reply.headers["Retry-After"]))


before = metrics() if deadline else {}
start = time.perf_counter()
threads = [threading.Thread(target=ask, args=(number,)) for number in range(options.connections)]
for thread in threads:
    thread.start()
if deadline:
    # The first seconds fill the cache; what comes after them must not grow.
    time.sleep(options.seconds / 4)
    quarter = metrics()
for thread in threads:
    thread.join()
seconds = time.perf_counter() - start
times.sort()


def share(part):
    return times[min(len(times) - 1, int(len(times) * part))] if times else float("nan")


print(f"{options.connections} connections, {seconds:.0f} s: " + ", ".join(f"{count} × {status}" for status, count in counts.items()))
print(f"time of a 200: p50 {share(0.5):.2f} s, p99 {share(0.99):.2f} s, longest {share(1):.2f} s; {len(times) / seconds:.1f} a second")
if deadline:
    after = metrics()
    written = after["retort_written_tokens_total"] - before["retort_written_tokens_total"]
    names = [("at the start", before), ("after a quarter", quarter), ("at the end", after)]
    print(f"{late} after the deadline of {deadline:g} s; {written / seconds:.0f} tokens written a second; memory "
          + ", ".join(f"{values['retort_resident_bytes'] / 2**20:.0f} MiB {name}" for name, values in names))
else:
    print(f"{tokens / seconds:.0f} tokens a second")
