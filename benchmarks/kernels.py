"""How fast single kernels run, beside NumPy, PyTorch, TensorFlow and jax.jit: forward and gradient.

    python benchmarks/kernels.py --python torch=/path/to/python --python jax=/path/to/python
    python benchmarks/kernels.py --only exp sum_ softmax --sizes 1000 --dtypes float32     # names, or how they begin

Each framework runs in a process of its own, with the interpreter given by ``--python NAME=PATH`` (default: the running
one).  Every value is compared with float64 NumPy, every gradient with differences of it along a random direction, before
it is timed.  All are timed in turns; a time is the shortest of all rounds, from constants that are there to values that
are there.  At 10 elements a row shows what a call costs, at 10^7 what memory gives.

A gradient is the value and the gradients of all floating inputs for a given seed, from scratch.
"""

import argparse
import fnmatch
import re
import tempfile
import time
from pathlib import Path

import numpy as np
from _kernel_cases import CASES, inputs_of
from _kernel_worker import program, reference_names
from _speed_frameworks import PACKAGES, limit_threads, stop_workers
from harness import HERE, Worker, WorkerFailed, interpreters, machine, progress, write_json

NAMES = ["bant", "numpy", "torch", "tensorflow", "jax.jit"]
SIZES = [10, 10**3, 10**5, 10**7]
STEP = 1e-6  # of the differences, for inputs about 1: half of the digits


# -- right answers ------------------------------------------------------------------------------------------


def write_problem(file, case, mode, count, dtype):
    """Writes inputs and right answers: the value, and for gradients a seed and the slope along a direction."""
    arrays = inputs_of(case, count, dtype)
    reference = program(case.numpy, case.inputs, reference_names())
    exact = [array.astype(np.float64) if array.dtype.kind == "f" else array for array in arrays]
    right = reference(*exact)
    saved = {f"input_{k}": array for k, array in enumerate(arrays)}
    rng = np.random.default_rng(1)
    saved["seed"] = seed = np.asarray(rng.uniform(0.5, 1.5, np.shape(right)), dtype)
    if mode == "gradient":
        ahead, behind = list(exact), list(exact)
        places = [k for k, array in enumerate(exact) if array.dtype.kind == "f"]
        # large inputs, which are whole numbers, lose fewer digits with longer steps; these stay below 1
        step = STEP * max(1.0, min(max(float(np.mean(np.abs(exact[k]))) for k in places), 1e5))
        for number, place in enumerate(places):
            direction = rng.uniform(-1, 1, exact[place].shape)
            saved[f"direction_{number}"] = direction
            ahead[place], behind[place] = exact[place] + step * direction, exact[place] - step * direction
        difference = reference(*ahead) - reference(*behind)
        saved["slope"] = np.sum(seed * difference) / (2 * step)
    np.savez(file, right=right, **saved)


# -- measuring ----------------------------------------------------------------------------------------------


def measure(workers, name, mode, count, dtype, options, directory):
    """Shortest times by framework, and the sentences of those that failed."""
    file = directory / "problem.npz"
    write_problem(file, CASES[name], mode, count, dtype)
    times, failures = {}, []
    for who, worker in workers.items():
        progress(f"{name} {mode} {count} {dtype} {who}")
        try:
            if "right" in worker.ask(case=name, mode=mode, file=str(file)):
                times[who] = []
        except (WorkerFailed, OSError) as reason:
            failures.append(f"without {who} in {name} {mode} {dtype} {count:,}: {str(reason)[:200]}")
    if times.keys() <= {"bant"} or "bant" not in times:
        return {}, failures
    for _ in range(options.rounds):
        for who in times:
            time.sleep(0.01 if count > 10**3 else 0.0)  # a pool that spins after its work gives up the cores
            times[who].append(workers[who].ask(seconds=options.seconds)["min"])
    return {who: min(samples) for who, samples in times.items()}, failures


def questions(cases, options):
    """What is measured: (case, mode, elements, dtype)."""
    for size in options.sizes:
        for name in cases:
            if size > CASES[name].most:
                continue
            for mode in options.modes:
                if mode == "forward" or CASES[name].gradient:
                    yield from ((name, mode, size, dtype) for dtype in options.dtypes)


def row_of(name, mode, size, dtype, times):
    """A row of the table; its ratio is bant's time by the best peer's."""
    best = min((who for who in times if who != "bant"), key=times.get)
    facts = {"case": name, "mode": mode, "dtype": dtype, "size": size}
    return {**facts, "times": times, "best": best, "ratio": times["bant"] / times[best]}


# -- saying it ----------------------------------------------------------------------------------------------


def figure(seconds):
    """Microseconds, three figures."""
    micro = seconds * 1e6
    return f"{micro:,.0f}" if micro >= 100 else f"{micro:.3g}"


