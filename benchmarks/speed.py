"""How fast forward and gradient run on arrays, side by side with other frameworks and with the machine's floor.

    python benchmarks/speed.py --python torch=/path/to/python --python jax=/path/to/python

Each framework runs in a process of its own, with the interpreter given by ``--python NAME=PATH`` (default: the
running one; what cannot be imported there is left out, and said so). Every result, value and all gradients, is
compared with float64 NumPy before it is timed. All are then timed in turns, round after round.

For each case a table gives the median of the rounds' medians, the fastest call, the spread of the rounds, and
the paired ratio: the framework's time by bant's time in the same round, its median and its range.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from _speed_problems import CASES, answers_of, inputs_of
from harness import (
    HERE,
    Worker,
    WorkerFailed,
    figure,
    interleaved,
    interpreters,
    machine,
    progress,
    table,
    write_json,
)

# The kind: "eager" runs what its user writes, "compiled" asks for a function to be compiled or compiles by itself.
KINDS = {
    "bant": "bant",
    "bant.undeferred": "bant",
    "bant.one_thread": "bant",
    "torch": "eager",
    "torch.compile": "compiled",
    "tensorflow": "eager",
    "tensorflow.xla": "compiled",
    "jax": "eager",
    "jax.jit": "compiled",
    "autograd": "eager",
    "mlx": "eager",
    "mlx.compile": "compiled",
    "drjit": "compiled",
    "numpy": "eager",
}
VARIANTS = {"bant.undeferred": {"BANT_DEFERRED": "0"}, "bant.one_thread": {"BANT_THREADS": "1"}}
USUAL = [name for name in KINDS if name not in VARIANTS]
PACKAGES = list(dict.fromkeys(name.partition(".")[0] for name in KINDS))
PAUSE = (
    0.03  # seconds, so that a pool that spins for a while after its work does not take the next one's cores
)
UNDECIDED = 1.5  # machines change speed by more than this from minute to minute


# -- preparing ----------------------------------------------------------------------------------------------


def limit_threads(threads):
    """Tells every framework's thread pool its size, and the system where there are more cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "BANT_THREADS"):
        os.environ[name] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if threads < len(cores):
            os.sched_setaffinity(0, cores[:threads])


def write_problems(names, directory):
    """Writes inputs and right results of each case into the directory; gives the counts by case."""
    counts = {}
    for name in names:
        progress(f"right answers: {name}")
        arrays = inputs_of(CASES[name])
        right, counts[name] = answers_of(CASES[name], arrays)
        saved = {f"in_{key}": array for key, array in arrays.items()}
        saved.update((f"out_{number}", array) for number, array in enumerate(right))
        np.savez(directory / f"{name}.npz", **saved)
    return counts


def start_workers(names, chosen, threads, directory):
    """A worker for each framework whose interpreter can import it."""
    workers = {}
    for name in names:
        progress(f"start {name}")
        environment = VARIANTS.get(name)
        try:
            python = chosen[name.partition(".")[0]]
            workers[name] = Worker(
                python, HERE / "_speed_worker.py", name, threads, directory, environment=environment
            )
        except (WorkerFailed, OSError) as reason:
            print(f"without {name}: {reason}")
    return workers


def prepare(workers, cases):
    """Prepares and checks everything; gives the pairs (case, framework) that can be timed, and the failures."""
    ready, failures = [], []
    for case in cases:
        for name, worker in workers.items():
            progress(f"prepare {case} {name}")
            try:
                if "right" in worker.ask(case=case, seconds=0):
                    ready.append((case, name))
            except (WorkerFailed, OSError) as reason:
                failures.append(f"without {name} in {case}: {reason}")
    progress("")
    return ready, failures


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


def floors_of(case, samples, counts, threads):
    """For each round the seconds below which the case cannot come, and the parts of that floor."""
    rounds = []
    for memory, products, loops in zip(
        samples["floor", case, "memory"],
        samples["floor", case, "products"],
        samples["floor", CASES[case].dtype],
        strict=True,
    ):
        looping = sum(count * loops.get(loop, 0.0) for loop, count in counts["loops"].items()) / threads
        parts = {"memory": memory, "products": products, "loops": looping}
        rounds.append({**parts, "floor": max(memory, products + looping)})
    return rounds


