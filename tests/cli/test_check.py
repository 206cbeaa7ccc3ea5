"""losscli check as a command: every suite runs, the worst of them is the exit code, and a first file is written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from processes import LOSSCLI, environment, losscli
from waiting import PATIENCE

from losscli.cli import completion, entry, scoring
from losscli.cli.init.starter import _limit, quoted
from losscli.contract.loss import REGISTRY
from losscli.errors import DataError, EmptyError, FileError, LosscliError, UsageError

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(p for p in (ROOT / "sample_data").iterdir() if p.suffix in (".csv", ".parquet"))
# Files with only one side of a comparison: the target alone, or the parameters of a model.
ONE_SIDED = {"diabetes_targets.csv", "prototypes.csv", "weights.parquet"}
CONFIG = """
[defaults]
sources = "p.csv"
target = "y"
pred = "p"
losses = "mse"
gates = "mse<=1"
[suites.one]
[suites.two]
outputs = ["two.json", "two.xml"]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "p.csv").write_text("y,p\n1,1.5\n2,2\n")
    (tmp_path / "losscli.toml").write_text(CONFIG)
    return tmp_path


def outcome(capfd, *args):
    code = entry.run(["check", *args])
    out, err = capfd.readouterr()
    return code, out, err


def test_all_is_well(folder, capfd):
    code, out, err = outcome(capfd, "-f", "json")
    assert code == 0
    assert [suite["name"] for suite in json.loads(out)["suites"]] == ["one", "two"]
    assert all(suite["report"]["data"]["targets_sha256"] for suite in json.loads(out)["suites"])
    assert json.loads((folder / "two.json").read_text())["schema"] == "losscli.report/1"
    assert "one: 1 passed; two: 1 passed" in err


class Bug(Exception):
    pass


WORSE = [
    (Bug("x"), 70), (OSError(5, "Input/output error", "f"), 4), (MemoryError(), 4), (FileError("x"), 4),
    (DataError("x"), 3), (UsageError("x"), 2), (EmptyError("x"), 5), (None, 0),
]  # fmt: skip


@pytest.mark.parametrize(("first", "one"), WORSE)
@pytest.mark.parametrize(("second", "two"), WORSE)
def test_the_worst_suite_is_the_exit_code(first, one, second, two, folder, capfd, monkeypatch):
    faults = iter([first, second])
    real = scoring.score

    def score(options):
        if (fault := next(faults)) is not None:
            raise fault
        return real(options)

    monkeypatch.setattr(scoring, "score", score)
    code, out, err = outcome(capfd, "-o", "all.json")
    order = [70, 4, 3, 2, 5, 1, 0]
    assert code == min(one, two, key=order.index)
    assert bool(out) == (one == two == 0)
    assert err.count("error: ") == (one != 0) + (two != 0)
    assert ("error: one: " in err, "error: two: " in err) == (one != 0, two != 0)
    errors = [suite["error"] for suite in json.loads((folder / "all.json").read_text())["suites"]]
    assert [0 if error is None else error["exit"] for error in errors] == [one, two]
    assert (folder / "two.xml").exists()
    assert "<error" in (folder / "two.xml").read_text() or two == 0
    assert (folder / "two.json").exists() == (two == 0)  # one without numbers would take the place of a good one


def test_a_bug_can_be_looked_into(folder, capfd, monkeypatch):
    def score(options):
        raise Bug("here")

    monkeypatch.setattr(scoring, "score", score)
    assert "LOSSCLI_DEBUG=1" in outcome(capfd, "one")[2]
    monkeypatch.setenv("LOSSCLI_DEBUG", "1")
    code, _, err = outcome(capfd, "one")
    assert code == 70
    assert "Traceback" in err


def test_a_signal_that_a_library_wraps_ends_the_whole_check(folder, capfd, monkeypatch):
    calls = []

    def score(options):
        calls.append(options)
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise ImportError("half an import") from None

    monkeypatch.setattr(scoring, "score", score)
    assert outcome(capfd)[0] == 130
    assert len(calls) == 1