def summary(title, rows):
    """One line: how many rows are at or ahead of the best peer, and the worst."""
    worst = max(rows, key=lambda row: row["ratio"])
    ahead = sum(row["ratio"] <= 1.005 for row in rows)
    far = sum(row["ratio"] > 1.5 for row in rows)
    return (
        f"{title}: at or ahead of the best peer on {ahead} of {len(rows)} rows ({100 * ahead / len(rows):.0f}%), "
        f"slower than 1.5x on {far}; worst ratio {worst['ratio']:.2f} ({worst['case']} {worst['mode']} {worst['dtype']} {worst['size']:,})"
    )


def report(rows, names, brief):
    """The table, one row a measurement; ``brief``: only the rows behind the best peer, the worst first."""
    shown = sorted((r for r in rows if r["ratio"] > 1.005), key=lambda r: -r["ratio"]) if brief else rows
    times = " | ".join(f"{name} µs" for name in names)
    print(f"| kernel | mode | dtype | elements | {times} | best peer | bant / best |")
    print("|---|---|---|--:|" + "--:|" * len(names) + "---|--:|")
    for row in shown:
        times = " | ".join(figure(row["times"][n]) if n in row["times"] else "–" for n in names)
        print(
            f"| {row['case']} | {row['mode']} | {row['dtype']} | {row['size']:,} | {times} | {row['best']} "
            f"| {row['ratio']:.2f} |"
        )
    print()
    for mode in dict.fromkeys(row["mode"] for row in rows):
        for size in dict.fromkeys(row["size"] for row in rows):
            part = [row for row in rows if (row["mode"], row["size"]) == (mode, size)]
            if part:
                print(summary(f"{mode}, {size:,} elements", part))
    print(summary("all", rows))


# -- the run ------------------------------------------------------------------------------------------------


def chosen_cases(wanted):
    """The cases that the words name: a name, how names begin where none is so, or a pattern with * and ?."""
    chosen = set()
    for word in wanted or ["*"]:
        pattern = word if word in CASES or re.search(r"[*?\[]", word) else word + "*"
        found = fnmatch.filter(CASES, pattern)
        if not found:
            raise SystemExit(f"--only {word}: no such case; there are {', '.join(CASES)}")
        chosen.update(found)
    return [name for name in CASES if name in chosen]


def options_of_the_run():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python", action="append", default=[], metavar="NAME=PATH", help="interpreter of a framework"
    )
    parser.add_argument("--peers", nargs="+", choices=NAMES[1:], default=NAMES[1:], metavar="NAME")
    parser.add_argument(
        "--only", nargs="+", metavar="CASE", help="names of cases, how they begin, or patterns"
    )
    parser.add_argument(
        "--sizes", nargs="+", type=int, default=SIZES, metavar="N", help="elements (10 … 10^7)"
    )
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"], choices=["float32", "float64"])
    parser.add_argument(
        "--modes", nargs="+", default=["forward", "gradient"], choices=["forward", "gradient"]
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of every framework (2)")
    parser.add_argument("--rounds", type=int, default=None, help="interleaved rounds (5)")
    parser.add_argument("--seconds", type=float, default=None, help="of one sample (0.01)")
    parser.add_argument("--brief", action="store_true", help="print only the rows where bant is behind")
    parser.add_argument("--quick", action="store_true", help="float32, 1000 elements, two short rounds")
    parser.add_argument("--json", metavar="FILE", help="write every number there")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.dtypes = [10**3], ["float32"]
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = options.seconds or (0.002 if options.quick else 0.01)
    return options


def main():
    options = options_of_the_run()
    cases = chosen_cases(options.only)
    chosen = interpreters(options.python, PACKAGES)
    limit_threads(options.threads)
    facts, workers, rows, failures = machine(), {}, [], []
    with tempfile.TemporaryDirectory() as directory:
        try:
            for name in ["bant", *options.peers]:
                try:
                    python = chosen[name.partition(".")[0]]
                    workers[name] = Worker(python, HERE / "_kernel_worker.py", name, options.threads)
                except (WorkerFailed, OSError) as reason:
                    print(f"without {name}: {reason}")
            if len(workers) < 2 or "bant" not in workers:
                raise SystemExit("bant and a peer are needed")
            for question in questions(cases, options):
                times, failed = measure(workers, *question, options, Path(directory))
                failures += failed
                if times:
                    rows.append(row_of(*question, times))
            versions = {name: worker.about["version"] for name, worker in workers.items()}
        finally:
            stop_workers(workers.values())
    progress("")
    print(f"{facts['processor']}, {facts['cores']} cores, {options.threads} threads; {options.rounds} rounds")
    print(", ".join(f"{name} {version}" for name, version in versions.items()) + "\n")
    print("\n".join([*failures, ""]) if failures else "", end="")
    if rows:
        report(rows, list(workers), options.brief)
    write_json(options.json, {"versions": versions, "failures": failures, "rows": rows})
    if any(failure.startswith("without bant ") for failure in failures):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