def flops_of(products):
    """Floating-point operations of the matrix products."""
    total = 0
    for (*batch, rows, inner, _), (*_, columns, _), times in products:
        total += 2 * int(np.prod(batch, dtype=np.int64)) * rows * inner * columns * times
    return total


# -- the report ---------------------------------------------------------------------------------------------


def facts_of(case, names, samples):
    """Medians, minimum, spread in ms and the paired ratio to bant of every framework that has samples."""
    facts = {}
    own = samples.get((case, "bant"))
    for name in names:
        taken = samples.get((case, name))
        if not taken or not any(taken):
            continue
        medians = [sample["median"] for sample in taken if sample]
        fact = {
            "median": 1e3 * statistics.median(medians),
            "min": 1e3 * min(sample["min"] for sample in taken if sample),
            "low": 1e3 * min(medians),
            "high": 1e3 * max(medians),
            "samples": [1e3 * sample["median"] if sample else None for sample in taken],
        }
        if own:
            pairs = [a["median"] / b["median"] for a, b in zip(taken, own, strict=True) if a and b]
            if pairs:
                fact["ratio"] = statistics.median(pairs)
                fact["ratio_low"], fact["ratio_high"] = min(pairs), max(pairs)
        facts[name] = fact
    return facts


def best(facts, kind):
    """The framework of that kind with the smallest paired ratio to bant, or none."""
    found = [(f["ratio"], name) for name, f in facts.items() if KINDS[name] == kind and "ratio" in f]
    return min(found)[1] if found else None


def short(value):
    """Three figures, also of what is far below 1."""
    return figure(value) if value >= 1 or value == 0 else f"{value:.3g}"


def mark(ratio):
    """The ratio, with a sign where it is too near 1 to be believed once."""
    return f"{short(ratio)}{'~' if 1 / UNDECIDED < ratio < UNDECIDED else ' '}"


def print_case(case, facts, floor, counts):
    """The table of one case."""
    sizes = ", ".join(f"{key} {value:,}" for key, value in CASES[case].sizes.items())
    parts = ", ".join(f"{part} {short(floor[part])}" for part in ("memory", "loops", "products"))
    print(f"\n{case}: {sizes}, {CASES[case].dtype}")
    print(
        f"{counts['bytes'] / 1e6:.3g} MB to read and write, {flops_of(counts['products']) / 1e9:.3g} Gflop in "
        f"matrix products; floor {short(floor['floor'])} ms ({parts})"
    )
    rows = []
    for name, fact in facts.items():
        ratio = "-"
        if "ratio" in fact and name != "bant":
            ratio = f"{mark(fact['ratio'])} {short(fact['ratio_low'])}..{short(fact['ratio_high'])}"
        spread = f"{short(fact['low'])}..{short(fact['high'])}"
        rows.append([name, KINDS[name], short(fact["median"]), short(fact["min"]), spread, ratio])
    print(table(["framework", "kind", "median ms", "min", "spread", "by bant"], rows))


def with_fastest(median, fastest):
    return f"{short(median)} ({short(fastest)})"


def summary_row(case, facts, floor):
    """One line: bant against the best of each kind and against the floor; in brackets the fastest alone."""
    row = [case]
    own = facts.get("bant")
    row.append(with_fastest(own["median"], own["min"]) if own else "-")
    for kind in ("eager", "compiled"):
        name = best(facts, kind)
        if name is None:
            row += ["-", "-"]
            continue
        fact = facts[name]
        row.append(f"{name} {with_fastest(fact['median'], fact['min'])}")
        row.append(f"{mark(fact['ratio'])} ({short(fact['min'] / own['min'])})")
    largest = "memory" if floor["memory"] >= floor["products"] + floor["loops"] else "loops"
    if largest == "loops" and floor["products"] > floor["loops"]:
        largest = "BLAS"
    row += [with_fastest(floor["floor"], floor["min"]), largest]
    row.append(with_fastest(floor["bant"], own["min"] / floor["min"]) if own else "-")
    return row


