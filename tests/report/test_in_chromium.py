"""The page as Chromium lays it out, where it is installed: no verdict is outside its box, on screen or on paper."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from evaluations import COMPARED, GATED, gate, render_suites
from waiting import PATIENCE

from losscli.results import Origin, SuiteResult

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

# What is looked for stands in a copy of the page that has a script and no policy: the page itself runs none.
SCRIPT = """<script>
const root = document.documentElement, found = {wide: root.scrollWidth, cut: [], small: []};
for (const cell of document.querySelectorAll("td.good, td.bad, .outcome")) {
  const range = document.createRange(); range.selectNodeContents(cell);
  const box = range.getBoundingClientRect(), around = (cell.closest(".wide") || cell).getBoundingClientRect();
  const right = Math.min(around.right, root.clientWidth);
  if (!box.width || box.left < around.left || box.right > right + 0.5) found.cut.push(cell.textContent);
}
for (const text of document.querySelectorAll("svg text")) {
  const size = parseFloat(getComputedStyle(text).fontSize) * (text.getScreenCTM() || {a: 1}).a;
  if (size < 10.5) found.small.push(size + text.textContent);
}
document.title = JSON.stringify(found);
</script>"""

LONG = "mean_absolute_percentage_error<=0.123456789 " * 3
SUITES = (
    SuiteResult("gates", replace(GATED, gates=(*GATED.gates, gate(LONG, 1.0, 0.5, "failed", model="m" * 60)),
                                 origin=Origin(("losscli", "eval", "x" * 300)))),
    SuiteResult("comparisons", COMPARED),
)  # fmt: skip


def chromium(folder: Path, *words: str) -> str:
    """What a headless Chromium says of a page; without a network and with a new profile."""
    assert CHROMIUM is not None
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder / 'profile'}"]
    done = subprocess.run(
        [CHROMIUM, *flags, *words], capture_output=True, text=True, timeout=PATIENCE, check=True, cwd=folder
    )
    return done.stdout


@pytest.mark.parametrize("width", [500, 1100])
def test_no_verdict_is_outside_its_box(width: int, tmp_path: Path) -> None:
    # A window is at least 500 wide; the page is laid out in a frame as narrow as a telephone.
    text = re.sub(r"<meta http-equiv=.*", "", render_suites(SUITES, "html"))
    page = tmp_path / "page.html"
    page.write_text(text.replace("</body>", SCRIPT + "</body>"), encoding="utf-8")
    if width == 500:
        frame = tmp_path / "frame.html"
        frame.write_text('<iframe src="page.html" width="400" height="900" onload="document.title='
                         'this.contentDocument.title"></iframe>', encoding="utf-8")  # fmt: skip
        page = frame
    dumped = chromium(tmp_path, f"--window-size={width},900", "--allow-file-access-from-files", "--dump-dom",
                      f"file://{page}")  # fmt: skip
    found = json.loads(unescape(re.findall("<title>(.*?)</title>", dumped)[0]))
    assert found["cut"] == [] and found["small"] == []
    assert found["wide"] <= (400 if width == 500 else width)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_paper_has_every_verdict(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(render_suites(SUITES, "html"), encoding="utf-8")
    chromium(tmp_path, f"--print-to-pdf={tmp_path / 'page.pdf'}", "--no-pdf-header-footer", f"file://{page}")
    text = subprocess.run(
        ["pdftotext", "-layout", "page.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE,
        check=True,
    ).stdout  # fmt: skip
    for evaluation in (GATED, COMPARED):
        for one in evaluation.comparisons:
            assert one.verdict in text
    assert text.count("FAIL") >= 2 and "pass" in text and "skipped" in text
