"""What the fuzzer tries: each target makes bytes, and says which command line reads them.

Texts of a grammar (specs, filters, gates) are put together from its words and from anything; files are good files in
which bytes were changed, so that most of them get past the first check.
"""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from hypothesis import strategies as st
from processes import LOSSCLI, environment
from waiting import PATIENCE

TABLE = 'y,p,q,g,n\n1,0.75,0.5,a,1\n0,0.25,0.5,b,\n1,0.5,0.125,a,3\n0,0.5,0.25,"b, c",NA\n'
SCORE = ["-t", "y", "-p", "p", "-l", "mse", "-l", "bce"]
BY_SLICE = ["eval", "t.csv", *SCORE, "--by", "g"]
BASELINE = ["--baseline", "base.json", "--gate", "mse<=baseline"]
Command = Callable[[str], list[str]]


@dataclass(frozen=True)
class Target:
    """Bytes that are put into a file of this name, or into an argument, of a command line."""

    name: str
    inputs: st.SearchStrategy[bytes]
    command: Command
    file: str | None = None
    most_errors: int = 1  # how many a run may end with: one for each suite


# -------------------------------------------------------------------------------------------------------------- texts

PIECES = ["mse", "huber", "delta", "bce", "p", "q", "y", "g", "n", "a", "b", "1", "0", "-1", "2.5", "1e308", "1e-320",
          "1e999", "nan", "inf", "0x1", "١", " ", "  ", ",", ":", "=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*",
          "/", "@", "%", "(", ")", "[", "]", "{", "}", '"', "'", "`", "\\", "\t", "\n", "\u2028", "é", "🙂", "\u202e",
          "\x1b[31m", "and", "or", "not", "in", "is", "null", "true", "by", "baseline", "significant", "max", "keras",
          "torch", "total", "#", ";", "|", "$", "~", "^", "?", "..", "_", "*mse", "1%", "models", "--"]  # fmt: skip
WORDS = {
    "spec": [*PIECES, "huber:delta=2", "total=0.7*mse+0.3*mae", "bce@keras", "focal:gamma=2,alpha=0.25",
             "cross_entropy", "r2", "auc", "mse+mae", "2*mse", "pinball:quantile=0.9", "rmse", "l2_penalty"],
    "where": [*PIECES, "n is null", "g in [", "p > 0.5", "not (", "0 <= p < 1", 'g == "a"', "is not null", "`y`"],
    "gate": [*PIECES, "mse<=", "bce<=0.4 by g", "p/mse<=1", "max(1%,0.01)", "baseline+", "a/", "mse>=0", "<=nan"],
}  # fmt: skip


def texts(words: list[str]) -> st.SearchStrategy[bytes]:
    """Up to 12 words, some of them any text; what no process can be given is left out (NUL, lone surrogates)."""
    anything = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
    word = st.one_of(st.sampled_from(words), st.sampled_from(words), st.sampled_from(words), anything)
    return st.lists(word, min_size=1, max_size=12).map(lambda found: "".join(found).encode())


GOOD = {
    "spec": [
        "mse",
        "huber:delta=2",
        "2*mse",
        "1 - brier",
        "0.5*bce@keras",
        "focal:gamma=2,alpha=0.25",
        "r2",
        "rmse",
        "a=mae",
    ],
    "where": ["n is null", "p > 0.2", 'g in ["a", "b"]', "not (p < 0.1)", "0 <= p < 1", "y == 1", "g is not null"],
    "gate": ["mse<=1", "bce<=0.4 by g", "p/mse<1e3", "mse<=2 by g", "bce<=inf"],
}
JOINED = {
    "spec": ["+", "+", " - ", ",", "="],
    "where": [" and ", " or ", " and not ", ""],
    "gate": [" ", "", "\n", "+"],
}


