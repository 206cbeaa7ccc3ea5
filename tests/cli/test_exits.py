"""Exit 1 means a failed gate, always; wrong arguments, outputs and encodings have exit codes of their own."""

from __future__ import annotations

import codecs
import os
import pickle
import pkgutil
import subprocess
import sys
from encodings import aliases
from pathlib import Path

import pytest
from processes import LOSSCLI, PREDS, SCORE, environment, shell
from waiting import PATIENCE

from losscli.cli.entry import run
from losscli.io.files.open import open_source

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="streams, links and file names of POSIX")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "preds.csv").write_text(PREDS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ------------------------------------------------------------------------------------------------------ standard error


def _no_reader():
    read, write = os.pipe()
    os.close(read)
    return write


BROKEN = {
    "full": lambda: os.open("/dev/full", os.O_WRONLY),
    "no reader": _no_reader,
    "only for reading": lambda: os.open(os.devnull, os.O_RDONLY),
}
RUNS = {
    "note": ((*SCORE, "-l", "mse"), 0),
    "verbose": ((*SCORE, "-v"), 0),
    "warning": (("eval", "preds.csv", "-t", "y", "-p", "p", "-l", "mse", "--interval", "--where", "y==1"), 0),
    "gate": ((*SCORE, "--gate", "mse<=100"), 0),
    "failed gate": ((*SCORE, "--gate", "mse<=0.1"), 1),
    "exit zero": ((*SCORE, "--gate", "mse<=0.1", "--exit-zero"), 0),
    "usage": (("eval", "preds.csv", "-t", "y", "-p", "p", "-l", "msx"), 2),
    "click": (("eval", "--nothing"), 2),
    "no command": ((), 2),
    "data": (("eval", "preds.csv", "-t", "y", "-p", "none", "-l", "mse"), 3),
    "file": (("eval", "nope.csv", "-t", "y", "-p", "p", "-l", "mse"), 4),
    "lost output": ((*SCORE, "-o", "json=/dev/full"), 4),
    "json": (("eval", "nope.csv", "-t", "y", "-p", "p", "-l", "mse", "--error-format", "json"), 4),
}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("case", RUNS)
@pytest.mark.parametrize("stream", BROKEN)
def test_an_exit_code_is_the_same_without_standard_error(stream, case, folder):
    args, code = RUNS[case]
    error = BROKEN[stream]()
    done = subprocess.run([*LOSSCLI, *args], cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=error,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE)  # fmt: skip
    os.close(error)
    assert done.returncode == code


@pytest.mark.parametrize("case", RUNS)
def test_an_exit_code_is_the_same_with_standard_error_closed(case, folder):
    args, code = RUNS[case]
    quoted = " ".join(f"'{word}'" for word in args)
    assert shell(f"losscli {quoted} >/dev/null 2>&-", folder).returncode == code


def test_no_message_gets_into_a_file_that_took_the_place_of_standard_error(folder):
    done = shell("losscli eval preds.csv -t y -p p -l mse -l mse -o o.csv 2>&-", folder)
    assert done.returncode == 0
    assert (folder / "o.csv").read_text().startswith("model,")


def test_a_library_that_ends_the_process_does_not_choose_the_code(folder, monkeypatch, capfd):
    def ends(*_):
        raise SystemExit(1)

    monkeypatch.setattr("losscli.execution.evaluate.conclude", ends)
    assert run(list(SCORE)) == 70
    assert "SystemExit" in capfd.readouterr().err


# ----------------------------------------------------------------------------------------------- encodings, arguments


def test_every_codec_of_python_reads_text_or_is_refused(folder, capfd):
    import encodings

    names = {name for _, name, _ in pkgutil.iter_modules(encodings.__path__)} | set(aliases.aliases.values())
    for name in sorted(names):
        code = run([*SCORE, "--encoding", name])
        assert code in (0, 2, 3), (name, capfd.readouterr().err)
        if code == 2:
            assert "encoding" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["idna", "undefined", "punycode", "hex", "rot13", "none", "\udcff", "a\udcff", ""])
