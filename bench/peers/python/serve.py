"""The side of a peer: does what the parent asks, one JSON line at a time (../../harness/serve.ts)."""

import json
import sys
import time
from statistics import median

SAMPLE_S = 0.002
WARM_S = 0.2
TRIAL_S = 0.06


class Task:
    """One call; the numbers of its result; what waits for calls to be done."""

    def __init__(self, run, check, finish=lambda: None):
        self.run, self.check, self.finish = run, check, finish


def sample(task, calls):
    run = task.run
    start = time.perf_counter()
    for _ in range(calls):
        run()
    task.finish()
    return (time.perf_counter() - start) / calls


def warm_up(task, seconds):
    start = time.perf_counter()
    calls = 1
    last = sample(task, 1)
    while time.perf_counter() - start < seconds:
        last = sample(task, calls)
        calls = max(1, round(SAMPLE_S / max(last, 1e-8)))
    return calls


def samples(task, calls, seconds):
    start = time.perf_counter()
    times = []
    while True:
        times.append(1000 * sample(task, calls))
        if time.perf_counter() - start >= seconds:
            return times


def fastest(modes):
    """The fastest of several ways to do a task: how it is called, itself, its numbers."""
    tried = []
    for mode, make in modes.items():
        task = make()
        check = task.check()
        if len(modes) == 1:
            return mode, task, check
        calls = warm_up(task, TRIAL_S)
        tried.append((median(samples(task, calls, TRIAL_S)), mode, task, check))
    _, mode, task, check = min(tried, key=lambda one: one[0])
    return mode, task, check


def serve(version, tasks):
    """Answers until the parent closes the pipe. Tasks return a Task, or several by mode."""
    out = sys.stdout
    sys.stdout = sys.stderr  # what libraries print must not disturb the conversation
    task, calls = None, 1

    def say(answer):
        out.write(json.dumps(answer) + "\n")
        out.flush()

    say({"ready": version})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            do = request["do"]
            if do == "time":
                say({"times": samples(task, calls, request["seconds"])})
            elif do == "release":
                task = None
                say({"times": []})
            elif request["task"] not in tasks:
                say({"missing": "–"})
            else:
                given = tasks[request["task"]](**request["sizes"])
                modes = given if isinstance(given, dict) else {"": lambda: given}
                if do == "first":
                    first = next(iter(modes.values()))()
                    say({"times": [1000 * sample(first, 1)]})
                else:
                    mode, task, check = fastest(modes)
                    calls = warm_up(task, WARM_S)
                    say({"check": check, "mode": mode})
        except Exception as error:  # the parent shows it in the row
            task = None
            say({"error": f"{type(error).__name__}: {error}"})
