"""How fast forward and gradient run on arrays, side by side with other frameworks and with the machine's floor.

    python benchmarks/speed.py --python torch=/path/to/python --python jax=/path/to/python

Each framework runs in a process of its own, with the interpreter given by ``--python NAME=PATH`` (default: the
running one; what cannot be imported there is left out, and said so). Every result, value and all gradients, is
compared with float64 NumPy before it is timed. All are then timed in turns, round after round.

For each case a table gives the median of the rounds' medians, the fastest call, the spread of the rounds, and
the paired ratio: the framework's time by bant's (or another ``--base``'s) in the same round, its median and range.
"""

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from _speed_frameworks import (
    KINDS,
    PACKAGES,
    USUAL,
    limit_threads,
    start_workers,
    stop_workers,
    write_problems,
)
from _speed_problems import CASES
from _speed_report import print_machine, report
from harness import HERE, Worker, WorkerFailed, interleaved, interpreters, machine, progress, write_json

# seconds, so that a pool that spins for a while after its work does not take the next one's cores
PAUSE = 0.03
SLOW = 10  # seconds: who needs more before a first result is named


# -- preparing ----------------------------------------------------------------------------------------------


def prepare(workers, cases, limit):
    """Prepares and checks everything.

    Returns:
        The pairs (case, framework) that can be timed, the failures, and the seconds to prepare each pair.
    """
    ready, failures, taken = [], [], {}
    for case in cases:
        for name, worker in workers.items():
            progress(f"prepare {case} {name}")
            try:
                answer = worker.ask(case=case, limit=limit)
            except (WorkerFailed, OSError) as reason:
                failures.append(f"without {name} in {case}: {reason}")
                continue
            if "right" in answer:
                ready.append((case, name))
                taken[case, name] = answer["seconds"]
    progress("")
    return ready, failures, taken


def print_slow(taken):
    """Who takes long before the first result, and how long."""
    slow = {pair: seconds for pair, seconds in taken.items() if seconds > SLOW}
    for name in dict.fromkeys(name for _, name in slow):
        cases = ", ".join(f"{case} {seconds:.0f}" for (case, n), seconds in slow.items() if n == name)
        print(f"seconds until {name} had its first results: {cases}")


# -- measuring ----------------------------------------------------------------------------------------------


def one_sample(worker, case, seconds):
    time.sleep(PAUSE)
    try:
        return worker.ask(case=case, seconds=seconds)
    except (WorkerFailed, OSError):
        return None  # it was right before; the report counts the samples that are there


def floor_questions(floors, cases, counts, seconds):
    """The measurements of the floors, by a key that starts with "floor"."""

    def ask(**question):
        time.sleep(PAUSE)
        return floors.ask(**question)["found"]

    questions = {("floor", "machine"): partial(ask, question="machine", seconds=seconds)}
    dtypes = {CASES[case].dtype for case in cases}
    for dtype in sorted(dtypes):
        names = sorted({loop for c in cases if CASES[c].dtype == dtype for loop in counts[c]["loops"]})
        questions["floor", dtype] = partial(ask, question="loops", names=names, dtype=dtype)
    for case in cases:
        questions["floor", case, "memory"] = partial(
            ask, question="move", size=counts[case]["bytes"], seconds=seconds / 2
        )
        questions["floor", case, "products"] = partial(
            ask,
            question="multiply",
            case=case,
            dtype=CASES[case].dtype,
            products=counts[case]["products"],
            seconds=seconds / 2,
        )
    return questions


# -- the run ------------------------------------------------------------------------------------------------


def chosen_cases(wanted):
    """The cases that the words name; a word that is no case's name stands for all that begin so."""
    names = {word for word in wanted or [] if word in CASES}
    beginnings = tuple(word for word in wanted or [""] if word not in CASES)
    cases = [name for name in CASES if name in names or name.startswith(beginnings)]
    if not cases:
        raise SystemExit(f"--cases takes beginnings of {', '.join(CASES)}")
    return cases


def options_of_the_run():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python", action="append", default=[], metavar="NAME=PATH", help="interpreter of a framework"
    )
    parser.add_argument("--frameworks", nargs="+", choices=list(KINDS), default=USUAL, metavar="NAME")
    parser.add_argument(
        "--base", choices=list(KINDS), default="bant", metavar="NAME", help="what ratios are to (bant)"
    )
    parser.add_argument("--cases", nargs="+", metavar="CASE", help="names of cases, or how they begin")
    parser.add_argument("--threads", type=int, default=2, help="threads of every framework (2)")
    parser.add_argument("--rounds", type=int, default=None, help="interleaved rounds (9)")
    parser.add_argument("--seconds", type=float, default=None, help="of one sample (0.15)")
    parser.add_argument("--patience", type=float, default=300, help="seconds to prepare a case (300)")
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument("--json", metavar="FILE", help="write every number there")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 9)
    options.seconds = options.seconds or (0.03 if options.quick else 0.15)
    return options


def main():
    options = options_of_the_run()
    cases = chosen_cases(options.cases)
    chosen = interpreters(options.python, PACKAGES)
    limit_threads(options.threads)
    facts = machine()
    workers, floors = {}, None
    with tempfile.TemporaryDirectory() as directory:
        try:
            counts = write_problems(cases, Path(directory))
            undeferred = {"BANT_DEFERRED": "0"}
            floors = Worker(
                chosen["bant"], HERE / "_speed_floors.py", options.threads, environment=undeferred
            )
            workers = start_workers(options.frameworks, chosen, options.threads, directory)
            if not workers:
                raise SystemExit("no framework could be started")
            ready, failures, taken = prepare(workers, cases, options.patience)
            versions = {name: worker.about["version"] for name, worker in workers.items()}
            print(
                f"{facts['processor']}, {facts['cores']} cores, {options.threads} threads; {options.rounds} rounds"
            )
            print(", ".join(f"{name} {version}" for name, version in versions.items()))
            print("\n".join(failures + [f"{len(ready)} results compared with float64 NumPy: all right"]))
            if not floors.about["erf"]:
                print("without the loop of erf in the floors: neither bant nor SciPy has one here")
            print_slow(taken)
            if any(
                failure.startswith(("without bant in ", "without bant.function in ")) for failure in failures
            ):
                sys.exit(1)
            measurements = floor_questions(floors, cases, counts, options.seconds)
            for case, name in ready:
                measurements[case, name] = partial(one_sample, workers[name], case, options.seconds)
            samples = interleaved(options.rounds, measurements)
        finally:
            stop_workers([*workers.values(), *([floors] if floors else [])])
    measured = print_machine(samples, options.threads)
    found = report(samples, list(workers), cases, counts, options.threads, options.base)
    for (case, name), seconds in taken.items():
        found[case]["frameworks"][name]["prepared"] = seconds
    settings = {
        "base": options.base,
        "threads": options.threads,
        "rounds": options.rounds,
        "seconds": options.seconds,
    }
    write_json(
        options.json,
        {
            "settings": settings,
            "versions": versions,
            "measured": measured,
            "failures": failures,
            "cases": found,
        },
    )


if __name__ == "__main__":
    main()
