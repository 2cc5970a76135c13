"""How far memory rises while the gradient of a long loop of large arrays is taken, side by side with others.

    python benchmarks/peak_memory.py --python torch=/path/to/python

Two loops of 1000 steps on 100,000 float32, each framework in a fresh process:

sine      x = x + 0.01 * sin(x)
product   x = x - x * sin(x)

Either can be differentiated with one array kept for each step, the x that comes in: that is what must be kept, and
what NumPy by hand keeps. Measured is the highest resident memory of the process during forward and gradient,
less what it held after a loop of a few steps. Gradients are compared with float64 NumPy.
"""

import argparse
import json
import resource
import sys
from pathlib import Path

from harness import (
    HERE,
    WorkerFailed,
    figure,
    fresh,
    interpreters,
    machine,
    progress,
    resident_bytes,
    table,
    write_json,
)

SIZE = 100_000
WARM = 5  # steps of the loop that is run before anything is measured
WITHIN = 1.1  # of what must be kept
LOOPS = {"sine": lambda x, sin: x + 0.01 * sin(x), "product": lambda x, sin: x - x * sin(x)}


def start():
    """Where the loop begins; neither loop's gradient overflows or becomes denormal from here."""
    import numpy as np

    return np.linspace(0.2, 1.2, SIZE, dtype=np.float32)


# -- the frameworks: each gives a function of the number of steps, which returns the gradient -----------------


def tensorflow(step, module="tensorflow"):
    import numpy as np

    tf = __import__(module)
    beginning = tf.constant(start())

    def run(steps):
        with tf.GradientTape() as tape:
            tape.watch(beginning)
            x = beginning
            for _ in range(steps):
                x = step(x, tf.sin)
            total = tf.reduce_sum(x)
        return np.asarray(tape.gradient(total, beginning))

    return run


def bant(step):
    return tensorflow(step, "bant")


def torch(step):
    import torch

    beginning = torch.from_numpy(start()).requires_grad_()

    def run(steps):
        x = beginning
        for _ in range(steps):
            x = step(x, torch.sin)
        return torch.autograd.grad(torch.sum(x), beginning)[0].numpy()

    return run


def jax(step):
    import jax

    beginning = jax.numpy.asarray(start())

    def run(steps):
        def total(x):
            for _ in range(steps):
                x = step(x, jax.numpy.sin)
            return jax.numpy.sum(x)

        return jax.grad(total)(beginning)

    return run


def autograd(step):
    import autograd
    import autograd.numpy

    beginning = start()

    def run(steps):
        def total(x):
            for _ in range(steps):
                x = step(x, autograd.numpy.sin)
            return autograd.numpy.sum(x)

        return autograd.grad(total)(beginning)

    return run


def mlx(step):
    import mlx.core as mx
    import numpy as np

    mx.set_default_device(mx.cpu)
    beginning = mx.array(start())

    def run(steps):
        def total(x):
            for _ in range(steps):
                x = step(x, mx.sin)
            return mx.sum(x)

        return np.asarray(mx.grad(total)(beginning))

    return run


def numpy(step):
    return lambda steps: gradient_by_hand(step, start(), steps)


def gradient_by_hand(step, x, steps):
    """The gradient of the sum, with the x of every step kept, in whatever dtype comes in."""
    import numpy as np

    kept = []
    for _ in range(steps):
        kept.append(x)
        x = step(x, np.sin)
    g = np.ones_like(x)
    while kept:
        x = kept.pop()
        slope = 1 + 0.01 * np.cos(x) if step is LOOPS["sine"] else 1 - np.sin(x) - x * np.cos(x)
        g = g * slope
    return g


FRAMEWORKS = {
    function.__name__: function for function in (bant, torch, tensorflow, jax, autograd, mlx, numpy)
}


# -- one measurement, in a process of its own ----------------------------------------------------------------


def peak_bytes():
    """The highest resident memory since the mark was last reset, or since the process began."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def reset_peak():
    """Sets the mark of the highest memory to what is held now, where the system lets a process do that."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # the mark of the short loop stands, and that is below any other


def measure(framework, loop, steps):
    """Bytes by which the process grew, at the worst moment of the gradient of the loop."""
    import numpy as np

    step = LOOPS[loop]
    run = FRAMEWORKS[framework](step)
    run(WARM)
    reset_peak()
    before = resident_bytes()
    gradient = np.asarray(run(steps))
    grown = peak_bytes() - before
    right = gradient_by_hand(step, start()[::100].astype(np.float64), steps)
    if not np.allclose(gradient[::100], right, rtol=5e-3, atol=1e-6 * np.max(np.abs(right))):
        raise AssertionError(f"the gradient of the loop {loop} is wrong")
    return {"bytes": grown}


# -- the report ---------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python", action="append", default=[], metavar="NAME=PATH", help="interpreter of a framework"
    )
    parser.add_argument("--only", nargs="+", choices=list(FRAMEWORKS), default=list(FRAMEWORKS))
    parser.add_argument("--quick", action="store_true", help="a fifth of the steps")
    parser.add_argument("--json", metavar="FILE", help="write every number there")
    options = parser.parse_args()
    steps = 200 if options.quick else 1000
    needed = steps * SIZE * 4
    chosen = interpreters(options.python, list(FRAMEWORKS))
    program = (
        f"import json, sys; sys.path.insert(0, {str(HERE)!r}); import peak_memory; "
        "print(json.dumps(peak_memory.measure(*json.loads(sys.argv[1]))))"
    )
    found = {}
    for name in options.only:
        for loop in LOOPS:
            progress(f"{name}, {loop}")
            try:
                answer = fresh(program, json.dumps([name, loop, steps]), python=chosen[name])
            except (WorkerFailed, OSError) as reason:
                print(f"without {name}: {reason}")
                break
            found.setdefault(name, {})[loop] = answer["bytes"]
    progress("")
    facts = machine()
    print(f"{facts['processor']}, {facts['cores']} cores; {steps} steps on {SIZE:,} float32")
    rows = [["what must be kept", *(f"{needed / 2**20:,.0f}" for _ in LOOPS)]]
    for name, peaks in found.items():
        cells = [f"{value / 2**20:,.0f} ({figure(value / needed)}x)" for value in peaks.values()]
        rows.append([name, *cells, *["-"] * (len(LOOPS) - len(cells))])
    print(table(["peak, MiB", *LOOPS], rows))
    reached = all(value <= WITHIN * needed for value in found.get("bant", {}).values())
    if "bant" in found:
        print(f"{'ok  ' if reached else 'MISS'}  bant: at most {WITHIN} times what must be kept")
    write_json(options.json, {"steps": steps, "size": SIZE, "needed": needed, "peak_bytes": found})
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
