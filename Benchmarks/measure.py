"""measure.py [--gpu] JSON COMMAND…: runs a command and writes its wall-clock seconds and peak resident memory.

With --gpu also the most memory that nvidia-smi saw in use on the first GPU beyond what was in use before, null where there is none: the same measure for both sides, whichever allocator they use.
"""

import json
import os
import subprocess
import sys
import threading
import time


def gpu_memory():
    """Bytes in use; None where nvidia-smi does not say."""
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"]
    try:
        return int(subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()[0]) * 2**20
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return None


def main():
    arguments = sys.argv[1:]
    asked = arguments[:1] == ["--gpu"]
    path, *command = arguments[asked:]
    before = gpu_memory() if asked else None
    watches = before is not None
    most, done = [before], threading.Event()

    def watch():
        while not done.wait(0.25):
            most[0] = max(most[0], gpu_memory() or 0)

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
    if asked:
        result["peak_gpu_bytes"] = most[0] - before if watches else None
    with open(path, "w") as file:
        json.dump(result, file)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
