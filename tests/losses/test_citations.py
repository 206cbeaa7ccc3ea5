"""The sources of the losses were looked up: citations.csv has what was found, and the declarations agree with it.

A line is one source: its number as a declaration cites it (or the first author and the year, where it has none), the
authors, year and title that were found with this number, and where: a public address, or `GitHub search`, which is a
full-text search of public files for the number, or for the title of a source without one. `number not seen` is a work
that was found, with authors, year and title, but without its number.
"""

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from losscli.losses import every

RECORD = Path(__file__).with_name("citations.csv")
STATUSES = ("verified", "number not seen", "not found")
DOI = re.compile(r"doi:10\.\d{4,9}/[-._;()/:<>A-Za-z0-9]+")
ARXIV = re.compile(r"arXiv:(\d\d)(0[1-9]|1[0-2])\.(\d{4}|\d{5})")
NUMBER = re.compile(r"(?:doi:|arXiv:|https?://)\S+")
WORK = re.compile(r"(?:[\w -]+: )?(?P<authors>[^\d:]+) (?P<year>1[789]\d\d|20\d\d)\b")
YEARS_TO_PRINT = 3  # from the preprint to the year of the proceedings or the journal


class Work(NamedTuple):
    """One source as a declaration cites it; authors and year are empty where a library or a page is the source."""

    source: str
    authors: str
    year: str


@cache
def record():
    with RECORD.open(newline="", encoding="utf-8") as file:
        return {key(row["source"]): row for row in csv.DictReader(file)}


def works(cite):
    """The sources of one `cite=`."""
    for text in re.split(r"; +", cite):
        work, number = WORK.match(text), NUMBER.search(text)
        authors, year = (work["authors"], work["year"]) if work else ("", "")
        first = re.split(r", | & | et al\.", authors)[0]
        source = number[0] if number else f"{first} {year}" if work else text.rpartition(", ")[2]
        yield Work(source, authors, year)


def plain(name):
    """Schuetz and Schütz, Jorgensen and Jørgensen: names are cited with and without their letters."""
    letters = unicodedata.normalize("NFKD", name.replace("ø", "o").replace("ł", "l"))
    return "".join(c for c in letters if not unicodedata.combining(c)).replace("ue", "u")


def key(source):
    return source if NUMBER.match(source) else plain(source)


def names(authors):
    return [plain(name) for name in re.split(r", | & |; | (?=et al\.)", authors) if name]


def complaints(work):
    """What a cited source and its line have against each other."""
    row = record().get(key(work.source))
    if row is None:
        return ["is not in citations.csv: look it up, or add it as not found, with the reason"]
    found = []
    cited, known = names(work.authors), names(row["authors"])
    shared = min(len(listed) - (listed[-1:] == ["et al."]) for listed in (cited, known))
    if cited[:shared] != known[:shared] or ("et al." not in cited + known and len(cited) != len(known)):
        found.append(f"has the authors {row['authors']}")
    if work.year != row["year"]:
        found.append(f"is of {row['year']}")
    preprint = ARXIV.fullmatch(work.source)
    late = preprint and not 0 <= int(work.year) - 2000 - int(preprint[1]) <= YEARS_TO_PRINT
    if late and not row["note"].startswith(f"of {work.year}: "):
        found.append("has a number of another year, and no note says why")
    if not re.match("doi:|arXiv:", work.source):
        return found
    return found if preprint or DOI.fullmatch(work.source) else [*found, "is not of the form of such a number"]


def test_sources_agree_with_the_record():
    wrong = [f"{loss.name}: {work.authors} {work.year}, {work.source} {complaint}"
             for loss in every().values() for work in works(loss.cite) for complaint in complaints(work)]  # fmt: skip
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("cite", "said"),
    [
        ("Huber 1964, doi:10.1214/aoms/1177703732", []),
        ("Huber 1965, doi:10.1214/aoms/1177703732", ["is of 1964"]),
        ("Hubert 1964, doi:10.1214/aoms/1177703732", ["has the authors Huber"]),
        ("Huber 1964, doi:10.1214/aoms/1177703733", ["is not in citations.csv"]),
        ("Barron 2019, arXiv:1713.03077", ["is not in citations.csv"]),
        ("Wang & Isola 2025, arXiv:2005.10242", ["is of 2020", "has a number of another year"]),
        ("Wang et al. 2020, arXiv:2005.10242", []),
        ("Wang, Isola & Li 2020, arXiv:2005.10242", ["has the authors Wang; Isola"]),
        ("the pair: Zhang 2004, doi:10.1145/1015330.1015332; Kolassa & Schuetz 2007, Foresight 6:40-43", []),
    ],
)
def test_what_is_wrong_is_said(cite, said):
    complained = [complaint for work in works(cite) for complaint in complaints(work)]
    assert len(complained) == len(said)
    assert all(map(str.startswith, complained, said))


def test_the_record_is_whole():
    cited = {key(work.source) for loss in every().values() for work in works(loss.cite)}
    for source, row in record().items():
        assert source in cited, f"nobody cites {source}"
        assert row["status"] in STATUSES
        assert row["note"] or (row["title"] and row["found"] and row["status"] != "not found"), source
    with RECORD.open(encoding="utf-8") as file:
        assert sum(1 for _ in csv.reader(file)) == len(record()) + 1, "a source has two lines"
