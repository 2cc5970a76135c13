"""What a tape keeps, and that it lets go of it.

    python benchmarks/memory.py

Four measurements, each in a fresh process:

records   ten million recorded scalar operations in one tape, the gradient taken: bytes of each Record beyond
          the tensors, and memory after ``del tape`` against memory before.
again     a long tape made several times over: nothing may pile up.
tapes     a million tapes made, used and dropped: the memory of the process stays flat.
cycles    reference cycles through tensors, variables, tapes and custom gradients: the collector frees all.
"""

import argparse
import gc
import json
import sys
import weakref

from harness import HERE, WorkerFailed, figure, fresh, machine, progress, resident_bytes, table, write_json

RECORD_BYTES = 120  # of a Record, beyond the tensors
BACK_WITHIN = 0.05
FLAT_WITHIN = 0.05


def live_bytes():
    """Bytes the core's allocator has handed out and not got back."""
    from bant import _core

    return _core.info()["allocator"]["live_bytes"]


def levels():
    return {"resident": resident_bytes(), "live": live_bytes()}


def long_tape(tf, operations):
    """A tape with that many dependent multiplications, by 2 and by 0.5 in turn: the product stays 1."""
    x = tf.constant(1.0)
    double, half = tf.constant(2.0), tf.constant(0.5)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x
        for _ in range(operations // 2):
            y = y * double
            y = y * half
    return tape, x, y


def measure_records(operations):
    """Memory before, with the tape, after its gradient, and after the tape is gone."""
    import bant as tf
    from bant import _core

    tape, x, y = long_tape(tf, 1000)
    assert float(tape.gradient(y, x)) == 1.0  # what is made once and kept is there before we look
    del tape, x, y
    gc.collect()

    before = levels()
    tape, x, y = long_tape(tf, operations)
    recorded = levels()
    record_bytes = _core.tape_bytes(tape) / operations
    gradient = float(tape.gradient(y, x))
    after_gradient = levels()
    del tape, x, y
    gc.collect()
    after = levels()
    return {
        "operations": operations,
        "gradient": gradient,
        "record_bytes": record_bytes,
        "before": before,
        "recorded": recorded,
        "after_gradient": after_gradient,
        "after": after,
    }


def measure_again(operations, times):
    """Resident memory after each of several long tapes in turn."""
    import bant as tf

    resident = []
    for _ in range(times):
        tape, x, y = long_tape(tf, operations)
        assert float(tape.gradient(y, x)) == 1.0
        del tape, x, y
        resident.append(resident_bytes())
    return {"operations": operations, "resident": resident, "live": live_bytes()}


def measure_tapes(tapes):
    """Resident memory every tenth of the way through many short tapes."""
    import bant as tf

    x = tf.constant(3.0)
    v = tf.Variable(2.0)

    def one_tape():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * v
        first, second = tape.gradient(y, [x, v])
        return first, second

    for _ in range(1000):
        one_tape()
    gc.collect()
    resident, live = [resident_bytes()], [live_bytes()]
    for _ in range(10):
        for _ in range(tapes // 10):
            one_tape()
        resident.append(resident_bytes())
        live.append(live_bytes())
    assert [float(g) for g in one_tape()] == [12.0, 9.0]
    return {"tapes": tapes, "resident": resident, "live": live}


class Witness:
    """Something that can be weakly referenced, put into a cycle to see whether the cycle was collected."""


def cycle_of_tensors(tf):
    witness = Witness()
    witness.tensor = tf.ones(1000)
    witness.itself = witness
    return witness


def cycle_of_variables(tf):
    witness = Witness()
    witness.variable = tf.Variable(lambda: tf.ones(1000) if witness else None)
    witness.itself = witness
    return witness


def cycle_through_a_custom_gradient(tf):
    """The tape keeps the gradient function, which keeps the witness, which keeps the tape."""
    witness = Witness()

    @tf.custom_gradient
    def scaled(x):
        return x * 2.0, lambda g: g * 2.0 if witness else None

    x = tf.ones(1000)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = scaled(x)
    witness.tape, witness.result = tape, y
    return witness


def cycle_through_an_unused_tape(tf):
    witness = Witness()
    tape = tf.GradientTape(persistent=True)
    witness.tape = tape
    x = tf.ones(1000)
    with tape:
        tape.watch(x)

        @tf.custom_gradient
        def kept(x):
            return x * 1.0, lambda g: (g, witness)[0]

        witness.results = [kept(x), kept]
    return witness


CYCLES = [cycle_of_tensors, cycle_of_variables, cycle_through_a_custom_gradient, cycle_through_an_unused_tape]


def measure_cycles(repeats):
    """How many witnesses of each kind outlive a collection, and what the allocator holds before and after."""
    import bant as tf

    survivors = {}
    for make in CYCLES:
        make(tf)
    gc.collect()
    before = live_bytes()
    gc.disable()
    for make in CYCLES:
        witnesses = [weakref.ref(make(tf)) for _ in range(repeats)]
        gc.collect()
        survivors[make.__name__] = sum(witness() is not None for witness in witnesses)
    return {"repeats": repeats, "survivors": survivors, "live_before": before, "live_after": live_bytes()}


# -- the report ---------------------------------------------------------------------------------------------


def megabytes(value):
    return f"{value / 1e6:,.1f}"


def say(question, answer, goal, right):
    print(f"{'ok  ' if right else 'MISS'}  {question}: {answer}  (goal: {goal})")
    return right


def grown(after, before):
    return (after - before) / before


def report(found):
    """Prints every measurement with its verdict; true if every goal was reached."""
    records, again, tapes, cycles = (found[name] for name in ("records", "again", "tapes", "cycles"))
    count = f"{records['operations']:,}"
    stages = ["before", "recorded", "after_gradient", "after"]
    rows = [
        [stage.replace("_", " "), *(megabytes(records[stage][k]) for k in ("resident", "live"))]
        for stage in stages
    ]
    print(f"\none tape of {count} multiplications, gradient {records['gradient']}")
    print(table(["MB", "resident", "allocator"], rows) + "\n")
    before, after = records["before"], records["after"]
    first, last = tapes["resident"][1], tapes["resident"][-1]
    text = ", ".join(f"{name.replace('_', ' ')}: {left}" for name, left in cycles["survivors"].items())
    return all(
        [
            say("gradient of the long tape", records["gradient"], "1.0", records["gradient"] == 1.0),
            say(
                "bytes of a Record beyond the tensors",
                figure(records["record_bytes"]),
                f"at most {RECORD_BYTES}",
                records["record_bytes"] <= RECORD_BYTES,
            ),
            say(
                "resident memory after del tape, against before",
                f"{100 * grown(after['resident'], before['resident']):+.1f} %",
                f"within {100 * BACK_WITHIN:.0f} %",
                grown(after["resident"], before["resident"]) <= BACK_WITHIN,
            ),
            say(
                "allocator after del tape, against before",
                f"{after['live'] - before['live']:+,} bytes",
                "+0 bytes",
                after["live"] <= before["live"],
            ),
            say(
                f"{len(again['resident'])} long tapes in turn, resident memory, last against first",
                f"{100 * grown(again['resident'][-1], again['resident'][0]):+.1f} %",
                f"within {100 * FLAT_WITHIN:.0f} %",
                grown(again["resident"][-1], again["resident"][0]) <= FLAT_WITHIN,
            ),
            say(
                f"{tapes['tapes']:,} tapes dropped, resident memory from the first tenth to the last",
                f"{100 * grown(last, first):+.2f} % ({last - first:+,} bytes)",
                f"within {100 * FLAT_WITHIN:.0f} %",
                grown(last, first) <= FLAT_WITHIN and tapes["live"][-1] <= tapes["live"][0],
            ),
            say("cycles left after a collection", text, "0 of each", not any(cycles["survivors"].values())),
            say(
                f"allocator after {cycles['repeats']} cycles of each kind",
                f"{cycles['live_after'] - cycles['live_before']:+,} bytes",
                "+0 bytes",
                cycles["live_after"] <= cycles["live_before"],
            ),
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--json", metavar="FILE", help="write every number there")
    options = parser.parse_args()
    part = 10 if options.quick else 1
    work = {
        "records": ("measure_records", 10_000_000 // part),
        "again": ("measure_again", 1_000_000 // part, 5),
        "tapes": ("measure_tapes", 1_000_000 // part),
        "cycles": ("measure_cycles", 100),
    }
    found = {}
    for name, (function, *arguments) in work.items():
        progress(name)
        program = (
            f"import json, sys; sys.path.insert(0, {str(HERE)!r}); import memory; "
            f"print(json.dumps(memory.{function}(*json.loads(sys.argv[1]))))"
        )
        try:
            found[name] = fresh(program, json.dumps(arguments))
        except WorkerFailed as reason:
            raise SystemExit(f"{name}: {reason}") from None
    progress("")
    facts = machine()
    print(f"{facts['processor']}, {facts['cores']} cores")
    reached = report(found)
    write_json(options.json, {"reached": reached, **found})
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