@st.composite
def sentences(draw: st.DrawFn, grammar: str) -> bytes:
    """Good pieces with what joins them, and sometimes a character too many or too few."""
    pieces = draw(st.lists(st.sampled_from(GOOD[grammar]), min_size=1, max_size=4))
    text = pieces[0] + "".join(draw(st.sampled_from(JOINED[grammar])) + piece for piece in pieces[1:])
    at, cut = draw(st.integers(0, len(text))), draw(st.sampled_from([0, 0, 0, 1]))
    more = draw(st.sampled_from(["", "", *WORDS[grammar]]))
    return (text[:at] + more + text[at + cut :]).encode()


def grammar(name: str) -> st.SearchStrategy[bytes]:
    return st.one_of(texts(WORDS[name]), sentences(name))


def argument(*before: str) -> Command:
    return lambda text: ["eval", "t.csv", *SCORE, *before, text]


# -------------------------------------------------------------------------------------------------------------- files

TOKENS = [b'"', b'""', b"\r", b"\n", b"\r\n", b",", b"\t", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"nan", b"inf",
          b"1e999", b"-", b"1e-400", b"9007199254740993", b"null", b"[", b"]", b"{", b"}", b":", b"true", b"\\u0000",
          b"\\", b"#", b"\x1b[2J", b"[[", b"=", b"'", b"1" * 400, b"[" * 1200, b"\x1f\x8b", b"PAR1", b"PK\x03\x04",
          b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00"]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, seeds: Callable[[], list[bytes]]) -> bytes:
    """A good file with one to eight changes: bits, bytes, tokens put in, pieces cut, doubled or moved, the end cut."""
    data = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(data)))
        change = draw(st.sampled_from(["bit", "byte", "token", "cut", "double", "end", "number"]))
        if change == "bit" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif change == "byte" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif change == "token":
            data[at:at] = draw(st.sampled_from(TOKENS))
        elif change == "number":
            data[at : at + 4] = draw(st.integers(-(2**31), 2**31 - 1)).to_bytes(4, "little", signed=True)
        elif change == "end":
            del data[at:]
        else:
            length = draw(st.integers(1, 40))
            piece = bytes(data[at : at + length])
            if change == "cut":
                del data[at : at + length]
            else:
                to = draw(st.integers(0, len(data)))
                data[to:to] = piece
    return bytes(data)


@cache
def tables() -> list[bytes]:
    return [TABLE.encode(), TABLE.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + TABLE.encode(),
            TABLE.encode("utf-16"), b"# note\n" + TABLE.encode(), TABLE.replace(",", "\t").encode(),
            (TABLE.splitlines()[0] + "\n" + 'x1,"0.5",1,"a\n""b""",\n' * 3).replace("x1", "1").encode()]  # fmt: skip


@cache
def compressed() -> list[bytes]:
    return [gzip.compress(TABLE.encode(), mtime=0), gzip.compress(TABLE.encode()[:30], mtime=0)
            + gzip.compress(TABLE.encode()[30:], mtime=0)]  # fmt: skip


@cache
def json_lines() -> list[bytes]:
    rows = [{"y": 1, "p": 0.75, "g": "a"}, {"y": 0, "p": 0.25, "g": None}, {"y": 1, "p": 0.5, "v": [1, 2.5, None]}]
    return ["\n".join(json.dumps(row) for row in rows).encode(), json.dumps(rows[0]).encode() + b"\n\n"]


def table() -> pa.Table:
    return pa.table({"y": [1.0, 0.0, 1.0, 0.0], "p": [0.75, 0.25, 0.5, 0.5], "g": ["a", "b", None, "a"],
                     "v": [[1.0, 2.0], [0.5, None], [], None], "q": pa.array([1, 2, 3, 4], pa.uint8()),
                     "d": pa.array(["x", "y", "x", "x"]).dictionary_encode()})  # fmt: skip


@cache
def parquet() -> list[bytes]:
    found = []
    for options in ({}, {"compression": "zstd"}, {"use_dictionary": False, "data_page_version": "2.0"},
                    {"row_group_size": 2, "write_page_checksum": True}):  # fmt: skip
        pq.write_table(table(), buffer := io.BytesIO(), **options)
        found.append(buffer.getvalue())
    return found