def test_a_gate_that_fails_and_a_suite_in_error(folder, capfd):
    text = CONFIG.replace("mse<=1", "mse<=0.01") + 'sources = "gone.csv"\n'
    (folder / "losscli.toml").write_text(text)
    code, out, err = outcome(capfd, "--exit-zero")
    assert (code, out) == (4, "")
    assert err.splitlines()[-1] == "one: 1 failed; two: error"
    assert outcome(capfd, "one")[0] == 1
    assert outcome(capfd, "one", "--exit-zero")[0] == 0


@pytest.mark.parametrize(
    ("added", "args", "message"),
    [
        (
            "output = 'x.json'\n[suites.three]\noutput = './x.json'\n",
            [],
            "'two' and the suite 'three' would both write",
        ),
        ("", ["-o", "two.json"], "-o and the suite 'two' would both write 'two.json'"),
        ("", ["-o", "p.csv"], "'p.csv' is an input"),
        ("sources = '-'\n[suites.three]\nsources = '-'\n", [], "standard input can be read only once"),
        ("", ["-o", "rows=x.csv"], "no row values"),
        ("", ["--config", ""], "--config names no file"),
        ("", ["--init", "p.csv", "-o", "a", "-o", "b"], "--init writes one file"),
    ],
)
def test_what_cannot_be_is_found_before_anything_runs(added, args, message, folder, capfd, monkeypatch):
    if added:
        text = CONFIG.replace('outputs = ["two.json", "two.xml"]\n', added)
        (folder / "losscli.toml").write_text(text)
    monkeypatch.setattr(scoring, "score", lambda *_: pytest.fail("it runs"))
    code, out, err = outcome(capfd, *args)
    assert (code, out) == (2, "")
    assert message in err


def test_a_bad_suite_keeps_every_suite_from_running(folder, capfd, monkeypatch):
    monkeypatch.setattr(scoring, "score", lambda *_: pytest.fail("it runs"))
    (folder / "losscli.toml").write_text(CONFIG + "[suites.bad]\nlosses = 'nonsense'\n")
    code, _, err = outcome(capfd)
    assert code == 2
    assert "losscli.toml:12:1" in err


def test_warnings_say_whose_they_are(folder, capfd):
    (folder / "p.csv").write_text("y,p\n1,0.5\n0,1.0000001\n")
    (folder / "losscli.toml").write_text(CONFIG.replace("mse", "bce").replace("bce<=1", "bce<=100"))
    err = outcome(capfd)[2]
    assert "warning: one: " in err and "warning: two: " in err


def test_names_are_taken_once_and_in_the_order_asked_for(folder, capfd):
    _, out, _ = outcome(capfd, "two", "one", "two", "-q", "--threads", "1")
    assert out == "0.125\n0.125\n"
    _, out, _ = outcome(capfd, "two", "one", "--list")
    assert out == "two\n  mse<=1\none\n  mse<=1\n"


def test_reports_hold_no_absolute_path(folder, capfd):
    (folder / "deep").mkdir()
    os.chdir(folder / "deep")
    for format in ("json", "junit", "github", "html"):
        assert str(folder) not in outcome(capfd, "-f", format)[1]


# ----------------------------------------------------------------------------------------------------------- start-up


def test_a_list_reads_no_data(folder):
    (folder / "p.csv").unlink()
    code = (
        "import sys; from losscli.cli.entry import run; code = run(['check', '--list'])\n"
        "print(sorted({'pandas', 'rich', 'fsspec'} & set(sys.modules)), code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment(HOME=str(folder)), check=False,
                          capture_output=True, encoding="utf-8", timeout=PATIENCE)  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[] 0", done.stderr


