"""How long ``import bant`` takes against NumPy's own import, and how much bant puts on the disk.

    python benchmarks/import_time.py

Every import happens in a fresh process; the two take turns. bant's time includes NumPy's, which it needs.
"""

import argparse
import importlib.metadata
import importlib.util
from functools import partial
from pathlib import Path

from harness import figure, fresh, interleaved, machine, summary, table, write_json

PROGRAM = """
import json, sys, time
wall, cpu = time.perf_counter(), time.process_time()
__import__(sys.argv[1])
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""

MODULES = ["numpy", "bant"]
RATIO, MEGABYTES = 1.5, 10  # what was set out to be reached


def installed_files():
    """Every file that an installation of bant consists of, compiled Python left out."""
    package = Path(importlib.util.find_spec("bant").origin).parent
    extension = Path(importlib.util.find_spec("bant._core").origin)
    files = {path.resolve() for path in package.rglob("*") if path.is_file()} | {extension.resolve()}
    try:
        recorded = importlib.metadata.files("bant") or []
        files |= {path for path in (Path(entry.locate()).resolve() for entry in recorded) if path.is_file()}
    except importlib.metadata.PackageNotFoundError:
        pass
    return [path for path in files if path.suffix != ".pyc"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=None, help="interleaved rounds (21)")
    parser.add_argument("--quick", action="store_true", help="five rounds")
    parser.add_argument("--json", metavar="FILE", help="write every number there")
    options = parser.parse_args()
    rounds = options.rounds or (5 if options.quick else 21)

    for module in MODULES:
        fresh(PROGRAM, module)  # compiled Python and the disk's cache are there from now on
    samples = interleaved(rounds, {module: partial(fresh, PROGRAM, module) for module in MODULES})
    wall = {module: summary([sample[0] for sample in taken]) for module, taken in samples.items()}
    cpu = {module: summary([sample[1] for sample in taken]) for module, taken in samples.items()}

    facts = machine()
    print(f"{facts['processor']}, {facts['cores']} cores; {rounds} interleaved rounds of fresh processes\n")
    rows = [
        [f"import {module}"]
        + [figure(1e3 * times[module][kind]) for times in (wall, cpu) for kind in ("median", "min")]
        for module in MODULES
    ]
    ratios = {
        f"{clock} {kind}": times["bant"][kind] / times["numpy"][kind]
        for clock, times in (("wall", wall), ("cpu", cpu))
        for kind in ("median", "min")
    }
    rows.append(["bant / numpy", *(figure(ratio) for ratio in ratios.values())])
    print(table(["milliseconds", "wall median", "wall min", "CPU median", "CPU min"], rows))
    size = sum(path.stat().st_size for path in installed_files())
    print(f"\ninstalled without NumPy: {size / 1e6:.2f} MB")
    verdict = "reached" if ratios["wall median"] <= RATIO and size <= MEGABYTES * 1e6 else "missed"
    print(f"goal: at most {RATIO} times NumPy's import and {MEGABYTES} MB: {verdict}")
    write_json(
        options.json,
        {
            "rounds": rounds,
            "wall": wall,
            "cpu": cpu,
            "ratios": ratios,
            "installed_bytes": size,
            "goal": verdict,
        },
    )


if __name__ == "__main__":
    main()
