"""The tables of speed.py, and the same facts for JSON."""

import statistics

import numpy as np
from _speed_frameworks import KINDS
from _speed_problems import CASES
from harness import figure, table

UNDECIDED = 1.5  # machines change speed by more than this from minute to minute


# -- the floors ---------------------------------------------------------------------------------------------


def floors_of(case, samples, counts, threads):
    """For each round the seconds below which the case cannot come, and the parts of that floor."""
    threads = 1 if CASES[case].small else threads
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


# -- the facts ----------------------------------------------------------------------------------------------


def facts_of(case, names, samples, base):
    """Medians, minimum, spread in the case's unit and the paired ratio to the base of all that have samples."""
    facts, scale = {}, CASES[case].scale
    own = samples.get((case, base))
    for name in names:
        taken = samples.get((case, name))
        if not taken or not any(taken):
            continue
        medians = [sample["median"] for sample in taken if sample]
        fact = {
            "median": scale * statistics.median(medians),
            "min": scale * min(sample["min"] for sample in taken if sample),
            "low": scale * min(medians),
            "high": scale * max(medians),
            "samples": [scale * sample["median"] if sample else None for sample in taken],
        }
        if own:
            pairs = [a["median"] / b["median"] for a, b in zip(taken, own, strict=True) if a and b]
            if pairs:
                fact["ratio"] = statistics.median(pairs)
                fact["ratio_low"], fact["ratio_high"] = min(pairs), max(pairs)
        facts[name] = fact
    return facts


def of_kind(facts, kind, base):
    """The other frameworks of that kind that have a ratio to the base, the fastest first."""
    found = [n for n, f in facts.items() if KINDS[n] == kind and n != base and "ratio" in f]
    return sorted(found, key=lambda name: facts[name]["ratio"])


# -- saying it ----------------------------------------------------------------------------------------------


def short(value):
    """Three figures, also of what is far below 1."""
    return figure(value) if value >= 1 or value == 0 else f"{value:.3g}"


def mark(ratio):
    """The ratio, with a sign where it is too near 1 to be believed once."""
    return f"{short(ratio)}{'~' if 1 / UNDECIDED < ratio < UNDECIDED else ' '}"


def with_fastest(median, fastest):
    return f"{short(median)} ({short(fastest)})"


def print_case(case, facts, floor, counts, base):
    """The table of one case."""
    unit = CASES[case].unit
    sizes = "".join(f"{key} {value:,}, " for key, value in CASES[case].sizes.items())
    parts = ", ".join(f"{part} {short(floor[part])}" for part in ("memory", "loops", "products"))
    print(f"\n{case}: {sizes}{CASES[case].dtype}")
    print(
        f"{counts['bytes'] / 1e6:.3g} MB to read and write, {flops_of(counts['products']) / 1e9:.3g} Gflop in "
        f"matrix products; floor {short(floor['floor'])} {unit} ({parts})"
    )
    rows = []
    for name, fact in facts.items():
        ratio = "-"
        if "ratio" in fact and name != base:
            ratio = f"{mark(fact['ratio'])} {short(fact['ratio_low'])}..{short(fact['ratio_high'])}"
        spread = f"{short(fact['low'])}..{short(fact['high'])}"
        rows.append([name, KINDS[name], short(fact["median"]), short(fact["min"]), spread, ratio])
    print(table(["framework", "kind", f"median {unit}", "min", "spread", f"by {base}"], rows))


def summary_row(case, facts, floor, base):
    """One line: the base against the best of each kind and against the floor; in brackets the fastest alone."""
    row = [case, CASES[case].unit]
    own = facts.get(base)
    row.append(with_fastest(own["median"], own["min"]) if own else "-")
    for kind in ("eager", "compiled"):
        names = of_kind(facts, kind, base)
        if not names:
            row += ["-", "-"]
            continue
        fact = facts[names[0]]
        row.append(f"{names[0]} {with_fastest(fact['median'], fact['min'])}")
        row.append(f"{mark(fact['ratio'])} ({short(fact['min'] / own['min'])})")
    largest = "memory" if floor["memory"] >= floor["products"] + floor["loops"] else "loops"
    if largest == "loops" and floor["products"] > floor["loops"]:
        largest = "BLAS"
    row += [with_fastest(floor["floor"], floor["min"]), largest]
    row.append(with_fastest(floor["base"], own["min"] / floor["min"]) if own else "-")
    return row