LISTED = """
[suites.a]
sources = "none/*.parquet"
target = "y"
pred = {new = "p", old = "q"}
losses = ["mse", "huber:delta=2", "mix=0.5*mse+0.5*mae"]
baseline = "none.json"
gate = ["mse<=1", "old/huber<=2 by country", "mix<=3", "new/mse<=old", "new/huber:delta=2.0<=baseline+1%"]

[suites.b]
sources = "none.csv"
pred = "*=m_*"
losses = ["pinball", "bias"]
gate = ["a/bias<=1", "pinball:q=0.1<=1", "b/bias<=a"]

[suites.c]
sources = "none.csv"
losses = ["l1", "mae"]
gate = ["mae<=1", "l1<=1"]
pred = "a=b"

[suites.d]
sources = "none.csv"
losses = ["mae"]
gate = ["a=b/mae<=1"]
pred = "a=b"
"""


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("", "", None),
        ("huber:delta=2", "hubber", "unknown loss 'hubber'"),
        ("delta=2", "delta=-2", "must be > 0; got -2"),
        ("delta=2", "beta=2", "beta"),
        ("mse<=1", "rmse<=1", "gate 'rmse<=1': 'rmse' is not computed here"),
        ("mse<=1", "mse=<1", "gate 'mse=<1'"),
        ("mse<=1", "mse>=1", "lower is better for mse"),
        ("mse<=1", "nu/mse<=1", "unknown model 'nu'"),
        ("new/mse<=old", "new/mse<=odl", "'odl' is neither a number nor a model of this run"),
        ("mse<=1", "mse<=1 by region", "it needs slices by country"),
        ('baseline = "none.json"', "", "there is no baseline to compare with"),
        ("a/bias", "a/bbias", "'bbias' is not computed here"),
        ("pinball:q=0.1", "expectile:q=0.1", "'expectile:q=0.1' is not computed here"),
        ("a=b/mae", "c/mae", "unknown model 'c'"),
        ("sources", 'columns = "ancor=a"\nsources', "no loss here has the role 'ancor' ('a')"),
        ("sources", 'columns = "anchor=a"\nsources', "no loss here has the role 'anchor' ('a')"),
        ('["l1", "mae"]', '["nt_xent"]', "no loss here has the role 'pred'"),
        ("sources", 'tables = "foo=x.csv"\nsources', "no loss here has the role 'foo'"),
        ("sources", 'tables = "target=x.csv"\nsources', "the role 'target' is played by columns of the data"),
        ('["l1", "mae"]', '["l1", "mae", "l1_penalty"]', "'l1_penalty' needs the table 'params'"),
        ("sources", "batch-size = 5\nsources", "--batch-by and --batch-size are for batch losses"),
        ("sources", 'targets = "t.csv"\nsources', "--targets needs --on KEY"),
        ("sources", 'on = "k"\nsources', "--on needs --targets FILE"),
        ("sources", 'unmatched = "drop-targets"\nsources', "--unmatched drop-targets needs --targets FILE"),
        ("sources", 'join = "many-to-one"\nsources', "--join needs --targets FILE"),
        ("sources", 'key-match = "trim"\nsources', "--key-match needs --on KEY"),
    ],
)
def test_a_list_refuses_what_no_data_could_make_right(before, after, message, folder, capfd):
    (folder / "losscli.toml").write_text(LISTED.replace(before, after, 1) if before else LISTED)
    code, out, err = outcome(capfd, "--list")
    if message is None:
        assert (code, err) == (0, "") and out.count("\n") == 15
    else:
        assert (code, out) == (2, "") and message in err and "losscli.toml:" in err


