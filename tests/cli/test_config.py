"""losscli.toml and [tool.losscli]: which file counts, where in it everything stands, and what it may not do."""

from __future__ import annotations

import itertools
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losscli.cli import suites
from losscli.cli.config import Config, GateTable, find_config, suite_names
from losscli.cli.config.document import LIMIT, parse
from losscli.cli.config.lines import KeyPositions, TextPosition
from losscli.errors import FileError, UsageError

SUITE = '[suites.a]\nsources = "p.csv"\nlosses = "mse"\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder below a home, in which nobody else's configuration is found."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    work = tmp_path / "project"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def read(text: str, folder: Path, *, trusted: bool = False) -> Config:
    (folder / "losscli.toml").write_text(text, encoding="utf-8")
    return suites.config(None, str(folder), trusted=trusted)


def fault(text: str, folder: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        config = read(text, folder)
        for suite in config.suites.values():
            suites.options_of(config, suite)
    return caught.value


# ----------------------------------------------------------------------------------------------------------- places


class Writer:
    """A random document. Every key is new, every scalar begins with a number of its own."""

    def __init__(self, random):
        self.random, self.numbers, self.lines = random, itertools.count(), []

    def key(self):
        number = next(self.numbers)
        return self.random.choice(
            [f"k{number}", f"{number}-_", f'"k {number} # [x] = \\" \\u00e9"', f"'k{number}.\\ \" ]'"]
        )

    def scalar(self):
        number = next(self.numbers)
        return self.random.choice([
            f"{number}", f"{number}.25", f'"{number} # ] }} , \\" \\\\"', f"'{number} \" \\ [ = '",
            f'"""{number}\n a = 1 # "" \n [b]\\"""  ""x\\\n ""\n"""', f"'''{number}\n[c] ''\n'' d = 2 '''",
            f'"""{number}""""', f"'''{number}'''''", f"{2000 + number}-01-01 07:00:00",
        ])  # fmt: skip

    def blank(self):
        return self.random.choice(["", " ", "\n", " # [no] = {\n", "\n\t\n"])

    def value(self, depth):
        kind = self.random.randrange(6) if depth < 3 else 0
        if kind < 4:
            return self.scalar()
        count = self.random.randrange(4)
        if kind == 4:
            items = [self.blank() + self.value(depth + 1) + self.blank() for _ in range(count)]
            return "[" + ",".join(items) + ("," if items and self.random.random() < 0.5 else "") + self.blank() + "]"
        return "{" + ", ".join(self.pair(depth + 1, self.key()) for _ in range(count)) + "}"

    def pair(self, depth, key):
        dots = "".join(self.random.choice([".", " . "]) + self.key() for _ in range(self.random.randrange(3)))
        return f"{key}{dots}{self.random.choice(['=', ' = '])}{self.value(depth)}"

    def pairs(self):
        stem = self.key()
        for _ in range(self.random.randrange(4)):
            self.lines.append(
                self.random.choice(["", "  "]) + self.pair(0, self.key()) + self.random.choice(["", " #"])
            )
        for _ in range(self.random.randrange(3)):
            self.lines.append(f"{stem}.{self.pair(0, self.key())}")

    def text(self):
        self.pairs()
        for _ in range(self.random.randrange(4)):
            name = ".".join(self.key() for _ in range(self.random.randrange(1, 4)))
            if self.random.random() < 0.5:
                self.lines.append(f"[ {name} ] # ]]")
                self.pairs()
                continue
            for _ in range(self.random.randrange(1, 3)):
                self.lines.append(f"[[{name}]]")
                self.pairs()
                if self.random.random() < 0.5:
                    self.lines.append(f"[{name}.{self.key()}]")
                    self.pairs()
        return "\n".join(self.lines) + self.random.choice(["", "\n"])


def ways(value, path=()):
    """Every way to a value, and the value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (*path, name), inner
        yield from ways(inner, (*path, name))


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_every_key_and_item_stands_where_it_is_said_to(random):
    text = Writer(random).text()
    positions = KeyPositions(text)
    found = {path: value for path, value in ways(tomllib.loads(text)) if len(path) < 9}
    assert {path for path in positions.offsets if len(path) < 9} == set(found)
    lines = text.split("\n")
    for path, value in found.items():
        position = positions.position(path)
        rest = "\n".join([lines[position.line - 1][position.column - 1 :], *lines[position.line :]])
        assert stands(path, value, rest), (text, path, position)


def stands(path, value, rest):
    """Whether a text begins with this key, or with this item of an array."""
    if isinstance(path[-1], str):
        if rest.startswith(('"', "'")):
            end = rest.index(rest[0], 1)
            while rest[0] == '"' and rest[end - 1] == "\\":
                end = rest.index('"', end + 1)
            return tomllib.loads(f"{rest[: end + 1]} = 1") == {path[-1]: 1}
        return rest.startswith(path[-1]) and rest[len(path[-1])] in " =.]"
    if isinstance(value, list):
        return rest.startswith("[")
    if isinstance(value, dict):
        return rest.startswith("{") or isinstance(path[-2], str)  # an array of tables: its header says so
    number = str(value).split("-")[0].split(".")[0].split(" ")[0].split("\n")[0]
    return rest.lstrip("\"'").startswith(number)


def test_items_of_arrays_of_tables_stand_at_their_own_headers():
    positions = KeyPositions("[a]\n[[a.b]]\nx=1\n[[a.b]]\n[a.b.c]\ny=[\n 1,\n  2]\n")
    places = {(): (1, 1), ("a", "b", 0): (2, 5), ("a", "b", 1): (4, 5), ("a", "b", 1, "c"): (5, 6),
              ("a", "b", 1, "c", "y", 1): (8, 3), ("a", "b", 0, "no", "such"): (2, 5)}  # fmt: skip
    found = {path: positions.position(path) for path in places}
    assert found == {path: TextPosition(*at) for path, at in places.items()}


# ------------------------------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("text", "line", "character", "message", "hint"),
    [
        ("a = [", 1, 6, "invalid TOML: invalid value", None),
        ("[suites.a]\nx = 1\nx = 2\n", 3, 6, "invalid TOML: cannot overwrite a value", None),
        ("[suites.a", 1, 10, "invalid TOML: expected ']'", None),
        ('\n[suites.a]\nlosess = ["mse"]\n', 3, 1, "unknown key 'losess'", "did you mean 'losses'"),
        ('sources = "p.csv"\n', 1, 1, "unknown key 'sources'", "[suites.NAME] or [defaults]"),
        ("[suit.a]\n", 1, 2, "unknown key 'suit'", "did you mean 'suites'"),
        ("[suites.a]\nby = 3\n", 2, 1, "'by' must be a text or a list of texts; got the number 3", None),
        ("[suites.a]\nby = [\n 'g',\n 3]\n", 4, 2, "'by[1]' must be a text; got the number 3", '"3"'),
        ("[suites.a]\ninterval = 'yes'\n", 2, 1, "'interval' must be true or false; got the text 'yes'", None),
        ("[suites.a]\nseed = 1.5\n", 2, 1, "'seed' must be a whole number; got the number 1.5", None),
        ("[suites.a]\nseed = true\n", 2, 1, "'seed' must be a whole number; got true", None),
        ("[suites.a]\nlevel = '95%'\n", 2, 1, "'level' must be a number; got the text '95%'", None),
        ("[suites.a]\ntarget = 1\n", 2, 1, "'target' must be a text; got the number 1", '"1"'),
        ("[suites.a]\ntarget = 2020-01-01\n", 2, 1, "'target' must be a text; got a date or time", None),
        ("[suites.a]\nmissing = 'ignore'\n", 2, 1, "'missing' must be one of error, drop; got 'ignore'", None),
        ("[suites.a]\nmax-slices = 0\n", 2, 1, "'max-slices': 0 is not in the range x>=1", None),
        ("[suites.a]\nbootstrap = 1\n", 2, 1, "'bootstrap': 1 is not in the range x>=2", None),
        ("[suites.a]\nlosses = [\n'mse',\n'hubber',\n]\n", 4, 1, "unknown loss 'hubber'", "did you mean 'huber'"),
        (SUITE + "where = 'y >'\n", 4, 1, "", None),
        (SUITE + "class-weight = 'a=-1'\n", 4, 1, "the weight '-1' of class 'a'", None),
        (SUITE + "outputs = ['a.json', 'report']\n", 4, 22,
         "'report': its suffix is not that of a report format", None),
        (SUITE + "outputs = ['json=-']\n", 4, 1, "standard output is the report of all suites", None),
        (SUITE + "gates = ['mse<=1',\n 'mse']\n", 5, 2, "gate 'mse': it has none of", None),
        (SUITE + "pred = {a = 'p', b = 1}\n", 4, 18, "'b' must be a text", None),
        (SUITE + "gate = 3\n", 4, 1, "'gate' must be a text or a table; got the number 3", None),
        (SUITE + "[[suites.a.gate]]\nmax = 1\n", 4, 12, "a gate needs its loss", None),
        (SUITE + "[[suites.a.gate]]\nloss = 'mse'\n", 4, 12, "a gate needs a limit", "max-regression"),
        (SUITE + "[[suites.a.gate]]\nloss='mse'\nmax='1'\n", 6, 1, "'max' must be a number; got the text '1'", None),
        (SUITE + "[[suites.a.gate]]\nloss='mse'\nmax=inf\n", 6, 1, "'max' must be a number; got the number inf", None),
        (SUITE + "[[suites.a.gate]]\nloss='mse'\nmax-regression=0.5\n", 6, 1, "in quotes; got the number 0.5", None),
        (SUITE + "[[suites.a.gate]]\nloss='mse'\nmax-regression='half'\n", 6, 1, "'half' is not a tolerance", "0.5%"),
        (SUITE + "[[suites.a.gate]]\nloss='mse'\nmx=1\n", 6, 1, "unknown key 'mx'", "did you mean 'max'"),
        (SUITE + "[[suites.a.gate]]\nloss='mse'\nmax=1\nsignificant=true\n", 4, 12,
         "'significant' needs a baseline", None),
        (SUITE + "loss = 'mae'\n", 4, 1, "'loss' and 'losses' are the same key", None),
        ("[suites]\na = 1\n", 2, 1, "the suite 'a' must be a table; got the number 1", None),
        ("suites = 3\n", 1, 1, "'suites' must be a table; got the number 3", None),
        ("[suites.'a b']\n", 1, 9, "'a b' is not a valid suite name", None),
        ("[suites.a]\nthreads = 2\n", 2, 1, "'threads' is an option of the command line", None),
        ("[suites.a]\nquiet = true\n", 2, 1, "'quiet' is an option of the command line", None),
        ("required-version = '>=99'\nplugins = 3\n", 1, 1, "the configuration requires losscli >=99", None),
        ("required-version = '0.1'\n", 1, 1, "'required-version' is a text such as", None),
        ("required-version = 1\n", 1, 1, "'required-version' is a text such as", None),
    ],
)  # fmt: skip
def test_a_fault_has_its_line_and_a_hint(text, line, character, message, hint, folder):
    """B125"""
    error = fault(text, folder)
    assert (error.path, error.line, error.character) == ("losscli.toml", line, character), error.message
    assert message in error.message
    assert error.hint is None or hint is None or hint in error.hint
    assert hint is None or error.hint


def test_faults_in_pyproject_stand_where_they_do(folder):
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.losscli.suites.a]\nlosess = 3\n")
    with pytest.raises(UsageError, match="unknown key 'losess'") as caught:
        suites.config(None, str(folder), trusted=False)
    assert (caught.value.path, caught.value.line, caught.value.character) == ("pyproject.toml", 4, 1)


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * (1 << 19), "a = " + "[[1]," * (1 << 17), "a" + ".a" * (1 << 18) + " = 1",
     "[" + "a." * (1 << 18) + "a]"],
    ids=["open", "closed", "dots", "table"],
)  # fmt: skip
def test_deep_nests_are_refused_at_once(text, folder):
    """B125"""
    error = fault(text, folder)
    assert "nested too deeply" in error.message
    assert error.path == "losscli.toml"


def test_dots_without_end_have_their_line(folder):
    assert fault("\n\n[" + "a." * 100 + "a]", folder).line == 3


def test_wide_documents_are_read(folder):
    assert KeyPositions("a = [" + "[]," * 100_000 + "]").position(("a", 99_999)) == TextPosition(1, 6 + 3 * 99_999)


def test_a_large_file_is_none_of_ours(folder):
    error = fault("#" * (LIMIT + 1), folder)
    assert "larger than 1 MB" in error.message


def test_text_that_is_no_text(folder):
    (folder / "losscli.toml").write_bytes(b"\n\xff = 1\n")
    with pytest.raises(UsageError, match="UTF-8") as caught:
        find_config(None, str(folder))
    assert caught.value.line == 2


def test_a_byte_order_mark_and_other_line_ends(folder):
    document = parse(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n", "x")
    assert document.position(("b",)) == TextPosition(2, 1)


# -------------------------------------------------------------------------------------------------- which one counts


def names_in(folder: Path) -> list[str]:
    return suite_names(None, str(folder))


def test_the_nearest_counts_and_nothing_is_merged(folder):
    (folder / "losscli.toml").write_text("[defaults]\nby='g'\n[suites.far]\n")
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    assert names_in(inner) == ["far"]
    (folder / "a" / "losscli.toml").write_text(SUITE.replace(".a", ".near"))
    assert names_in(inner) == ["near"]
    config = suites.config(None, str(inner), trusted=False)
    assert (config.shown, config.label, config.folder) == (
        str(Path("..") / "losscli.toml"), "losscli.toml", str(folder / "a"))  # fmt: skip
    assert "by" not in config.suites["near"].settings


def test_a_project_that_says_nothing_is_passed_by(folder):
    """B126"""
    (folder / "losscli.toml").write_text("[suites.far]\n")
    inner = folder / "a"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.ruff]\nlosscli = 1\n")
    assert names_in(inner) == ["far"]
    (inner / "pyproject.toml").write_text("this is broken, and not our business")
    assert names_in(inner) == ["far"]
    (inner / "pyproject.toml").write_text("[tool.losscli.suites.near]\n")
    assert names_in(inner) == ["near"]
    (inner / "losscli.toml").write_text("[suites.own]\n")
    assert names_in(inner) == ["own"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_the_search_ends_with_the_repository(kind, folder):
    (folder / "losscli.toml").write_text("[suites.far]\n")
    repository = folder / "r"
    (repository / "inner").mkdir(parents=True)
    git = repository / ".git"
    git.mkdir() if kind == "folder" else git.write_text("gitdir: elsewhere")
    assert find_config(None, str(repository / "inner")) is None
    (repository / "losscli.toml").write_text(SUITE)
    assert names_in(repository / "inner") == ["a"]
    assert suites.config(None, str(repository / "inner"), trusted=False).label == "losscli.toml"
    (repository / "inner" / "losscli.toml").write_text(SUITE)
    assert suites.config(None, str(repository / "inner"), trusted=False).label == "inner/losscli.toml"


def test_the_search_ends_at_home(folder, tmp_path, monkeypatch):
    (tmp_path / "losscli.toml").write_text("[suites.home]\n")
    assert names_in(folder) == ["home"]
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    assert find_config(None, str(folder)) is None
    with pytest.raises(UsageError, match=r"no losscli\.toml") as caught:
        suites.config(None, str(folder), trusted=False)
    assert "--init" in str(caught.value.hint)


def test_what_is_named_is_read_and_nothing_else(folder):
    (folder / "losscli.toml").write_text("[suites.found]\n")
    (folder / "other.toml").write_text(SUITE.replace(".a", ".named"))
    assert suite_names("other.toml", str(folder)) == ["named"]
    with pytest.raises(FileError):
        find_config("gone.toml", str(folder))
    (folder / "pyproject.toml").write_text("[tool.x]\n")
    with pytest.raises(UsageError, match=r"no \[tool.losscli\]"):
        find_config("pyproject.toml", str(folder))


# ----------------------------------------------------------------------------------------------------------- values


def test_every_option_of_a_run_is_a_key(folder):
    """A new option of eval is one without a word here."""
    from losscli.cli.eval import command

    spelled = {spelling for key in suites.known_keys() for spelling in key.spellings}
    missing = {
        long.removeprefix("--") for param in command.params for long in param.opts if long.startswith("--")
    } - spelled  # fmt: skip
    assert missing == {"format", "quiet", "verbose", "plan", "exit-zero", "threads", "engine", "scheduler",
                       "scheduler-file", "tls-ca", "tls-cert", "tls-key", "worker-timeout", "insecure-scheduler",
                       "shard", "shard-plan", "state-out", "error-format", "color", "no-color",
                       "json", "show", "worst"}  # fmt: skip
    assert {"sources", "losses", "pred", "by", "gates", "gate", "class-weight", "baseline-missing"} <= spelled


def test_values_become_what_eval_is_given(folder, monkeypatch):
    monkeypatch.setenv("LOSSCLI_WEIGHT", "from_the_environment")
    monkeypatch.setenv("LOSSCLI_NAN", "drop")
    monkeypatch.setenv("LOSSCLI_LEVEL", "0.5")
    config = read(
        """
        [defaults]
        by = ["g", "h"]
        losses = "mae"
        [suites.a]
        sources = ["p.csv", "-q.csv"]
        losses = ["mse", "huber:delta=2"]
        pred = {new = "p_*", "a=b" = "q"}
        column = {"new:variance" = "v"}
        interval = true
        no-header = false
        seed = 3
        level = 0.9
        bootstrap = 50
        bootstrap-method = "studentised"
        target = "-y"
        [suites.b]
        sources = "p.csv"
        by = []
        """,
        folder,
    )
    run = suites.options_of(config, config.suites["a"]).run
    asked, inference = run.request, run.request.inference
    assert (run.input.sources, run.input.read.header) == (("p.csv", "-q.csv"), True)
    assert [spec.text for spec in asked.losses] == ["mse", "huber:delta=2"]
    assert [(pred.model, pred.columns.text) for pred in asked.preds] == [("new", "p_*"), ("a=b", "q")]
    assert [(role.model, role.role, role.columns.text) for role in asked.columns] == [("new", "variance", "v")]
    assert (asked.by, asked.target.text, asked.weight, asked.nan) == (("g", "h"), "-y", None, "error")
    assert (inference.interval, inference.seed, inference.level, inference.bootstrap) == (True, 3, 0.9, 50)
    assert inference.bootstrap_method == "studentised"
    other = suites.options_of(config, config.suites["b"]).run.request
    assert ([spec.text for spec in other.losses], other.by) == (["mae"], ())


def test_gates_in_every_form_know_their_lines(folder):
    config = read(
        """[suites.a]
losses = ["mse", "total=0.5*mse+0.5*mae"]
gates = ["mse<=1",
  {loss = "mse", max = 1, min = 0.5, by = ["g", "a,b"]}]
[[suites.a.gate]]
loss = "total"
model = "new"
max-regression = "0.5%"
significant = true
slice = "g"
""",
        folder,
    )
    gates = suites.gates_of(config, config.suites["a"])
    assert [(gate.text, gate.path, gate.line) for gate in gates] == [
        ("mse<=1", "losscli.toml", 3),
        (r"mse<=1 by g,a\,b", "losscli.toml", 4),
        (r"mse>=0.5 by g,a\,b", "losscli.toml", 4),
        ("new/total<=baseline+0.5% significant by g", "losscli.toml", 5),
    ]


def test_regressions_of_what_should_be_high_are_falls(monkeypatch):
    from losscli.losses import REGISTRY

    monkeypatch.setattr(REGISTRY["mse"], "direction", "higher")
    assert suites.texts_of(GateTable("mse", max_regression="0.01"), _suite()) == ["mse>=baseline-0.01"]


def _suite():
    from losscli.cli.config import Suite

    return Suite("a", TextPosition(1, 1), {})


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [(">=0.1", True), (">=0.1.0,<2", True), ("==1.10", True), ("==1.1", False), (">1.10.0", False), ("!=1.10", False),
     (">=1.9", True), ("<=1.9", False), (">=1.10.0.0", True), ("<1.10.1", True)],
)  # fmt: skip
def test_versions_are_numbers(wanted, holds):
    from losscli.cli.config import _check_version

    document = parse(f"required-version = '{wanted}'".encode(), "x")
    if holds:
        _check_version(document, "1.10.0")
    else:
        with pytest.raises(UsageError, match=r"this is 1\.10\.0"):
            _check_version(document, "1.10.0")


# ------------------------------------------------------------------------------------------------------------ trust


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('output = "/etc/x.json"', "'/etc/x.json' is an absolute path"),
        ('outputs = ["a.json", "json=/etc/x"]', "'/etc/x' is an absolute path"),
        ('outputs = ["rows=../x.parquet"]', "'../x.parquet' leaves the folder through '..'"),
        ('outputs = {json = "in/../../x"}', "leaves the folder through '..'"),
        ('output = "out/x.json"', "'out/x.json' leaves the folder through a link"),
        ('output = "link.json"', "'link.json' leaves the folder through a link"),
        ('output = "s3://b/x.json"', "'s3://b/x.json' is on another machine"),
        ('baseline = "s3://b/x.json"', "the baseline 's3://b/x.json' is on another machine"),
        ('baseline = "/etc/x.json"\nbaseline-missing = "create"', "the baseline '/etc/x.json' is an absolute path"),
    ],
)
def test_a_found_file_writes_below_its_folder_only(line, message, folder, tmp_path):
    """B127"""
    (tmp_path / "elsewhere").mkdir()
    (folder / "out").symlink_to(tmp_path / "elsewhere")
    (folder / "link.json").symlink_to(tmp_path / "elsewhere" / "x.json")
    text = SUITE + line + "\n"
    with pytest.raises(UsageError) as caught:
        read(text, folder)
    assert message in caught.value.message
    assert "--trust-config" in str(caught.value.hint)
    assert (caught.value.path, caught.value.line) == ("losscli.toml", 4)
    assert "a" in read(text, folder, trusted=True).suites
    assert "a" in suites.config("losscli.toml", str(folder), trusted=False).suites


@pytest.mark.parametrize("key", ["plugins", "endpoint"])
@pytest.mark.parametrize("place", ["", SUITE, "[defaults]\n"])
def test_nothing_is_loaded(key, place, folder):
    """B127"""
    for trusted in (False, True):
        with pytest.raises(UsageError, match="a configuration cannot") as caught:
            read(f"{place}{key} = ['x']\n", folder, trusted=trusted)
        assert "--trust-config" in str(caught.value.hint)


@pytest.mark.parametrize(
    "line", ['outputs = ["a.json", "deep/er/x.xml", "csv=a=b"]', 'baseline = "../b.json"', 'sources = "/data/p.csv"']
)
def test_what_a_found_file_may(line, folder):
    assert "a" in read("[suites.a]\n" + line, folder).suites


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_folder_that_is_a_link_itself_is_its_target(folder, tmp_path):
    (folder / "losscli.toml").write_text(SUITE + 'output = "x.json"\n')
    (tmp_path / "alias").symlink_to(folder)
    assert "a" in suites.config(None, str(tmp_path / "alias"), trusted=False).suites
