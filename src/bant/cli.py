"""The `bant` command: `bant run FILE` runs TensorFlow code on bant, `bant info` tells what is installed."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Any

_DESCRIPTION = "Automatic differentiation with TensorFlow's GradientTape interface."
_EPILOG = """\
examples:
  bant run train.py --steps 10        run a script; what follows FILE is the script's
  bant run notebook.ipynb             run a notebook and print what Jupyter would show
  bant notebook.ipynb                 the same
  bant info                           versions, kernels, threads, memory

In the program, `import tensorflow as tf` is served by bant: no line of it has to change.
"""
_OPTIONAL_PACKAGES = (
    ("ml_dtypes", "ml_dtypes", "bfloat16"),
    ("optree", "optree", "nested structures of your own"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status.

    0 when all went well, 1 when the program failed, 2 for a wrong command line, 130 after a keyboard
    interrupt.

        >>> main(["info"])
        0
    """
    _make_output_robust()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and _is_program(given[0]):
        given.insert(0, "run")
    parser, run_parser = _parsers()
    options = parser.parse_args(given)
    try:
        if options.command == "run":
            return _run(options, run_parser)
        if options.command == "info":
            print(describe_installation())
            return 0
        parser.print_help()
        return 0
    except BrokenPipeError:
        # The reader of our output has left, as `bant run FILE | head` does; nothing can be told to it any
        # more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def describe_installation() -> str:
    """A table of versions, kernels, threads and memory; what the core does not tell is named as unknown.

    >>> describe_installation().splitlines()[1].split()[0]
    'Python'
    """
    rows = [
        ("bant", _version_of_bant()),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()}, {_platform()})"),
        ("NumPy", _version_of("numpy") or "not installed"),
    ]
    for title, distribution, use in _OPTIONAL_PACKAGES:
        rows.append((title, _version_of(distribution) or f"not installed (optional: {use})"))
    rows += describe_core(_core_info())
    width = max(len(title) for title, _ in rows) + 2
    return "\n".join(title.ljust(width) + text for title, text in rows)


def describe_core(info: Mapping[str, Any] | str) -> list[tuple[str, str]]:
    """Title and text for each fact about the core; `info` is a sentence where it could not be asked."""
    if isinstance(info, str):
        return [("core", info)]
    unknown = "unknown (this build of the core does not tell)"
    rows = [
        ("kernels", str(info.get("simd", unknown))),
        ("threads", str(info.get("threads", unknown))),
    ]
    allocator = info.get("allocator")
    if isinstance(allocator, Mapping):
        sizes = [
            f"{title} {_bytes(allocator[key])}"
            for title, key in (("live", "live_bytes"), ("cached", "cached_bytes"), ("peak", "peak_bytes"))
            if key in allocator
        ]
        rows.append(("memory", ", ".join(sizes) or unknown))
    else:
        rows.append(("memory", unknown))
    rows.append(("compiler", str(info.get("compiler", unknown))))
    rows.append(("build", str(info.get("build_type", unknown))))
    return rows


def _run(options: argparse.Namespace, run_parser: argparse.ArgumentParser) -> int:
    from bant._runner import run_file
    from bant._runner.console import Console

    program_arguments = list(options.arguments)
    if program_arguments[:1] == ["--"]:
        del program_arguments[0]
    elif options.file.lower().endswith(".ipynb"):
        # A notebook has no options of its own, so --quiet behind its name can only be meant for us.
        flags, program_arguments = _flags_parser().parse_known_args(program_arguments)
        options.quiet |= flags.quiet
        options.no_color |= flags.no_color
        wrong = [argument for argument in program_arguments if argument.startswith("-")]
        if wrong:
            run_parser.error(f"unknown option {wrong[0]}")
    console = Console(quiet=options.quiet, color=False if options.no_color else None)
    return run_file(options.file, program_arguments, console=console)


def _parsers() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    parser = argparse.ArgumentParser(
        prog="bant",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"bant {_version_of_bant()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser(
        "run",
        parents=[_flags_parser()],
        help="run a TensorFlow script or notebook on bant",
        description="Runs an unmodified .py or .ipynb file; its `import tensorflow` is served by bant.",
    )
    run.add_argument("file", metavar="FILE", help="a Python script, or a notebook (.ipynb)")
    run.add_argument("arguments", metavar="...", nargs=argparse.REMAINDER, help="the program's own arguments")
    commands.add_parser("info", help="print versions, kernels, threads and memory")
    return parser, run


def _flags_parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    flags.add_argument("--quiet", action="store_true", help="do not print a notebook's source and markdown")
    flags.add_argument("--no-color", action="store_true", help="print without colour (as NO_COLOR=1 does)")
    return flags


def _is_program(argument: str) -> bool:
    return argument.lower().endswith((".py", ".ipynb"))


def _make_output_robust() -> None:
    """A terminal that cannot show a character gets an escape for it; lines come as they end."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace", line_buffering=True)


def _version_of(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _version_of_bant() -> str:
    import bant

    return str(getattr(bant, "__version__", None) or _version_of("bant") or "unknown")


def _core_info() -> Mapping[str, Any] | str:
    try:
        from bant import _core

        info: Mapping[str, Any] = _core.info()
    except (ImportError, AttributeError) as error:
        return f"does not tell about itself: {error}"
    return info


def _platform() -> str:
    return f"{platform.system()} {platform.machine()}"


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.3g} {unit}" if unit != "B" else f"{int(size)} B"
        size /= 1024
    return f"{size:.3g} GiB"
