"""How long it takes until a function of 1000 operations has its first value and gradient, next to other frameworks.

    python benchmarks/trace_time.py --python jax=/path/to/python --python tensorflow=/path/to/python

The first call traces, differentiates, plans or compiles, and runs; the second and later ones only run, unless a
framework put something off. A function is made anew for every sample, in a process in which another function was
compiled before, so imports and start-up do not count; ``start`` is that other function's time, with them.
The frameworks take turns, round after round. Who needs longer than ``--once`` seconds is asked in one round only.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from _speed_frameworks import PACKAGES, limit_threads, start_workers, stop_workers, write_problems
from harness import WorkerFailed, figure, interpreters, machine, progress, table, write_json

NAMES = [
    "bant.function",
    "jax.jit",
    "tensorflow.function",
    "tensorflow.xla",
    "torch.compile",
    "casadi",
]
CASES = {
    "call_small_gradient": "x * y + sin(x) and its gradient",
    "program_100": "100 operations and their gradient",
    "program_1000": "1000 operations and their gradient",
}
STARTER = "call_small"
# PyTorch keeps on disk what it compiled in earlier processes; that would be found again.
ENVIRONMENT = {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}
PARTS = ("first", "second", "later")


def ask(worker, case, limit):
    """The milliseconds of one fresh function's calls, or the reason why there are none."""
    try:
        answer = worker.ask(case=case, limit=limit, traced=True)
    except (WorkerFailed, OSError) as reason:
        return str(reason)
    return {part: 1e3 * answer[part] for part in PARTS} if "first" in answer else "it does not know the case"


def measure(workers, cases, rounds, limit, once):
    """Samples by (case, framework), each round through all of them; and who was left out, and why."""
    samples, failures = {}, []
    for number in range(rounds):
        for case in cases:
            for name, worker in workers.items():
                progress(f"round {number + 1} of {rounds}: {case} {name}")
                taken = samples.setdefault((case, name), [])
                if number and (not taken or taken[0]["first"] > 1e3 * once):
                    continue
                answer = ask(worker, case, limit)
                if isinstance(answer, dict):
                    taken.append(answer)
                else:
                    failures.append(f"without {name} in {case}: {answer}")
    progress("")
    return samples, failures


def facts_of(taken, own):
    """Medians, the fastest first call, and the median ratio of the first calls to those of the base."""
    facts = {part: statistics.median(sample[part] for sample in taken) for part in PARTS}
    facts["fastest"] = min(sample["first"] for sample in taken)
    facts["samples"] = taken
    pairs = [a["first"] / b["first"] for a, b in zip(taken, own)]  # one may have fewer samples
    if pairs:
        facts["ratio"] = statistics.median(pairs)
    return facts


def print_case(case, facts, base):
    """The table of one case; times in ms."""
    rows = []
    for name, fact in facts.items():
        ratio = figure(fact["ratio"]) if "ratio" in fact and name != base else "-"
        first = f"{figure(fact['first'])} ({figure(fact['fastest'])})"
        rows.append(
            [name, first, figure(fact["second"]), f"{fact['later']:.3g}", ratio, len(fact["samples"])]
        )
    print(f"\n{case}: {CASES[case]}")
    print(table(["framework", "first ms", "second", "later", f"first by {base}", "samples"], rows))


def options_of_the_run():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python", action="append", default=[], metavar="NAME=PATH", help="interpreter of a framework"
    )
    parser.add_argument("--frameworks", nargs="+", choices=NAMES, default=NAMES, metavar="NAME")
    parser.add_argument("--base", choices=NAMES, default=NAMES[0], metavar="NAME", help="what ratios are to")
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES), metavar="CASE")
    parser.add_argument("--threads", type=int, default=2, help="threads of every framework (2)")
    parser.add_argument("--rounds", type=int, default=None, help="interleaved rounds (9)")
    parser.add_argument("--patience", type=float, default=300, help="seconds for a first call (300)")
    parser.add_argument("--once", type=float, default=20, help="seconds of a first call not repeated (20)")
    parser.add_argument("--quick", action="store_true", help="two rounds")
    parser.add_argument("--json", metavar="FILE", help="write every number there")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 9)
    return options


def main():
    options = options_of_the_run()
    chosen = interpreters(options.python, PACKAGES)
    limit_threads(options.threads)
    facts = machine()
    workers = {}
    with tempfile.TemporaryDirectory() as directory:
        try:
            write_problems([STARTER, *options.cases], Path(directory))
            workers = start_workers(options.frameworks, chosen, options.threads, directory, ENVIRONMENT)
            starts = {name: ask(worker, STARTER, options.patience) for name, worker in workers.items()}
            versions = {name: worker.about["version"] for name, worker in workers.items()}
            samples, failures = measure(
                workers, options.cases, options.rounds, options.patience, options.once
            )
        finally:
            stop_workers(workers.values())
    print(f"{facts['processor']}, {facts['cores']} cores, {options.threads} threads; {options.rounds} rounds")
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    print("\n".join([*failures, "Results compared with float64 NumPy: all right"]))
    first = {name: start["first"] for name, start in starts.items() if isinstance(start, dict)}
    print(
        "ms of a process's first small function: " + ", ".join(f"{n} {figure(t)}" for n, t in first.items())
    )
    found = {}
    for case in options.cases:
        own = samples.get((case, options.base), [])
        found[case] = {
            name: facts_of(samples[case, name], own) for name in workers if samples.get((case, name))
        }
        print_case(case, found[case], options.base)
    settings = {"base": options.base, "threads": options.threads, "rounds": options.rounds}
    write_json(
        options.json,
        {"settings": settings, "versions": versions, "failures": failures, "start": first, "cases": found},
    )


if __name__ == "__main__":
    main()