def test_an_encoding_that_is_none(name, folder, capfd):
    assert run([*SCORE, "--encoding", name]) == 2
    assert "bug" not in capfd.readouterr().err


def test_half_a_pair_of_surrogates_is_an_error_of_the_data(folder, capfd):
    (folder / "half.csv").write_bytes(b"y,p,+2AA-\n1,2,3\n")
    assert codecs.decode(b"+2AA-", "utf-7") == "\ud800"
    assert run(["eval", "half.csv", "-t", "y", "-p", "p", "-l", "mse", "--encoding", "utf-7"]) == 3
    assert "U+D800" in capfd.readouterr().err


@pytest.mark.parametrize("option", [
    "-t", "-p", "-l", "-c", "-w", "--where", "--by", "--positive", "--null-values", "--delimiter", "--decimal",
    "--comment", "--encoding", "--input-format", "--on", "--class-weight", "--cluster", "--gate", "-f", "--batch-by",
    "--unmatched", "--threads", "--shard", "--reduction",
])  # fmt: skip
@pytest.mark.parametrize("value", ["\udcff", "y\udcff=p"])
def test_an_argument_that_is_no_utf8(option, value, folder, capfd):
    assert run([*SCORE, option, value]) == 2
    assert "bug" not in capfd.readouterr().err


@pytest.mark.parametrize("args", [("show", "\udcff"), ("help", "\udcff"), ("\udcff",), ("list", "\udcff"),
                                  ("eval", "--\udcff"), ("check", "\udcff"), ("completion", "\udcff")])  # fmt: skip
def test_other_words_that_are_no_utf8(args, folder, capfd):
    assert run(list(args)) == 2
    assert "bug" not in capfd.readouterr().err


def test_a_file_may_have_any_name(folder, capfd):
    name = os.fsdecode(b"\xff.csv")
    Path(name).write_text(PREDS)
    assert run(["eval", name, "-t", "y", "-p", "p", "-l", "mse", "-q", "-o", os.fsdecode(b"\xfe.json")]) == 0
    assert Path(os.fsdecode(b"\xfe.json")).exists()


@pytest.mark.parametrize("depth", [500, 900, 990, 1_000, 5_000, 100_000])
@pytest.mark.parametrize("row", [1, 2, 150])
@pytest.mark.parametrize("key", ["d", "p"])
def test_deep_json(depth, row, key, folder, capfd):
    lines = ['{"y":1,"p":2,"d":1}'] * 200
    deep = "[" * depth + "]" * depth
    lines[row - 1] = f'{{"y":1,"p":2,"d":{deep}}}' if key == "d" else f'{{"y":1,"p":{deep},"d":1}}'
    (folder / "deep.jsonl").write_text("\n".join(lines) + "\n")
    code = run(["eval", "deep.jsonl", "-t", "y", "-p", "p", "-l", "mse"])
    assert code in ((0, 3) if key == "d" else (2, 3)), capfd.readouterr().err
    if depth == 100_000 and row == 1:
        assert "nested too deeply" in capfd.readouterr().err


# ------------------------------------------------------------------------------------------------------------- outputs

SAME = {
    "dot": ("o.json", "csv=./o.json"),
    "absolute": ("o.json", "csv={folder}/o.json"),
    "through a folder": ("o.json", "csv=sub/../o.json"),
    "link": ("o.json", "csv=link.csv"),
    "link to nothing": ("none.json", "csv=dangling.csv"),
    "linked folder": ("o.json", "csv=linked/o.json"),
    "hard link": ("old.json", "csv=hard.csv"),
    "rows": ("o.csv", "rows=./o.csv"),
    "rows by a hard link": ("old.json", "rows=hard.csv"),
    "standard output": ("json=-", "csv=/dev/stdout"),
}


