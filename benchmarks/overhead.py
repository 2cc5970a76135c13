"""What one recorded operation costs, side by side with other frameworks, in one run.

    python benchmarks/overhead.py --python torch=/path/to/python --python tensorflow=/path/to/python

Each framework runs in a process of its own, with the interpreter given by ``--python NAME=PATH`` (default:
the running one; a framework that cannot be imported there is left out, and said so). Every result is
compared with float64 NumPy before it is timed. The table shows the median over the rounds, the smallest in
brackets, and the ratio of the medians to bant's.
"""

import argparse
from functools import partial

from harness import (
    HERE,
    Worker,
    WorkerFailed,
    figure,
    interleaved,
    interpreters,
    machine,
    summary,
    table,
    write_json,
)

NAMES = ["bant", "torch", "tensorflow", "autograd", "numpy"]

# (title, case, its arguments, unit, units in a call, goal)
CASES = [
    ("chain of 1000 ops, scalar, forward + gradient", "chain", [0], "ns/op", 1e9 / 1000, 250),
    ("chain of 1000 ops, vectors of 10", "chain", [10], "ns/op", 1e9 / 1000, 250),
    ("chain of 1000 ops, vectors of 100", "chain", [100], "ns/op", 1e9 / 1000, None),
    ("x * y, not recorded", "multiply", [], "ns", 1e9 / 10, 60),
    ("variable * y, not recorded", "multiply_variable", [], "ns", 1e9 / 10, None),
    ("variable.value()", "read_variable", [], "ns", 1e9 / 10, None),
    ("gradient of (sum x)^2", "sum_squared", [], "us", 1e6, 2.5),
    ("second derivative of x^3, nested tapes", "second_derivative", [], "us", 1e6, 4),
    ("seed: (sum x)^2 and its assertions", "seed_sum_squared", [], "us", 1e6, None),
    ("seed: with respect to an intermediate", "seed_intermediate", [], "us", 1e6, None),
    ("seed: persistent, x^4 and x^2", "seed_persistent", [], "us", 1e6, None),
    ("seed: control flow, three gradients", "seed_control_flow", [], "us", 1e6, None),
    ("seed: second derivative of a variable", "seed_second_derivative", [], "us", 1e6, None),
]


def start_workers(chosen):
    """A worker for each framework whose interpreter can import it."""
    workers = {}
    for name, python in chosen.items():
        try:
            workers[name] = Worker(python, HERE / "_overhead_cases.py", name)
        except (WorkerFailed, OSError) as reason:
            print(f"without {name}: {reason}")
    return workers


def ask_seconds(worker, question):
    return worker.ask(**question)["seconds"]


def measure(workers, rounds, seconds):
    """Samples in seconds by (title, framework), in interleaved rounds after every result was checked."""
    measurements = {}
    for title, case, arguments, *_ in CASES:
        for name, worker in workers.items():
            checked = worker.ask(case=case, arguments=arguments, seconds=0)
            if "absent" not in checked:
                question = {"case": case, "arguments": arguments, "seconds": seconds}
                measurements[title, name] = partial(ask_seconds, worker, question)
    print(f"{len(measurements)} results compared with float64 NumPy: all right\n")
    return interleaved(rounds, measurements)


def report(samples, names):
    """The table's rows and the same facts for JSON."""
    rows, facts = [], []
    for title, case, arguments, unit, scale, goal in CASES:
        found = {
            name: {key: value * scale for key, value in summary(samples[title, name]).items()}
            for name in names
            if (title, name) in samples
        }
        own = found.get("bant", {}).get("median")
        cells = []
        for name in names:
            if name not in found:
                cells.append("-")
                continue
            median, least = found[name]["median"], found[name]["min"]
            text = f"{figure(median)} ({figure(least)})"
            if own and name != "bant":
                found[name]["ratio"] = median / own
                text += f" {figure(median / own)}x"
            cells.append(text)
        rows.append([title, unit, "" if goal is None else goal, *cells])
        facts.append(
            {"title": title, "case": case, "arguments": arguments, "unit": unit, "goal": goal, **found}
        )
    return rows, facts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python", action="append", default=[], metavar="NAME=PATH", help="interpreter of a framework"
    )
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="frameworks to measure")
    parser.add_argument("--rounds", type=int, default=None, help="interleaved rounds (9)")
    parser.add_argument("--quick", action="store_true", help="three short rounds")
    parser.add_argument("--json", metavar="FILE", help="write every number there")
    options = parser.parse_args()

    rounds = options.rounds or (3 if options.quick else 9)
    seconds = 0.02 if options.quick else 0.1
    chosen = {
        name: python for name, python in interpreters(options.python, NAMES).items() if name in options.only
    }
    workers = start_workers(chosen)
    if not workers:
        raise SystemExit("no framework could be started")
    try:
        versions = {name: worker.about["version"] for name, worker in workers.items()}
        facts = machine()
        print(f"{facts['processor']}, {facts['cores']} cores; {rounds} rounds; median (min), ratio to bant")
        print(", ".join(f"{name} {version}" for name, version in versions.items()))
        samples = measure(workers, rounds, seconds)
    finally:
        for worker in workers.values():
            worker.stop()
    rows, cases = report(samples, list(workers))
    print(table(["case", "unit", "goal", *workers], rows))
    write_json(options.json, {"versions": versions, "rounds": rounds, "cases": cases})


if __name__ == "__main__":
    main()
