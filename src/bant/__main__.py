"""`python -m bant` is the command `bant`."""

from bant.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