@pytest.mark.parametrize("case", SAME)
def test_two_reports_to_one_file(case, folder, capfd):
    (folder / "sub").mkdir()
    (folder / "old.json").write_text("old")
    os.link("old.json", "hard.csv")
    Path("link.csv").symlink_to("o.json")
    Path("dangling.csv").symlink_to("none.json")
    Path("linked").symlink_to(".")
    first, second = (text.format(folder=folder) for text in SAME[case])
    assert run([*SCORE, "-o", first, "-o", second]) == 2
    assert "to '" in capfd.readouterr().err
    assert (folder / "old.json").read_text() == "old"
    assert not (folder / "o.json").exists()


@pytest.mark.parametrize("args", [
    (*SCORE, "-o", "csv=./preds.csv"), (*SCORE, "-o", "csv=hard"), (*SCORE, "-o", "rows=preds.csv"),
    ("eval", "parts", *SCORE[2:], "-o", "parts/a.csv"), ("eval", "parts/*.csv", *SCORE[2:], "-o", "parts/a.csv"),
    ("rows", "parts", *SCORE[2:], "-o", "parts/a.csv"), ("grad", "preds.csv", *SCORE[2:], "-o", "./preds.csv"),
    ("eval", "parts", *SCORE[2:], "--state-out", "parts/a.csv"),
])  # fmt: skip
def test_a_report_over_an_input(args, folder, capfd):
    (folder / "parts").mkdir()
    (folder / "parts" / "a.csv").write_text(PREDS)
    os.link("preds.csv", "hard")
    assert run(list(args)) == 2
    assert "is an input" in capfd.readouterr().err
    assert (folder / "parts" / "a.csv").read_text() == (folder / "preds.csv").read_text() == PREDS


def test_a_working_directory_that_was_deleted(folder, monkeypatch, capfd):
    preds, gone = str(folder / "preds.csv"), folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    (fragment,) = open_source([preds]).fragments
    sent = pickle.dumps([*fragment.remote_splits({"p": "number"})])
    assert run(["eval", preds, *SCORE[2:]]) == 0
    assert run([*SCORE]) == run(["eval", preds, *SCORE[2:], "-o", "out.json"]) == 4
    said = "error: the working directory does not exist any more\n hint: cd to a folder that exists\n"
    assert capfd.readouterr().err == 2 * said
    monkeypatch.undo()
    assert sum(batch.data.num_rows for split in pickle.loads(sent) for batch in split.batches(1)) > 1


def test_a_report_where_standard_output_goes(folder):
    done = shell("losscli eval preds.csv -t y -p p -l mse -o o.json > o.json", folder)
    assert (done.returncode, "standard output goes" in done.stderr) == (2, True)


@pytest.mark.parametrize("word", ["jsn", "date", "row", "a b", ""])
@pytest.mark.parametrize("command", ["eval", "rows"])
def test_a_word_that_is_no_format(command, word, folder, capfd):
    assert run([command, *SCORE[1:], "-o", f"{word}=r.csv"]) == 2
    assert "unknown format" in capfd.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["preds.csv"]


@pytest.mark.parametrize("command", ["eval", "rows"])
def test_a_path_may_have_an_equals_sign(command, folder):
    (folder / "runs" / "date=1").mkdir(parents=True)
    for path in ("runs/date=1/r.csv", "./a=b.csv", "csv=runs/date=1/s.csv"):
        assert run([command, *SCORE[1:], "-o", path]) == 0
        assert (folder / path.removeprefix("csv=")).exists()


# -------------------------------------------------------------------------------------------------- suites of a config

