"""What the benchmarks share: timing, workers in other interpreters, interleaved rounds, tables.

Nothing here imports a framework. A measurement that compares frameworks starts one worker process for each,
all alive at once but only ever one of them at work, and goes round them again and again: a slow minute of the
machine then strikes all of them alike.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


# -- timing -------------------------------------------------------------------------------------------------


def time_of(function, seconds):
    """Seconds one call of ``function`` takes, from a loop that lasts about ``seconds``.

    The garbage collector stays on, as it does in a user's program.
    """
    function()
    number = 1
    while True:
        started = time.perf_counter()
        for _ in range(number):
            function()
        elapsed = time.perf_counter() - started
        if elapsed >= 0.5 * seconds:
            return elapsed / number
        number = max(2 * number, int(number * seconds / max(elapsed, 1e-9) * 0.75))


def summary(samples):
    """The median and the smallest of some measurements."""
    return {"median": statistics.median(samples), "min": min(samples)}


# -- workers ------------------------------------------------------------------------------------------------


class WorkerFailed(RuntimeError):
    """A worker could not start or could not do what it was asked; the text says why."""


class Worker:
    """A process of another interpreter that answers one JSON line to each JSON line."""

    def __init__(self, python, *arguments, environment=None):
        self.complaints = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115  it lives as long as the worker
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        self.process = subprocess.Popen(
            [python, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            text=True,
            env={**os.environ, **quiet, **(environment or {})},
        )
        self.about = self._receive()

    def ask(self, **message):
        """Sends a message and waits for its answer."""
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return self._receive()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.complaints.close()

    def _receive(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.complaints.seek(0)
            last = self.complaints.read().strip().splitlines()[-1:] or ["it ended without a word"]
            raise WorkerFailed(last[0])
        answer = json.loads(line)
        if "failed" in answer:
            raise WorkerFailed(answer["failed"])
        return answer


def serve(about, answer):
    """The worker's side: says what it is, then answers each message by ``answer(**message)``."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr  # what a framework prints must not mix with the answers
    print(json.dumps(about), file=replies, flush=True)
    for line in sys.stdin:
        try:
            reply = answer(**json.loads(line))
        except Exception as error:
            reply = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


def interpreters(options, names):
    """The interpreter for each framework: from ``NAME=PATH`` options, else the running one."""
    chosen = dict.fromkeys(names, sys.executable)
    for option in options:
        name, _, path = option.partition("=")
        if name not in chosen or not path:
            raise SystemExit(
                f"--python takes NAME=PATH where NAME is one of {', '.join(names)}; got {option!r}"
            )
        chosen[name] = path
    return chosen


def interleaved(rounds, measurements):
    """Runs every measurement once a round; gives the list of results of each.

    Args:
        rounds: how often.
        measurements: a dict from any key to a function of no arguments.
    """
    results = {key: [] for key in measurements}
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}")
        for key, measure in measurements.items():
            results[key].append(measure())
    progress("")
    return results


# -- processes and memory -----------------------------------------------------------------------------------


def fresh(program, *arguments, python=None):
    """Runs a program in a fresh interpreter and gives the JSON it prints."""
    done = subprocess.run(
        [python or sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True
    )
    if done.returncode != 0:
        raise WorkerFailed(
            done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
        )
    return json.loads(done.stdout)


def resident_bytes():
    """Bytes of memory this process holds now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# -- saying it ----------------------------------------------------------------------------------------------


def progress(text):
    """A line that overwrites itself, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r{text:<40}\r", end="", file=sys.stderr, flush=True)


def machine():
    """The facts about the machine that a reader needs to judge a number."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return {"processor": model, "cores": os.cpu_count(), "system": platform.system()}


def table(header, rows):
    """Text columns; the first is set left, the others right."""
    cells = [list(map(str, row)) for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for row in cells:
        first, *others = row
        lines.append(
            "  ".join(
                [first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(others, widths[1:], strict=True))]
            ).rstrip()
        )
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def figure(value):
    """A number with three figures, and no more digits than they need."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def write_json(path, document):
    """Writes the document where the user asked for it, if asked."""
    if path:
        Path(path).write_text(json.dumps({"machine": machine(), **document}, indent=2) + "\n")
        print(f"written: {path}")