@cache
def arrow() -> list[bytes]:
    found = []
    for compression in ("uncompressed", "lz4", "zstd"):
        feather.write_feather(table(), buffer := io.BytesIO(), compression=compression)
        found.append(buffer.getvalue())
    with pa.ipc.new_stream(buffer := io.BytesIO(), table().schema) as stream:
        stream.write_table(table(), max_chunksize=2)
    return [*found, buffer.getvalue()]


CONFIG = b"""\
required-version = ">=0.1"
[defaults]
sources = ["t.csv"]
[suites.a]
target = "y"
pred = {old = "p", new = "q"}
losses = ["mse", "bce"]
by = ["g"]
where = 'p > 0.1'
gates = ["mse<=1.1", "mse<=1.4 by g"]
[[suites.a.gate]]
loss = "mse"
model = "new"
max = 1.5
[suites.b]
target = "y"
pred = "p"
losses = "mse"
interval = true
bootstrap = 10
"""


@cache
def _made() -> dict[str, bytes]:
    """Files that the command itself writes: a report, a state, saved row values."""
    with TemporaryDirectory() as folder:
        Path(folder, "t.csv").write_text(TABLE)
        score = ["eval", "t.csv", *SCORE, "--by", "g", "--interval"]
        for args in (["-o", "base.json", "-o", "rows=rows.parquet"], ["--shard", "1/2", "--state-out", "a.state"],
                     ["--shard", "2/2", "--state-out", "b.state"]):  # fmt: skip
            subprocess.run([sys.executable, *LOSSCLI[1:], *score, *args], cwd=folder, check=True, timeout=PATIENCE,
                           env=environment(), capture_output=True)  # fmt: skip
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def made(name: str) -> Callable[[], list[bytes]]:
    return lambda: [_made()[name]]


def sealed(data: bytes) -> bytes:
    """The state with the checksum of what it holds now, where it is still JSON: what only a forger writes."""
    from losscli.execution.state_file import checksum

    try:
        document = json.loads(data)
        document.pop("sha256")
        return json.dumps({**document, "sha256": checksum(document)}).encode()
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return data


def beside() -> dict[str, bytes]:
    """The good files that stand beside the one that is tried."""
    return _made()


def source(name: str, seeds: Callable[[], list[bytes]], *more: str) -> Target:
    return Target(name.replace(".", "-"), mutated(seeds), lambda _: ["eval", name, *SCORE, *more], name)


STATES = mutated(made("a.state"))
TARGETS = {target.name: target for target in (
    Target("spec", grammar("spec"), argument("-l")),
    Target("where", grammar("where"), argument("--where")),
    Target("gate", grammar("gate"), argument("--gate")),
    Target("column", texts(PIECES), argument("-c")),
    Target("config", mutated(lambda: [CONFIG]), lambda _: ["check", "--config", "c.toml"], "c.toml", most_errors=2),
    Target("report", mutated(made("base.json")), lambda _: [*BY_SLICE, *BASELINE], "base.json"),
    Target("diff", mutated(made("base.json")), lambda _: ["diff", "base.json", "base.json"], "base.json"),
    Target("rows", mutated(made("rows.parquet")), lambda _: [*BY_SLICE, "--interval", "--baseline",
                                                              "base.json", "--gate", "mse<=baseline significant"],
           "rows.parquet"),
    Target("state", st.one_of(STATES, STATES.map(sealed)), lambda _: ["merge", "a.state", "b.state"], "a.state"),
    source("s.csv", tables, "--by", "g", "--missing", "drop"),
    source("s.tsv", tables),
    source("s.csv.gz", compressed),
    source("s.jsonl", json_lines),
    source("s.parquet", parquet, "--by", "d", "--where", "q > 1"),
    source("s.arrow", arrow, "--by", "g"),
)}  # fmt: skip
