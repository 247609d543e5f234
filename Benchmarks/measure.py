"""measure.py [--gpu] JSON COMMAND…: runs a command and writes its wall-clock seconds and peak resident memory.

With --gpu, and where there is an nvidia-smi, also the most memory that it saw in use on the first GPU beyond what was in use
before: the same measure for both sides, whichever allocator they use.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time


def gpu_memory():
    """Bytes in use."""
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"]
    return int(subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()[0]) * 2**20


def main():
    arguments = sys.argv[1:]
    asked = arguments[:1] == ["--gpu"]
    path, *command = arguments[asked:]
    watches = asked and shutil.which("nvidia-smi") is not None
    before = gpu_memory() if watches else 0
    most, done = [before], threading.Event()

    def watch():
        while not done.wait(0.25):
            most[0] = max(most[0], gpu_memory())

    watcher = threading.Thread(target=watch) if watches else None
    if watcher:
        watcher.start()
    start = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    done.set()
    if watcher:
        watcher.join()
    result = dict(seconds=seconds, peak_resident_bytes=usage.ru_maxrss * 1024)
    if watches:
        result["peak_gpu_bytes"] = most[0] - before
    with open(path, "w") as file:
        json.dump(result, file)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