SUITE = '[suites.{name}]\nsources=["{source}"]\ntarget="y"\npred="p"\nlosses=["mse"]\n{more}\n'
GATE = 'gates=["mse<=baseline"]'
CONFLICTS = {
    "baseline of another": ('outputs=["o.json"]', f'baseline="o.json"\n{GATE}'),
    "otherwise spelt": ('outputs=["o.json"]', f'baseline="./sub/../o.json"\n{GATE}'),
    "by a link": ('outputs=["o.json"]', f'baseline="link.json"\n{GATE}'),
    "by a hard link": ('outputs=["old.json"]', f'baseline="hard.json"\n{GATE}'),
    "before it is written": (f'baseline="o.json"\n{GATE}', 'outputs=["o.json"]'),
    "created by both": (f'baseline="n.json"\nbaseline-missing="create"\n{GATE}',) * 2,
    "created by one": (f'baseline="n.json"\nbaseline-missing="create"\n{GATE}',
                       f'baseline="n.json"\nbaseline-missing="skip"\n{GATE}'),
    "one file": ('outputs=["o.json"]', 'outputs=["csv=./o.json"]'),
    "one file by a hard link": ('outputs=["old.json"]', 'outputs=["hard.json"]'),
    "input of another": ('outputs=["csv=preds.csv"]', ""),
    "the configuration": ('outputs=["json=losscli.toml"]', ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFLICTS)
def test_suites_that_meet(case, folder, capfd):
    (folder / "sub").mkdir()
    (folder / "old.json").write_text("old")
    os.link("old.json", "hard.json")
    Path("link.json").symlink_to("o.json")
    first, second = (SUITE.format(name=n, source="preds.csv", more=more)
                     for n, more in zip("ab", CONFLICTS[case], strict=True))  # fmt: skip
    (folder / "losscli.toml").write_text(first + second)
    assert run(["check"]) == 2
    assert capfd.readouterr().out == ""
    assert not (folder / "o.json").exists()
    assert (folder / "losscli.toml").read_text() == first + second


@pytest.mark.parametrize("output", ["json=losscli.toml", "json=./losscli.toml", "csv=preds.csv"])
def test_the_report_of_all_over_what_is_read(output, folder, capfd):
    (folder / "losscli.toml").write_text(SUITE.format(name="a", source="preds.csv", more=""))
    assert run(["check", "-o", output]) == 2
    assert "would destroy it" in capfd.readouterr().err


def test_a_baseline_that_exists_may_serve_several_suites(folder):
    assert run([*SCORE, "-o", "base.json"]) == 0
    more = f'baseline="base.json"\nbaseline-missing="create"\n{GATE}'
    text = "".join(SUITE.format(name=name, source="preds.csv", more=more) for name in "ab")
    (folder / "losscli.toml").write_text(text)
    assert run(["check"]) == 0


@pytest.mark.parametrize("fault", ["raise ImportError('no click here')", "raise SystemExit(1)", "broken syntax"])
@pytest.mark.parametrize("closed", [False, True])
def test_an_installation_that_cannot_be_loaded_is_no_failed_gate(folder, fault, closed):
    (folder / "click.py").write_text(fault + "\n")
    command = "exec 2>&-; " if closed else ""
    ended = subprocess.run(
        ["sh", "-c", command + f"exec '{sys.executable}' -m losscli eval preds.csv -t y -p p -l mse"], timeout=PATIENCE,
        env=environment(PYTHONPATH=os.pathsep.join([str(folder), environment()["PYTHONPATH"]])),
        capture_output=True, text=True,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (70, "")
    assert closed or "click.py" in ended.stderr


@pytest.mark.parametrize("name", ["tg/a.csv", "tg/../tg/a.csv", "linked.csv"])
def test_no_report_over_a_file_of_a_folder_that_is_joined(folder, name):
    (folder / "tg").mkdir()
    (folder / "p.csv").write_text("i,p\n1,2\n2,3\n")
    (folder / "tg/a.csv").write_text("i,y\n1,2\n2,3\n")
    (folder / "linked.csv").symlink_to("tg/a.csv")
    score = ["-t", "y", "-p", "p", "-l", "mae", "-q", "-o", name]
    assert run(["eval", "p.csv", "--targets", "tg", "--on", "i", *score]) == 2
    assert (folder / "tg/a.csv").read_text() == "i,y\n1,2\n2,3\n"


def test_no_report_over_a_file_of_a_models_folder(folder):
    for model in "ab":
        (folder / model).mkdir()
        (folder / model / "p.csv").write_text(f"y,p\n1,2\n2,{ord(model)}\n")
    for path in ("a/p.csv", "b/p.csv"):
        assert run(["compare", "A=a", "B=b", "-t", "y", "-p", "p", "-l", "mae", "-q", "-o", path]) == 2
        assert (folder / path).read_text().startswith("y,p")
