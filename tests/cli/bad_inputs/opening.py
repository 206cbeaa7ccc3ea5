"""A: files that are not there, are empty, are packed, or are something else than their name says."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import numpy as np
from bad_inputs.case import PLAIN, Here, case, text
from permissions import as_any_user

# A case is a few lines of a table; one argument a line would hide it.
# fmt: off

GOOD = "y,p\n1,2\n3,3\n"  # mean absolute error 0.5
PACKED = gzip.compress(GOOD.encode(), mtime=0)
LONG = gzip.compress(b"y,p\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(20_000)), mtime=0)


@case("B001", 4, "no such file", "in: pred.csv", "did you mean 'preds.csv'?")
def no_file(here: Here):
    here.file(GOOD, "preds.csv")
    return "pred.csv"


@case("B001", 4, "no such file", "in: a/b/c.csv")
def no_folder(here: Here):
    return "a/b/c.csv"


@case("B002", 4, "the folder has no data files; ignored: README.md, notes.txt", "in: d", ".parquet")
def folder_without_data(here: Here):
    here.file("x", "d/README.md")
    here.file("x", "d/notes.txt")
    here.file("x", "d/_SUCCESS")
    return "d"


@case("B002", 4, "the folder has no data files", "in: d")
def empty_folder(here: Here):
    (here.path / "d").mkdir()
    return "d"


@case("B003", 4, "permission denied (mode -", "in: p.csv")
def no_permission(here: Here):
    here.file(GOOD)
    here.path.chmod(0o755)
    (here.path / "p.csv").chmod(0)
    here.after.enter_context(as_any_user())
    return "p.csv"


text("B004", "zero_bytes", "", 3, "the file is empty (0 bytes)", "in: p.csv")
text("B004", "zero_bytes_tsv", "", 3, "the file is empty (0 bytes)", file="p.tsv")
text("B004", "zero_bytes_jsonl", "", 3, "the file is empty (0 bytes)", file="p.jsonl")
text("B004", "zero_bytes_no_suffix", "", 3, "the file is empty (0 bytes)", file="p")
text("B004", "nothing_in_gz", gzip.compress(b""), 3, "the file is empty (0 bytes)", file="p.csv.gz")
text("B005", "zero_bytes_parquet", "", 3, "the file is empty (0 bytes)", "in: p.parquet", file="p.parquet")
text("B005", "zero_bytes_arrow", "", 3, "the file is empty (0 bytes)", file="p.arrow")
text("B006", "newline", "\n", 3, "no header", "in: p.csv")
text("B006", "spaces", "   ", 3, "no header")
text("B006", "blank_lines", "\n\r\n  \n", 3, "no header")
text("B006", "blank_jsonl", "\n\n", 5, "holds no records", file="p.jsonl")
text("B006", "only_a_bom", b"\xef\xbb\xbf", 3, "no header")
text("B007", "header_only", "y,p\n", 5, "nothing to score: 0 rows", "in: p.csv")
text("B007", "header_without_newline", "y,p", 5, "nothing to score: 0 rows", "in: p.csv")
text("B007", "header_and_blank_lines", "y,p\n\n\n", 5, "nothing to score: 0 rows")
text("B007", "header_in_gz", gzip.compress(b"y,p\n"), 5, "nothing to score: 0 rows", file="p.csv.gz")


@case("B007", 5, "nothing to score: 0 rows", "in: p.parquet")
def parquet_without_rows(here: Here):
    return here.parquet({"y": [1.0][:0], "p": [1.0][:0]})


@case("B007", 5, "nothing to score: 0 rows", "in: p.arrow")
def arrow_without_rows(here: Here):
    return here.arrow({"y": [], "p": []})


@case("B008", 4, "the file changed while it was read", "in: p.csv", "run again")
def grows_while_read(here: Here):
    from losscli.io.formats import csv as delimited

    read = delimited._Reader.read

    def and_write(self, window, location, extra):
        here.file(GOOD + "5,6\n")
        return read(self, window, location, extra)

    here.patch.setattr(delimited._Reader, "read", and_write)
    return here.file(GOOD)


@case("B008", 4, "the file disappeared while it was read", "in: p.csv")
def disappears_while_read(here: Here):
    from losscli.io.formats import csv as delimited

    read = delimited._Reader.read

    def and_remove(self, window, location, extra):
        (here.path / "p.csv").unlink(missing_ok=True)
        return read(self, window, location, extra)

    here.patch.setattr(delimited._Reader, "read", and_remove)
    return here.file(GOOD)


@case("B010", value=0.5)
def parquet_on_stdin(here: Here):
    return here.stdin((here.path / here.parquet({"y": [1.0, 3.0], "p": [2.0, 3.0]})).read_bytes())


@case("B010", value=0.5)
def gz_on_stdin(here: Here):
    return here.stdin(PACKED)


@case("B010", 3, "the file is empty (0 bytes)", "in: standard input")
def nothing_on_stdin(here: Here):
    return here.stdin(b"")


@case("B011", 2, "stdin (-) can be given only once")
def stdin_twice(here: Here):
    return ["-", "-", *PLAIN]


@case("B012", 2, "no SOURCE was given", "- is standard input")
def terminal_and_no_file(here: Here):
    here.stdin(None)
    return [*PLAIN]


text("B013", "csv_called_parquet", GOOD, 3, "the name says Parquet, the content is delimited text", "in: p.parquet",
     "--input-format csv", file="p.parquet")
text("B013", "csv_called_parquet_and_told", GOOD, args="--input-format csv", value=0.5, file="p.parquet")
text("B013", "csv_called_jsonl", GOOD, 3, "the name says JSON lines, the content is delimited text", file="p.jsonl")
text("B013", "jsonl_called_csv", '{"y":1,"p":2}\n', 3, "the content is JSON lines", file="p.csv")
text("B013", "json_array", '[{"y":1,"p":2}]', 3, "the content is a JSON document", "--input-format json",
     file="p.jsonl")
text("B013", "pickle", b"\x80\x04\x95abc", 3, "a pickle, which could run code", file="p.pkl")
text("B013", "numpy", b"\x93NUMPY\x01\x00v\x00", 3, "damaged NumPy array: its header is cut off", file="p.npy")


@case("B013", 3, "the name says delimited text, the content is Parquet", "in: p.csv")
def parquet_called_csv(here: Here):
    return here.parquet({"y": [1.0], "p": [2.0]}, "p.csv")


@case("B013", value=1.0)
def parquet_called_csv_and_told(here: Here):
    return [here.parquet({"y": [1.0], "p": [2.0]}, "p.csv"), "--input-format", "parquet", *PLAIN]


text("B014", "gz_called_csv", PACKED, value=0.5)
text("B014", "bz2_called_csv", bz2.compress(GOOD.encode()), value=0.5)
text("B014", "csv_called_gz", GOOD, value=0.5, file="p.csv.gz")
text("B014", "csv_without_suffix", GOOD, value=0.5, file="p")
text("B015", "cut_gz", LONG[: len(LONG) // 2], 3, "the compressed stream is truncated", "in: p.csv.gz", file="p.csv.gz")
text("B015", "gz_without_its_last_byte", PACKED[:-1], 3, "the compressed stream is truncated", file="p.csv.gz")
text("B015", "gz_of_three_bytes", PACKED[:3], 3, "the compressed stream is truncated", file="p.csv.gz")
text("B015", "cut_bz2", bz2.compress(GOOD.encode())[:-4], 3, "the compressed stream is truncated", file="p.csv.bz2")
text("B015", "cut_xz", lzma.compress(GOOD.encode())[:-4], 3, "the compressed stream is truncated", file="p.csv.xz")
text("B016", "gz_with_a_wrong_sum", PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], 3, "checksum mismatch", file="p.csv.gz")
text("B016", "gz_with_rubbish_inside", PACKED[:12] + b"\xff\xff\xff" + PACKED[15:], 3, "damaged", file="p.csv.gz")
text("B016", "gz_and_rubbish_behind", PACKED + b"rubbish", 3, "damaged", file="p.csv.gz")
text("B017", "two_members", PACKED + gzip.compress(b"5,7\n"), value=1.0, file="p.csv.gz")
text("B018", "xz", lzma.compress(GOOD.encode()), value=0.5, file="p.csv.xz")


def _zip(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


text("B018", "zip_of_one", _zip({"a.csv": GOOD}), value=0.5, file="p.zip")
text("B018", "zip_of_two", _zip({"a.csv": GOOD, "b\x1b[31m.csv": GOOD}), 3, "2 members", "'a.csv'", "'b\\x1b[31m.csv'",
     file="p.zip")
text("B018", "zip_with_what_macos_adds", _zip({"a.csv": GOOD, "__MACOSX/._a.csv": "\0", ".DS_Store": "x"}), value=0.5,
     file="p.zip")
text("B018", "cut_zip", _zip({"a.csv": GOOD})[:-9], 3, "the zip archive is damaged or truncated", file="p.zip")


@case("B018", value=0.5)
def a_member_of_a_zip(here: Here):
    return here.file(_zip({"a.csv": "x\n1\n", "d/b.csv": GOOD}), "p.zip") + ":d/b.csv"


@case("B018", 3, "the zip archive has no file 'c.csv'", "did you mean", "in: p.zip:c.csv")
def no_such_member(here: Here):
    return here.file(_zip({"a.csv": GOOD, "b.csv": GOOD}), "p.zip") + ":c.csv"


@case("B018", 3, "the tar archive has 2 members", "'a.csv', 'b.csv'", "p.tar.gz:a.csv", "in: p.tar.gz")
def tar_of_two(here: Here):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in ("a.csv", "b.csv"):
            info = tarfile.TarInfo(name)
            info.size = len(GOOD)
            archive.addfile(info, io.BytesIO(GOOD.encode()))
    return here.file(out.getvalue(), "p.tar.gz")


@case("B018", 3, "packed once more", "unpack the outer archive", "in: p.tar")
def gz_in_tar(here: Here):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.csv.gz")
        info.size = len(PACKED)
        archive.addfile(info, io.BytesIO(PACKED))
    return here.file(out.getvalue(), "p.tar")


def _npz(here: Here, **arrays: object) -> str:
    np.savez(here.path / "p.npz", **arrays)  # type: ignore[arg-type]
    return "p.npz"


@case("B013", value=0.5)
def arrays_of_any_order(here: Here):
    return _npz(here, y=np.array([1, 3], ">i2"), p=np.asfortranarray([[2.0], [3.0]]))


@case("B013", 3, "a pickle, and that could run code", "allow_pickle=False", "in: p.npz")
def pickled_array(here: Here):
    return _npz(here, y=np.array([1.0, 3.0]), p=np.array([2.0, None], object))


@case("B013", 3, "'y' has 2", "'p' has 3", "in: p.npz")
def arrays_of_two_lengths(here: Here):
    return _npz(here, y=np.array([1.0, 3.0]), p=np.arange(3.0))


@case("B013", 3, "the array 'p' is damaged", "in: p.npz")
def array_shorter_than_its_header_says(here: Here):
    out = io.BytesIO()
    np.save(out, np.arange(2.0))
    with zipfile.ZipFile(here.path / "p.npz", "w") as archive:
        archive.writestr("y.npy", out.getvalue())
        archive.writestr("p.npy", out.getvalue()[:-1])
    return "p.npz"


@case("B019", 3, "a record is longer than", "in: p.csv.gz", "--quote none")
def zeros_without_end(here: Here):
    here.windows(1 << 16)
    here.patch.setattr("losscli.io.formats.text_windows.RECORD_LIMIT", 1 << 20)
    return here.file(gzip.compress(b"y,p\n" + bytes(10_000_000)), "p.csv.gz")


@case("B019", 3, "the header is longer than 4 MiB")
def zeros_from_the_start(here: Here):
    return here.file(gzip.compress(bytes(20_000_000)), "p.csv.gz")


@case("B020", 4, "no file matches", "in: q*.csv")
def glob_without_match(here: Here):
    here.file(GOOD)
    return "q*.csv"


@case("B020", shows=('"path": "p1.csv"', '"rows": 2'))
def glob_with_fewer_than_expected(here: Here):
    here.file(GOOD, "p1.csv")
    return ["p[12].csv", *PLAIN[:-1], "-f", "json", "--error-format", "text"]


@case("B021", 0, "note: ignored d/README.md: not a data file by its name", shows=('"value": 0.5',))
def folder_as_spark_writes_it(here: Here):
    for name in ("_SUCCESS", ".part-0.csv.crc", "README.md", "_temporary/0/part-0.csv"):
        here.file("not data", f"d/{name}")
    here.file(GOOD, "d/part-0.csv")
    return ["d", *PLAIN[:-1], "-f", "jsonl", "--error-format", "text"]


@case("B022", 0, "note: did not follow d/loop: it is a link to a folder")
def loop_of_links(here: Here):
    here.file(GOOD, "d/a.csv")
    (here.path / "d" / "loop").symlink_to(here.path / "d")
    return ["d", *PLAIN[:-1]]


@case("B022", 4, "levels of symbolic links", "in: a.csv")
def link_to_itself(here: Here):
    (here.path / "a.csv").symlink_to("a.csv")
    return "a.csv"


NAMES = {"newline": "a\nb.csv", "escape": "a\x1b[31mb.csv", "markup": "[red]x[/y].csv", "emoji": "🙂é.csv",
         "longest": "x" * 251 + ".csv", "not_utf8": b"a\xff\xfeb.csv".decode("utf-8", "surrogateescape"),
         "bidi": "a\u202egpj.csv", "glob": "a[1]*.csv", "command": "::error::x.csv", "equals": "k=v.csv",
         "dashes": "./--help.csv", "blank": " .csv", "tilde": "~.csv"}


def _named(label: str, name: str) -> None:
    def score(here: Here):
        here.file(GOOD, name)
        return name

    def fail(here: Here):
        here.file("y,p\n1,x\n", name)
        return name

    def report(here: Here):
        here.file(GOOD, name)
        return [name, name, *PLAIN[:-1], "-f", "json", "--error-format", "text"]

    score.__name__, fail.__name__, report.__name__ = f"name_{label}", f"name_{label}_in_error", f"name_{label}_in_json"
    case("B023", value=0.5)(score)
    case("B023", 3, "'x' is not a number", "row 1 (line 2)")(fail)
    case("B023", 0, "is given 2 times, so its rows are counted that often")(report)


for _label, _name in NAMES.items():
    _named(_label, _name)


@case("B023", 2, "unknown option '--wild.csv'")
def named_like_an_option(here: Here):
    here.file(GOOD, "--wild.csv")
    return "--wild.csv"


@case("B023", value=0.5)
def named_like_an_option_behind_dashes(here: Here):
    here.file(GOOD, "--wild.csv")
    return [*PLAIN, "--", "--wild.csv"]


@case("B023", 4, "File name too long")
def name_longer_than_can_be(here: Here):
    return "x" * 300 + ".csv"


@case("B023", 2, "the source path contains a NUL byte")
def nul_in_the_name(here: Here):
    return "a\0b.csv"


@case("B024", 2, "cannot read ftp://", "local files")
def bucket(here: Here):
    return "ftp://server/preds.parquet"


@case("B025", 2, "the address does not name a server", "in: https:///preds.csv")
def web(here: Here):
    return "https:///preds.csv?token=secret"


text("B025", "html", "<!DOCTYPE html>\n<html><body>404</body></html>", 3, "content is HTML, not data", "in: p.csv")
