"""TAB where a column is due: the names in the header or schema of the file on the line, in every shell."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.cli import entry
from losscli.cli.column_completion import rejoined


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("y,ridge,rf,my col,ré\n1,2,3,4,5\n", "utf-8")
    Path("t.csv").write_text("id;truth\n1;2\n")
    Path("n.csv").write_text("1,2\n3,4\n")
    pq.write_table(pa.table({"y": [1], "p_cat": [0.5], "p_dog": [0.5]}), "a.parquet")
    Path("a.jsonl").write_text(json.dumps({"gold": 1, "guess": 2}) + "\n")
    Path("parts/day=1").mkdir(parents=True)
    Path("parts/day=1/a.csv").write_text("y,p\n1,2\n")
    return tmp_path


def complete(monkeypatch: pytest.MonkeyPatch, capsys: Any, line: str, shell: str = "zsh") -> list[str]:
    """What a shell is told when TAB is pressed at the end of the line."""
    words = line.split(" ")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv(
        "COMP_CWORD",
        f"'{words[-1]}'"
        if shell == "fish" and not words[-1]
        else words[-1]
        if shell == "fish"
        else str(len(words) - 1),
    )
    monkeypatch.setenv("_LOSSCLI_COMPLETE", f"{shell}_complete")
    assert entry.run([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.splitlines()[1::3] if shell == "zsh" else [part.split(",", 1)[-1] for part in out.splitlines() if part]


CASES = [
    ("a.csv -t ", ["y", "ridge", "rf", "my col", "ré"]),
    ("a.csv -p r", ["ridge", "rf", "ré"]),
    ("a.csv -p m=ri", ["m=ridge"]),
    ("a.csv -p ridge,r", ["ridge,ridge", "ridge,rf", "ridge,ré"]),
    ("a.csv -t y --by m", ["my col"]),
    ("a.csv -c variance=ri", ["variance=ridge"]),
    ("a.csv --pred=ri", ["ridge"]),
    ("a.parquet -p p_", ["p_cat", "p_dog"]),
    ("a.jsonl -t g", ["gold", "guess"]),
    ("parts --by d", ["day"]),
    ("n.csv --no-header -t ", ["1", "2"]),
    ("t.csv --delimiter ; -t t", ["truth"]),
    ("a.csv --targets t.csv --delimiter ; -t t", ["truth"]),
    ("m=a.csv -p ri", ["ridge"]),
    ("missing.csv -p r", []),
    ("- -p r", []),
    ("s3://bucket/a.csv -p r", []),
    ("-p r", []),
]


@pytest.mark.parametrize(("line", "found"), CASES, ids=[line for line, _ in CASES])
@pytest.mark.parametrize("shell", ["zsh", "bash", "fish"])
@pytest.mark.usefixtures("folder")
def test_columns_are_completed(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, shell: str, line: str, found: list[str]
) -> None:
    if shell == "bash":  # the part behind = or :, which cut words, as `read` and readline take it
        found = [re.sub(r"([= ])", r"\\\\\1", re.split(r"(?<!\\)=", word)[-1].replace("\\=", "=")) for word in found]
    assert complete(monkeypatch, capsys, f"losscli eval {line}", shell) == found


@pytest.mark.parametrize(
    ("words", "cword", "joined", "at"),
    [
        ("losscli eval a.csv -p m = r", 6, ["losscli", "eval", "a.csv", "-p", "m=r"], 4),
        ("losscli eval a.csv -p m =", 5, ["losscli", "eval", "a.csv", "-p", "m="], 4),
        ("losscli eval a.csv -p m = r -t", 8, ["losscli", "eval", "a.csv", "-p", "m=r", "-t"], 6),
        ("losscli eval a.csv -c m : scale = r", 8, ["losscli", "eval", "a.csv", "-c", "m:scale=r"], 4),
        ("losscli eval a.csv", 2, ["losscli", "eval", "a.csv"], 2),
        ("losscli eval", 2, ["losscli", "eval"], 2),
    ],
)
def test_words_that_bash_cuts(words: str, cword: int, joined: list[str], at: int) -> None:
    assert rejoined(words.split(), cword) == (joined, at)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_completes_columns_with_the_script_it_is_given(folder: Path) -> None:
    """All in one bash; the words are cut as readline cuts them."""
    command = f"{shlex.quote(sys.executable)} -m losscli"
    (folder / "losscli").write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    (folder / "losscli").chmod(0o755)
    lines = [("losscli eval a.csv -p ri", 4), ("losscli eval a.csv -p m = ri", 6), ("losscli eval a.csv --by m", 4)]
    script = 'eval "$(losscli completion bash)"\n' + "".join(
        f'COMP_WORDS=({line}); COMP_CWORD={at}; COMPREPLY=(); _losscli_completion losscli; echo "${{COMPREPLY[*]}}"\n'
        for line, at in lines
    )
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert (done.stdout.splitlines(), done.stderr) == (["ridge", "ridge", "my\\ col"], "")
