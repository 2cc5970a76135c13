"""Runs an unmodified TensorFlow script or notebook on bant.

Start reading at `run_file`. The parts, in the order in which they work:

    redirect    serves `import tensorflow` from bant while the program runs
    notebook    reads an .ipynb file (nbformat 3 and 4) into a list of cells
    magics      turns IPython's lines (%time, !pip) into plain Python or leaves them out, with a note
    session     runs a script or a notebook as `__main__`, cell by cell
    markdown    lays markdown out for a terminal
    console     prints prompts, values and notes
    failure     tells what went wrong: the cell, the line, and what to use
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from .console import Console
from .failure import report
from .notebook import NotebookError, read_notebook
from .redirect import serve_tensorflow
from .session import run_notebook, run_script

__all__ = ["run_file"]


def run_file(
    path: str | os.PathLike[str],
    arguments: Sequence[str] = (),
    *,
    console: Console | None = None,
    package: str = "bant",
) -> int:
    """Runs the script or notebook at `path` and returns the exit status: 0 when it ran to its end.

    `arguments` become `sys.argv[1:]`. `import tensorflow`, in any of its forms, yields the modules of
    `package`. A file whose name ends with .ipynb is a notebook, any other is a script. A failure is
    reported on standard error and gives 1, a keyboard interrupt 130, and `sys.exit` in the program what it
    asks for.

        >>> run_file("examples/gradient_tape.ipynb", console=Console(quiet=True))  # doctest: +ELLIPSIS
        1.0...
        0
    """
    path = os.fspath(path)
    console = console or Console()
    try:
        if path.lower().endswith(".ipynb"):
            notebook = read_notebook(path)
            with serve_tensorflow(package):
                return run_notebook(notebook, arguments, console, package)
        with serve_tensorflow(package):
            return run_script(path, arguments, console, package)
    except NotebookError as error:
        console.complain(str(error))
        return 1
    except BrokenPipeError:
        raise  # nobody reads our output any more: the command's own affair
    except OSError as error:
        # Errors of the program itself were reported by the session; this is the file that cannot be read.
        console.complain(f"cannot read {path}: {error.strerror or error}")
        return 1
    except KeyboardInterrupt as error:
        return report(error, console, package)