@pytest.mark.parametrize(
    ("loss", "setting", "place", "message"),
    [
        ("mse", 'column = {target = "y", nonsense = "g"}', "5:25", "no loss here has the role 'nonsense'"),
        ("mse", 'column = {nonsense = "g", target = "y"}', "5:11", "no loss here has the role 'nonsense'"),
        ("mse", 'column = {nonsense = "g"}', "5:11", "no loss here has the role 'nonsense'"),
        ("mse", 'columns = ["target=y", "nonsense=g"]', "5:24", "no loss here has the role 'nonsense'"),
        ("mse", "level = 2", "5:1", "the confidence level must be between 0 and 1"),
        ("mse", 'sha256 = "x"', "5:1", "'x' is not FILE=HEX"),
        ("listnet", 'batch-by = "g"\nbatch-size = 2', "6:1", "cannot be used together"),
        ("mse", 'targets = "t.csv"', "5:1", "--targets needs --on KEY"),
        ("rmse", 'reduction = "sum"', "5:1", "'rmse' is not a sum"),
        ("mse", 'level = 2\nbatch-by = "g"', "1:9", "the confidence level must be between 0 and 1"),
    ],
)
def test_a_list_shows_the_setting_that_is_wrong(loss, setting, place, message, folder, capfd):
    (folder / "losscli.toml").write_text(
        f'[suites.a]\nsources = "none.csv"\nlosses = ["{loss}"]\npred = "p"\n{setting}\n'
    )
    code, out, err = outcome(capfd, "--list")
    assert (code, out) == (2, "") and message in err and f"losscli.toml:{place}\n" in err


def test_modules_in_the_working_directory_are_not_ours(folder):
    """B131"""
    for name in ("types", "numpy", "tomllib", "click", "losscli"):
        (folder / f"{name}.py").write_text("raise SystemExit(99)\n")
    done = losscli("check", "-q", folder=folder, HOME=str(folder))
    assert (done.returncode, done.stdout) == (0, "0.125\n0.125\n"), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX systems")
def test_ctrl_c_ends_it(folder):
    os.mkfifo(folder / "pipe.csv")
    (folder / "losscli.toml").write_text(CONFIG.replace("p.csv", "pipe.csv"))
    process = subprocess.Popen([*LOSSCLI, "check"], cwd=folder, env=environment(HOME=str(folder)),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    with (folder / "pipe.csv").open("w"):  # it opens the pipe once it reads
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, b"")
    assert err == b"Interrupted.\n"


def complete(monkeypatch, capsys, *words):
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    monkeypatch.setenv(completion.VARIABLE, "bash_complete")
    entry.run([])
    return capsys.readouterr()


def test_names_of_suites_are_completed(folder, monkeypatch, capsys):
    assert complete(monkeypatch, capsys, "losscli", "check", "t").out == "plain,two\n"
    (folder / "other.toml").write_text("[suites.three]\nnonsense = 1\n")
    words = ("losscli", "check", "--config", "other.toml", "t")
    assert complete(monkeypatch, capsys, *words).out == "plain,three\n"
    (folder / "losscli.toml").write_text("[suites")
    out, err = complete(monkeypatch, capsys, "losscli", "check", "t")
    assert (out.strip(), err) == ("", "")


# ---------------------------------------------------------------------------------------------------- --init


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_first_configuration_passes(path, folder, capfd):
    (folder / "losscli.toml").unlink()
    (folder / "data").mkdir()
    shutil.copy(path, folder / "data")
    code, out, err = outcome(capfd, "--init", f"data/{path.name}")
    if path.name in ONE_SIDED:
        assert (code, out, (folder / "losscli.toml").exists()) == (3, "", False)
        assert "no column looks like a prediction" in err
        return
    assert code == 0, err
    (suite,) = tomllib.loads((folder / "losscli.toml").read_text(encoding="utf-8"))["suites"].values()
    assert suite["sources"] == [f"data/{path.name}"]
    assert len(suite["gates"]) == len(suite["losses"]) > 0
    os.chdir(folder / "data")
    code, out, err = outcome(capfd)
    assert code == 0, err
    assert "failed" not in err and " passed" in err


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("diabetes.csv", {"target": "progression", "pred": ["ridge", "forest", "boosting", "bayes"],
                          "losses": ["mae", "rmse"]}),
        ("cancer.csv", {"target": "malignant", "pred": ["logistic_p", "forest_p", "boosting_p"],
                        "losses": ["bce", "brier"]}),
        ("digits.parquet", {"target": "digit", "pred": "p_*", "losses": ["cross_entropy", "brier"]}),
        ("embeddings.parquet", {"target": "digit", "columns": {"embedding": "embedding"}, "batch-by": "batch",
                                "losses": ["supcon"]}),
        ("triplets.parquet", {"losses": ["triplet"]}),
        ("gan.csv", {"target": "target", "pred": "d_prob", "losses": ["bce", "brier"]}),
    ],
)  # fmt: skip
def test_what_is_guessed(file, expected, folder, capfd):
    code, out, _ = outcome(capfd, "--init", str(ROOT / "sample_data" / file), "-o", "-")
    assert code == 0
    (suite,) = tomllib.loads(out)["suites"].values()
    assert {key: suite[key] for key in expected} == expected


