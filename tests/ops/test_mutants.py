"""The row suite refuses wrong rules of every family, and says which row and which property."""

import contextlib

import pytest
from mutants import FAMILIES, MUTANTS, mutant, planted
from row_properties import CHECKS

from bant.ops.registry import ROWS


@contextlib.contextmanager
def tables_as_they_were():
    before = dict(ROWS)
    try:
        yield
    finally:
        ROWS.clear()
        ROWS.update(before)


@pytest.mark.parametrize("case", MUTANTS, ids=repr)
def test_mutant_is_refused(case):
    with tables_as_they_were():
        row = planted(case)
        for name in case.refused.split():
            with pytest.raises(AssertionError) as refusal:
                CHECKS[name](row)
            assert str(refusal.value).startswith(f"{row.name}: {name.replace('_', ' ')}: ")
        if "value" not in case.refused:
            CHECKS["value"](row)
        if case.refused == "second":
            CHECKS["gradient"](row)
            CHECKS["forward"](row)


COPIES = {case.like: {"around": case.wrong["around"]} if "around" in case.wrong else {} for case in MUTANTS}


@pytest.mark.parametrize("like", sorted(COPIES))
def test_right_copy_passes(like):
    """A copy without a mistake holds, so it is the mistake that is refused."""
    with tables_as_they_were():
        row = planted(mutant("", like, "", "", **COPIES[like]))
        for name, check in CHECKS.items():
            assert check(row), name


@pytest.mark.parametrize("family", FAMILIES)
def test_family_has_a_mutant(family):
    assert any(case.family == family for case in MUTANTS)
