"""How many machine instructions one operation takes, and where they go.

    python benchmarks/instructions.py            # counts
    python benchmarks/instructions.py --where    # and the functions they are spent in

Instructions do not depend on what else the machine is doing, so small changes of the core show. Each
program is run twice, with different numbers of operations, under ``valgrind --tool=callgrind`` (or ``perf
stat``, which knows no functions); the difference of the counts over the difference of the numbers is what
one operation takes, without start-up and import. The loop around it is Python's and is counted with it;
"the loop alone" says how much that is.
"""

import argparse
import collections
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import figure, table, write_json

SETUP = """
import sys
import bant as tf
x, y = tf.constant(1.0), tf.constant(0.999)
v = tf.Variable(1.0)
a, b = 1.0, 0.999
sin = tf.sin
count = int(sys.argv[1])
def run():
"""

RECORDING = """
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = x
        for _ in range(count):
            {statement}
"""

PROGRAMS = {
    "the loop alone": "    for _ in range(count): pass",
    "float * float (Python)": "    for _ in range(count): a * b",
    "x * y, not recorded": "    for _ in range(count): x * y",
    "sin(x), not recorded": "    for _ in range(count): sin(x)",
    "variable * y, not recorded": "    for _ in range(count): v * y",
    "x * y, recorded": RECORDING.format(statement="x * y"),
    "z = z * y, recorded chain, forward": RECORDING.format(statement="z = z * y"),
    "z = z * y, forward and gradient": RECORDING.format(statement="z = z * y") + "    tape.gradient(z, x)",
    "z = sin(z), recorded chain, forward": RECORDING.format(statement="z = sin(z)"),
    "z = sin(z), forward and gradient": RECORDING.format(statement="z = sin(z)") + "    tape.gradient(z, x)",
    "a tape, x * x * x, its gradient": """
    for _ in range(count):
        with tf.GradientTape() as tape:
            tape.watch(x)
            z = x * x * x
        tape.gradient(z, x)
""",
}

# What a sweep takes is the whole less the forward half.
DIFFERENCES = {
    "sweep over z * y": ("z = z * y, forward and gradient", "z = z * y, recorded chain, forward"),
    "sweep over sin(z)": ("z = sin(z), forward and gradient", "z = sin(z), recorded chain, forward"),
}


# -- two ways of counting -----------------------------------------------------------------------------------


def counted_by_callgrind(file, number, folder):
    """Instructions by function, from one run under callgrind."""
    out = Path(folder) / "callgrind.out"
    command = [
        "valgrind",
        "--tool=callgrind",
        f"--callgrind-out-file={out}",
        sys.executable,
        str(file),
        str(number),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(
            "\n".join(line for line in done.stderr.splitlines() if not line.startswith("=="))[-2000:]
        )
    return self_costs(out.read_text(errors="replace").splitlines())


def self_costs(lines):
    """Reads callgrind's format: instructions spent in each function itself."""
    costs, names = collections.Counter(), {}
    function, after_call = None, False
    for line in lines:
        if line.startswith("fn="):
            number, name = re.match(r"fn=(\(\d+\))\s*(.*)", line).groups()
            function = names.setdefault(number, name)
        elif line.startswith("cfn="):
            number, name = re.match(r"cfn=(\(\d+\))\s*(.*)", line).groups()
            names.setdefault(number, name)
        elif line.startswith("calls="):
            after_call = True  # the next line is the cost of what was called, counted there
        elif line[:1] in "+-*0123456789" and line:
            if after_call:
                after_call = False
            else:
                costs[function] += int(line.split()[1])
    return costs


def counted_by_perf(file, number, folder):
    """All instructions in user space, from one run under perf."""
    command = ["perf", "stat", "-x", ";", "-e", "instructions:u", sys.executable, str(file), str(number)]
    done = subprocess.run(command, capture_output=True, text=True)
    for line in done.stderr.splitlines():
        value, *rest = line.split(";")
        if "instructions" in "".join(rest) and value.isdigit():
            return collections.Counter({"all": int(value)})
    raise SystemExit(f"perf counts no instructions here: {done.stderr.strip()[-500:]}")


COUNTERS = {"valgrind": counted_by_callgrind, "perf": counted_by_perf}


def counts_per_operation(program, counter, small, large):
    """Instructions one operation takes, by function."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.py"
        file.write_text(SETUP + program.strip("\n") + "\nrun()\n")
        less, more = (counter(file, number, folder) for number in (small, large))
    return {name: (more[name] - less[name]) / (large - small) for name in more.keys() | less.keys()}


# -- the report ---------------------------------------------------------------------------------------------


def where(costs, most):
    """The functions that take the most, one to a line."""
    ranked = sorted(costs.items(), key=lambda item: -item[1])[:most]
    return "\n".join(f"    {figure(cost):>8}  {name[:90]}" for name, cost in ranked if cost >= 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    installed = [tool for tool in COUNTERS if shutil.which(tool)]
    parser.add_argument("--tool", choices=list(COUNTERS), default=installed[0] if installed else None)
    parser.add_argument("--where", action="store_true", help="show the functions too (valgrind only)")
    parser.add_argument("--most", type=int, default=12, help="how many functions to show")
    parser.add_argument("--only", metavar="TEXT", default="", help="only programs whose title contains this")
    parser.add_argument("--small", type=int, default=2_000, help="operations of the short run")
    parser.add_argument("--large", type=int, default=12_000, help="operations of the long run")
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    parser.add_argument("--json", metavar="FILE", help="write every number there")
    options = parser.parse_args()
    if options.tool is None:
        print("left out: neither valgrind nor perf is installed")
        return
    small, large = (500, 2_500) if options.quick else (options.small, options.large)

    found = {}
    for title, program in PROGRAMS.items():
        if options.only in title:
            found[title] = counts_per_operation(program, COUNTERS[options.tool], small, large)
    totals = {title: sum(costs.values()) for title, costs in found.items()}
    for title, (whole, forward) in DIFFERENCES.items():
        if whole in totals and forward in totals:
            totals[title] = totals[whole] - totals[forward]
            found[title] = {name: cost - found[forward].get(name, 0) for name, cost in found[whole].items()}

    print(f"instructions per operation, by {options.tool}, from runs of {small:,} and {large:,}\n")
    print(table(["program", "instructions"], [[title, figure(total)] for title, total in totals.items()]))
    if options.where and options.tool == "valgrind":
        for title, costs in found.items():
            print(f"\n{title}\n{where(costs, options.most)}")
    write_json(options.json, {"tool": options.tool, "small": small, "large": large, "instructions": totals})


if __name__ == "__main__":
    main()
