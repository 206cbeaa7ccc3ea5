"""The pages as Chromium lays them out, where it is installed: whole, readable by all, and without a complaint."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import html5lib
import pytest
import sample_reports
from browser import CHROMIUM, Browser
from evaluations import COMPARED, GATED, gate, render_suites
from waiting import PATIENCE

from losscli.report.page.markup import MOST_ROWS
from losscli.results import Origin, SuiteResult

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
on_paper = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")

# A verdict or plot must lie inside of what holds it, each text of a picture must be large enough to read, and nothing
# may make the page wider than the window.
LAYOUT = """(() => {
const root = document.documentElement, found = {wide: root.scrollWidth - root.clientWidth, cut: [], small: []};
for (const cell of document.querySelectorAll("td.w.good, td.w.bad, .outcome, .strips td.plot")) {
  const range = document.createRange(); range.selectNodeContents(cell);
  const box = range.getBoundingClientRect(), around = (cell.closest(".wide") || cell).getBoundingClientRect();
  const right = Math.min(around.right, root.clientWidth);
  if (!box.width || box.left < around.left || box.right > right + 0.5) found.cut.push(cell.textContent);
}
for (const text of document.querySelectorAll("svg text")) {
  const size = parseFloat(getComputedStyle(text).fontSize) * (text.getScreenCTM() || {a: 1}).a;
  if (size < 10.5) found.small.push(size + text.textContent);
}
return found;
})()"""
SCREENS = {"light": (1100, False), "dark": (1100, True), "telephone": (400, False), "dark telephone": (400, True)}
AXE = ("light", "dark telephone")  # both widths, and both sets of colours

LONG = "mean_absolute_percentage_error<=0.123456789 " * 3
SUITES = (
    SuiteResult("gates", replace(GATED, gates=(*GATED.gates, gate(LONG, 1.0, 0.5, "failed", model="m" * 60)),
                                 origin=Origin(("losscli", "eval", "x" * 300)))),
    SuiteResult("comparisons", COMPARED),
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which the commands run, with what they read."""
    found, before = tmp_path_factory.mktemp("reports"), Path.cwd()
    (found / "sample_data").symlink_to(Path(__file__).parents[2] / "sample_data")
    os.chdir(found)
    sample_reports.prepare(found)
    yield found
    os.chdir(before)


Made = Callable[[str], tuple[Path, Counter[str]]]


@pytest.fixture(scope="module")
def made(folder: Path) -> Made:
    """What makes the report of a command, once, and says its verdicts."""
    return functools.cache(lambda name: sample_reports.make(name, folder))


def on_paper_text(browser: Browser, page: Path) -> str:
    """What pdftotext reads from the page as PDF."""
    with browser.open(page) as tab:
        page.with_suffix(".pdf").write_bytes(tab.pdf())
    done = subprocess.run(["pdftotext", "-layout", page.with_suffix(".pdf"), "-"], capture_output=True, text=True,
                          timeout=PATIENCE, check=True)  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("name", sample_reports.COMMANDS)
def test_a_page_is_whole_and_readable_by_all(name: str, browser: Browser, made: Made) -> None:
    page, _ = made(name)
    html5lib.HTMLParser(strict=True).parse(page.read_text(encoding="utf-8"))
    for screen, (width, dark) in SCREENS.items():
        with browser.open(page, width=width, dark=dark) as tab:
            assert tab.value(LAYOUT) == {"wide": 0, "cut": [], "small": []}, screen
            if screen in AXE:
                assert tab.axe() == [], screen
            assert tab.complaints() == [], screen


@on_paper
@pytest.mark.parametrize("name", sample_reports.COMMANDS)
def test_paper_has_as_many_verdicts_as_the_report(name: str, browser: Browser, made: Made) -> None:
    page, verdicts = made(name)
    printed = Counter(re.findall(r"\w+", on_paper_text(browser, page)))
    if verdicts.total() > MOST_ROWS:  # then the page has the worst
        del verdicts["pass"]
    assert not [(verdict, count) for verdict, count in verdicts.items() for word in verdict.split()
                if printed[word] < min(count, MOST_ROWS)]  # fmt: skip


def test_what_is_looked_for_is_found(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        """<!doctype html><title>x</title><img src="nowhere.png"><svg><text style="font-size: 5px">t</text>
        </svg><table><tr><td class="w bad"><span style="margin-left: 900px">FAIL</span></table>""",
        encoding="utf-8",
    )
    with browser.open(page, width=400) as tab:
        layout = tab.value(LAYOUT)
        assert layout["wide"] > 0 and layout["cut"] == ["FAIL"] and layout["small"] == ["5t"]
        assert "nowhere.png" in "".join(tab.complaints())
        assert {"html-has-lang", "image-alt"} <= {rule.partition(":")[0] for rule in tab.axe()}


@pytest.mark.parametrize("screen", SCREENS)
def test_no_verdict_is_outside_its_box_however_long_names_are(screen: str, browser: Browser, tmp_path: Path) -> None:
    page, (width, dark) = tmp_path / "page.html", SCREENS[screen]
    page.write_text(render_suites(SUITES, "html"), encoding="utf-8")
    with browser.open(page, width=width, dark=dark) as tab:
        assert tab.value(LAYOUT) == {"wide": 0, "cut": [], "small": []}
        assert tab.axe() == []


@on_paper
def test_paper_has_every_verdict(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(render_suites(SUITES, "html"), encoding="utf-8")
    text = on_paper_text(browser, page)
    for evaluation in (GATED, COMPARED):
        for one in evaluation.comparisons:
            assert one.verdict in text
    assert text.count("FAIL") >= 2 and "pass" in text and "skipped" in text