def test_what_a_file_is_read_by_is_a_key_of_a_suite(folder, capfd, monkeypatch):
    monkeypatch.setenv("LOSSCLI_DELIMITER", ";")  # it has no say in suites
    assert outcome(capfd)[0] == 0
    words = ("--decimal", ".", "--skip-lines", "0", "--no-header")  # two of these are as by default
    code, out, err = outcome(capfd, *words)
    assert (code, out) == (2, "")
    assert "error: --decimal, --skip-lines, --no-header are for --init: in a configuration they are keys" in err
    assert 'hint: in the suite: decimal = "."; skip-lines = 0; no-header = true' in err


def test_the_environment_says_how_a_first_file_is_read(folder, capfd, monkeypatch):
    (folder / "q.csv").write_text("y;p\n1;1,5\n2;2\n4;3,5\n")
    monkeypatch.setenv("LOSSCLI_DELIMITER", ";")
    code, out, err = outcome(capfd, "--init", "q.csv", "--decimal", ",", "-o", "-")
    (suite,) = tomllib.loads(out)["suites"].values()
    assert (code, suite["delimiter"], suite["decimal"], suite["pred"]) == (0, ";", ",", "p")
    assert "note: from the environment: LOSSCLI_DELIMITER" in err


CASES = {
    "labels that are words": ("label,prob\nham,0.2\nspam,0.9\nham,0.1\nspam,0.6\nham,0.4\n",
                              {"target": "label", "pred": "prob", "positive": "spam", "losses": ["bce", "brier"]}),
    "usual names, however bad": ("y,pred\n1,9\n2,-7\n3,8\n5,1\n", {"target": "y", "pred": "pred"}),
    "signs": ("y,f\n1,2.5\n-1,-3\n1,0.5\n-1,-1\n1,4\n", {"target": "y", "pred": "f", "losses": ["hinge"]}),
    "logits": ("y,f\n1,2.5\n0,-3\n1,0.5\n0,-1\n1,4\n", {"losses": ["bce_with_logits"]}),
    "holes": ("y,p\n1,1.5\n,2\n3,2.9\n4,4.5\n5,NaN\n", {"missing": "drop", "nan": "drop"}),
    "odd names": ('"a=b","p,\\*q"\n1,1.1\n2,2.1\n3,2.9\n4,4.2\n', {"target": "a=b", "pred": "p,\\*q"}),
    "JSON": ('{"y": 1, "p": 1.1, "g": "a"}\n{"y": 2, "p": 2.1, "g": "b"}\n{"y": 4, "p": 3.8, "g": "a"}\n',
             {"target": "y", "pred": "p"}),
    "words in JSON": (
        '{"label": "ham", "prob": 0.2}\n{"label": "spam", "prob": 0.8}\n{"label": "ham", "prob": 0.3}\n' * 3,
        {"positive": "spam"},
    ),
    "names of rows are no classes": ("id,kind,embedding_0,embedding_1,embedding_2\n" + "".join(
        f"r{i},{'ab'[i % 2]},{i},{i * i},{i % 3}\n" for i in range(8)), {"target": "kind", "losses": ["supcon"]}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_guessed_of(name, folder, capfd):
    text, expected = CASES[name]
    file = "q.jsonl" if "JSON" in name else "q.csv"
    (folder / file).write_text(text)
    (folder / "losscli.toml").unlink()
    code, _, err = outcome(capfd, "--init", file)
    assert code == 0, err
    (suite,) = tomllib.loads((folder / "losscli.toml").read_text(encoding="utf-8"))["suites"].values()
    assert {key: suite.get(key) for key in expected} == expected
    assert outcome(capfd)[0] == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [("y,p\n", 3), ("a,b\nx,y\nz,w\n", 3), ("y,p\n1,1\n2,x\n", 3), ("y,p\nx,1\n", 3), ("p\n1\n2\n", 3), ("", 3)],
)
def test_a_file_that_tells_nothing_writes_nothing(text, code, folder, capfd):
    (folder / "q.csv").write_text(text)
    assert outcome(capfd, "--init", "q.csv", "-o", "new.toml")[:2] == (code, "")
    assert not (folder / "new.toml").exists()


def test_it_writes_over_nothing(folder, capfd):
    (folder / "dangling").symlink_to(folder / "nowhere")
    for path in ("losscli.toml", "p.csv", "dangling", "."):
        assert outcome(capfd, "--init", "p.csv", "-o", path)[0] == 4
    assert (folder / "losscli.toml").read_text() == CONFIG
    (folder / "bad.csv").write_text("a\nx\n")
    assert outcome(capfd, "--init", "bad.csv", "-o", "no/such/folder.toml")[0] == 4
    assert outcome(capfd, "--init", "gone.csv", "-o", "new.toml")[0] == 4
    assert not (folder / "new.toml").exists()


def test_the_source_is_named_from_the_file_that_names_it(folder, capfd):
    (folder / "ci").mkdir()
    (folder / "a b.csv").write_text("y,p\n1,1.5\n2,2\n4,3\n")
    assert outcome(capfd, "--init", "a b.csv", "-o", "ci/losscli.toml")[0] == 0
    assert tomllib.loads((folder / "ci" / "losscli.toml").read_text())["suites"]["a-b"]["sources"] == ["../a b.csv"]
    assert outcome(capfd, "--config", "ci/losscli.toml")[0] == 0


def test_what_people_ask_for_first_is_for_different_columns():
    first = [loss for loss in REGISTRY.values() if loss.first]
    assert len(first) >= 10
    wanted = {"regression", "binary", "multiclass", "contrastive_learning", "embedding"}
    assert {loss.family for loss in first} >= wanted


@pytest.mark.parametrize(
    ("value", "direction", "limit"),
    [(1.0, "lower", "1.05"), (0.0, "lower", "0.0"), (-2.0, "lower", "-1.9"), (1.0, "higher", "0.95"),
     (54.57437348596082, "lower", "57.4"), (1.2345e-9, "lower", "1.3e-09"), (-2.0, "higher", "-2.1"),
     (5e-324, "lower", "5e-324")],
)  # fmt: skip
def test_limits_are_met_by_what_made_them(value, direction, limit):
    assert _limit(value, direction) == limit
    assert float(limit) >= value if direction == "lower" else float(limit) <= value


@pytest.mark.parametrize("text", ["plain", 'a "b" \\ c', "line\nend\t\x7f\x00", "é 😀", ""])
def test_texts_are_written_as_toml_reads_them(text):
    assert tomllib.loads(f"x = {quoted(text)}\ny = {quoted([text])}\nz = {quoted({text: text})}") == {
        "x": text, "y": [text], "z": {text: text}}  # fmt: skip


def test_errors_of_suites_are_the_errors_they_are():
    """The message says whose it is; the error itself is left as it was."""
    from losscli.cli import console

    error = LosscliError("x", code="INTERNAL_BUG")
    with console.about("a"):
        console.print_error(error)
    assert error.message == "x"