def report(samples, names, cases, counts, threads):
    """Prints everything; gives the same facts for JSON."""
    found, rows = {}, []
    for case in cases:
        facts = facts_of(case, names, samples)
        floors = floors_of(case, samples, counts[case], threads)
        floor = {part: 1e3 * statistics.median(f[part] for f in floors) for part in floors[0]}
        floor["min"] = 1e3 * min(f["floor"] for f in floors)
        own = samples.get((case, "bant"))
        if own and any(own):
            floor["bant"] = statistics.median(
                sample["median"] / f["floor"] for sample, f in zip(own, floors, strict=True) if sample
            )
        print_case(case, facts, floor, counts[case])
        rows.append(summary_row(case, facts, floor))
        found[case] = {
            "sizes": CASES[case].sizes,
            "dtype": CASES[case].dtype,
            "bytes": counts[case]["bytes"],
            "flops": flops_of(counts[case]["products"]),
            "floor": floor,
            "frameworks": facts,
        }
    header = [
        "case",
        "bant ms",
        "best eager",
        "ratio",
        "best compiled",
        "ratio",
        "floor ms",
        "by",
        "bant/floor",
    ]
    print("\nSummary: medians, in brackets the fastest. Ratios are paired, above 1 where bant is faster;")
    print(f"what is marked ~ lies within {UNDECIDED} of 1 and is undecided until repeated.")
    print(table(header, rows))
    return found


def print_machine(samples, threads):
    """What the machine was measured to do, the best of the rounds; the same facts for JSON."""
    rounds = samples["floor", "machine"]
    most = {key: max(sample[key] for sample in rounds) for key in rounds[0]}
    middle = {key: statistics.median(sample[key] for sample in rounds) for key in rounds[0]}
    text = ", ".join(f"{key} {most[key] / 1e9:.3g} (median {middle[key] / 1e9:.3g})" for key in most)
    print(f"GB/s and Gflop/s, {threads} threads, fastest of the rounds: {text}")
    loops = {}
    for dtype in ("float32", "float64"):
        taken = samples.get(("floor", dtype), [])
        loops[dtype] = {
            name: 1e9 * statistics.median(sample[name] for sample in taken) for name in (taken or [{}])[0]
        }
        if taken:
            text = ", ".join(f"{name} {value:.2g}" for name, value in loops[dtype].items())
            print(f"ns an element, one thread, {dtype}: {text}")
    return {"fastest": most, "median": middle, "loops": loops}


# -- the run ------------------------------------------------------------------------------------------------


def chosen_cases(wanted):
    """The cases whose name starts with one of the words."""
    cases = [name for name in CASES if not wanted or name.startswith(tuple(wanted))]
    if not cases:
        raise SystemExit(f"--cases takes beginnings of {', '.join(CASES)}")
    return cases


def options_of_the_run():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python", action="append", default=[], metavar="NAME=PATH", help="interpreter of a framework"
    )
    parser.add_argument("--frameworks", nargs="+", choices=list(KINDS), default=USUAL, metavar="NAME")
    parser.add_argument("--cases", nargs="+", metavar="CASE", help="names of cases, or how they begin")
    parser.add_argument("--threads", type=int, default=2, help="threads of every framework (2)")
    parser.add_argument("--rounds", type=int, default=None, help="interleaved rounds (9)")
    parser.add_argument("--seconds", type=float, default=None, help="of one sample (0.15)")
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
            ready, failures = prepare(workers, cases)
            versions = {name: worker.about["version"] for name, worker in workers.items()}
            print(
                f"{facts['processor']}, {facts['cores']} cores, {options.threads} threads; {options.rounds} rounds"
            )
            print(", ".join(f"{name} {version}" for name, version in versions.items()))
            print("\n".join(failures + [f"{len(ready)} results compared with float64 NumPy: all right"]))
            if not floors.about["erf"]:
                print("without the loop of erf in the floors: neither bant nor SciPy has one here")
            if any(failure.startswith("without bant in ") for failure in failures):
                sys.exit(1)
            measurements = floor_questions(floors, cases, counts, options.seconds)
            for case, name in ready:
                measurements[case, name] = partial(one_sample, workers[name], case, options.seconds)
            samples = interleaved(options.rounds, measurements)
        finally:
            for worker in [*workers.values(), *([floors] if floors else [])]:
                try:
                    worker.stop()
                except OSError:
                    pass  # it had ended by itself
    measured = print_machine(samples, options.threads)
    found = report(samples, list(workers), cases, counts, options.threads)
    settings = {"threads": options.threads, "rounds": options.rounds, "seconds": options.seconds}
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
