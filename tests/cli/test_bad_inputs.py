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

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bad_inputs import asked, binary, gated, judged, numbers, opening, paired, shown, text  # noqa: F401  (they fill CASES)
from bad_inputs.case import CASES, PLAIN, Case, Here
from waiting import PATIENCE

from losscli.cli.entry import run

ROOT = Path(__file__).parents[2]
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path, monkeypatch, capfdbinary):
    monkeypatch.chdir(tmp_path)
    with ExitStack() as after:
        args = case.make(Here(tmp_path, monkeypatch, after))
        code = run(["eval", *([args, *PLAIN] if isinstance(args, str) else args)])
    judge(case, code, *capfdbinary.readouterr())


def judge(case: Case, code: int, out: bytes, err: bytes) -> None:
    printed, said = out.decode("utf-8"), err.decode("utf-8")
    assert code == case.code, said
    assert not ACTS.search(said) and not ACTS.search(printed)
    assert "Traceback" not in said
    assert len(said) < 1500
    for words in case.says:
        assert words in said
    for words in case.shows:
        assert words in printed
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    if code >= 2:
        assert printed == ""
        assert len(errors) == 1
    else:
        assert errors == []
        assert printed
    if case.value is not None:
        assert float(printed.splitlines()[0]) == pytest.approx(case.value, rel=1e-14, abs=0)


def test_nothing_at_all_is_answered_with_help(tmp_path, monkeypatch, capfd):
    Here(tmp_path, monkeypatch, ExitStack()).stdin(None)
    assert run(["eval"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("Usage: losscli eval")


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command line in a process of its own, in which losscli is `$losscli`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "losscli": f"{sys.executable} -P -m losscli"}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )


SCORED = "-t y -p p -l mae -q"


@pytest.mark.parametrize(
    "command",
    [f"$losscli eval <(printf 'y,p\\n1,2\\n') {SCORED}", f"printf 'y,p\\n1,2\\n' | $losscli eval /dev/stdin {SCORED}",
     f"mkfifo pipe; printf 'y,p\\n1,2\\n' > pipe & $losscli eval pipe {SCORED}"],
    ids=["substitution", "dev_stdin", "fifo"],
)  # fmt: skip
def test_pipes(command, tmp_path):
    """B009"""
    done = shell(command, tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("1.0\n", "", 0)


def test_text_that_does_not_fit_into_memory(tmp_path):
    """B076: a small file of one text of 250 MB, under a limit."""
    table = pa.table({"y": [1.0], "p": [2.0], "g": ["x" * 250_000_000]})
    pq.write_table(table, tmp_path / "p.parquet", compression="zstd",
                   use_dictionary=False, write_statistics=False)  # fmt: skip
    assert (tmp_path / "p.parquet").stat().st_size < 1_000_000
    done = shell(f"ulimit -v 800000; $losscli eval p.parquet --by g {SCORED}", tmp_path)
    assert (done.stdout, done.returncode) == ("", 4)
    assert "memory" in done.stderr
    assert len(done.stderr.splitlines()) <= 3


def test_a_disk_that_fills_leaves_the_old_report(tmp_path):
    """B143: a limit on the size of files takes the place of a small disk."""
    (tmp_path / "p.csv").write_text("y,p\n1,2\n")
    (tmp_path / "report.json").write_text("old")
    done = shell(f"ulimit -f 1; $losscli eval p.csv {SCORED} -o report.json", tmp_path)
    assert (done.stdout, done.returncode) == ("", 4)
    assert "could not write: File too large" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.csv", "report.json"]
    assert (tmp_path / "report.json").read_text() == "old"


def test_numpy_does_not_speak(tmp_path):
    """What NumPy warns of where values are huge is no business of who reads standard error."""
    (tmp_path / "p.csv").write_text("y,p,w\n0,1e308,1\n0,1e308,1\n")
    done = shell(f"$losscli eval p.csv -w w {SCORED}", tmp_path)
    assert (done.stdout, done.stderr) == ("1e+308\n", "")


# Rows whose test is no command line, or needs more than one.
ELSEWHERE = {
    "B125": "cli/test_config.py::test_a_fault_has_its_line_and_a_hint",
    "B126": "cli/test_config.py::test_a_project_that_says_nothing_is_passed_by",
    "B127": "cli/test_config.py::test_a_found_file_writes_below_its_folder_only",
    "B131": "cli/test_process.py::test_modules_in_the_working_directory_are_not_loaded",
    "B144": "io/test_sink.py::test_after_a_kill_the_old_file_is_there_and_the_stray_goes_in_time",
    "B145": "io/test_sink.py::test_two_writers_leave_one_whole_file",
    "B148": "report/test_report_pages.py::test_the_summary_is_cut_between_rows_and_counts_them",
    "B149": "report/test_report_pages.py::test_a_delimiter_does_not_occur_in_the_text",
    "B150": "report/test_report_pages.py::test_annotations_are_ten_at_most_and_the_last_counts_the_rest",
}
NOT_YET = {"B129", "B130"}  # losses of other packages: there is no way to add one


def test_every_row_of_the_list_has_a_case():
    have = {case.row for case in CASES} | {"B009", "B076", "B143"} | ELSEWHERE.keys() | NOT_YET
    assert {f"B{n:03}" for n in range(1, 161)} - have == set()
    for row, place in ELSEWHERE.items():
        file, _, name = place.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), row


FLIPS = """
import sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from losscli.cli.entry import run
good = Path("good.parquet").read_bytes()
footer = 8 + int.from_bytes(good[-8:-4], "little")
for place in range(len(good) - footer, len(good), 3):
    for flip in (0x01, 0xFF):
        Path("p.parquet").write_bytes(good[:place] + bytes([good[place] ^ flip]) + good[place + 1 :])
        said = StringIO()
        with redirect_stderr(said):
            code = run(["eval", "p.parquet", *sys.argv[1:]])
        assert code in (0, 2, 3, 4, 5), (place, flip, said.getvalue())
        assert "Traceback" not in said.getvalue() and len(said.getvalue()) < 1500
"""


def test_every_third_byte_of_a_footer_changed(tmp_path):
    """B070, B077: an answer each time. In a process of its own, as a damaged footer can make Arrow abort it."""
    table = pa.table({"y": [0, 1], "p": [[0.5, 0.5], [0.5, 0.5]]})
    pq.write_table(table, tmp_path / "good.parquet", write_statistics=True)
    (tmp_path / "flip.py").write_text(FLIPS)
    done = shell(f"{sys.executable} flip.py -t y -p p -l cross_entropy -q", tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)
