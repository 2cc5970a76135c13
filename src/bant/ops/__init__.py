"""The op tables.  Importing this package enters every row (see `registry.py`)."""

import importlib
import pkgutil

for _module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
    importlib.import_module(f"bant.ops.{_module.name}")