def standing(facts, base):
    """Whom the base is behind and whom it is ahead of, nearest first, among the compiled."""
    names = of_kind(facts, "compiled", base)
    if not names:
        return ["-", "-"]
    behind = [f"{name} {mark(facts[name]['ratio']).strip()}" for name in names if facts[name]["ratio"] < 1]
    ahead = [f"{name} {mark(facts[name]['ratio']).strip()}" for name in names if facts[name]["ratio"] >= 1]
    return [", ".join(behind) or "nobody", ", ".join(ahead) or "nobody"]


def print_compiled(found, names, base):
    """The base beside every compiled framework, and a line a case of who leads.

    One table gives medians and paired ratios, another the fastest calls alone: on a machine that has other work
    those say more.
    """
    peers = [name for name in names if KINDS[name] == "compiled" and name != base]
    if not peers:
        return
    medians, fastest, lines = [], [], []
    for case, document in found.items():
        facts = document["frameworks"]
        own, start = facts.get(base), [case, CASES[case].unit]
        medians.append([*start, short(own["median"]) if own else "-"])
        fastest.append([*start, short(own["min"]) if own else "-"])
        for name in peers:
            fact = facts.get(name)
            ratio = f" {mark(fact['ratio'])}" if fact and "ratio" in fact else ""
            medians[-1].append(f"{short(fact['median'])}{ratio}" if fact else "-")
            ratio = f" {mark(fact['min'] / own['min'])}" if fact and own else ""
            fastest[-1].append(f"{short(fact['min'])}{ratio}" if fact else "-")
        lines.append(f"  {case}: behind {{}}; ahead of {{}}".format(*standing(facts, base)))
    header = ["case", "unit", base, *peers]
    print(f"\nCompiled: medians, and how many times {base}'s time that is")
    print(table(header, medians))
    print(f"\nCompiled: the fastest calls, and how many times {base}'s fastest that is")
    print(table(header, fastest))
    if any(base in document["frameworks"] for document in found.values()):
        print(f"\nWhere {base} stands by the medians, with the other's time by its own")
        print("\n".join(lines))


def report(samples, names, cases, counts, threads, base):
    """Prints everything; gives the same facts for JSON."""
    found, rows = {}, []
    for case in cases:
        facts = facts_of(case, names, samples, base)
        floors = floors_of(case, samples, counts[case], threads)
        floor = {part: CASES[case].scale * statistics.median(f[part] for f in floors) for part in floors[0]}
        floor["min"] = CASES[case].scale * min(f["floor"] for f in floors)
        own = samples.get((case, base))
        if own and any(own):
            floor["base"] = statistics.median(
                sample["median"] / f["floor"] for sample, f in zip(own, floors, strict=True) if sample
            )
        print_case(case, facts, floor, counts[case], base)
        rows.append(summary_row(case, facts, floor, base))
        found[case] = {
            "unit": CASES[case].unit,
            "sizes": CASES[case].sizes,
            "dtype": CASES[case].dtype,
            "bytes": counts[case]["bytes"],
            "flops": flops_of(counts[case]["products"]),
            "floor": floor,
            "standing": standing(facts, base),
            "frameworks": facts,
        }
    header = [
        "case",
        "unit",
        base,
        "best eager",
        "ratio",
        "best compiled",
        "ratio",
        "floor",
        "by",
        "by floor",
    ]
    print(f"\nSummary: medians, in brackets the fastest. Ratios are paired, above 1 where {base} is faster;")
    print(f"what is marked ~ lies within {UNDECIDED} of 1 and is undecided until repeated.")
    print(table(header, rows))
    print_compiled(found, names, base)
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
