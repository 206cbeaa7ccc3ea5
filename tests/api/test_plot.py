"""Pictures in Python are those of the HTML report, as SVG documents of their own."""

from __future__ import annotations

import re
from base64 import b64decode
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import losscli
from losscli.api.plot import Plot
from losscli.errors import UsageError
from losscli.report.page.drawings import NAMES, by_name

DRAW = np.random.default_rng(3)
P = DRAW.uniform(size=80)
HOSTILE = '</style><script>&"\x1b[1m'
TABLE = {"y": (DRAW.uniform(size=80) < P).astype(float), "p": P, "q": np.sqrt(P), "c": DRAW.normal(size=80),
         "g": [HOSTILE, "g"] * 40}  # fmt: skip
QUANTILES = {f"q_{level}": TABLE["c"] + 2 * level - 1 + DRAW.normal(size=80) for level in (0.1, 0.5, 0.9)}
MEMBERS = {f"m_{at}": DRAW.normal(size=80) for at in range(4)}


@pytest.fixture(scope="module")
def reports() -> list[losscli.Report]:
    return [
        losscli.evaluate(
            TABLE,
            ["bce", "roc_auc", "f1"],
            target="y",
            pred={"p": "p", HOSTILE: "q"},
            by="g",
            interval=True,
            diagnostics=True,
        ),
        losscli.evaluate(TABLE, "mse", target="c", pred="p", diagnostics=True),
        losscli.evaluate(TABLE | QUANTILES, "crps_quantile", target="c", pred="q_*", diagnostics=True),
        losscli.evaluate(TABLE | MEMBERS, "crps_ensemble", target="c", pred="m_*", diagnostics=True),
        losscli.evaluate(TABLE, "crps_exponential", target="p", pred="q", diagnostics=True),
    ]


def names(report: losscli.Report) -> list[str]:
    return list(by_name(report.evaluation))


def test_every_picture_of_the_page_is_a_plot_with_the_same_marks(reports: list[losscli.Report]) -> None:
    for report in reports:
        page, plots = report.to_html(), [report.plot(name) for name in names(report)]
        figures = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
        shown = {unescape(re.findall("<figcaption>(.*?)</figcaption>", figure)[0]) for figure in figures}
        assert shown <= {title for plot in plots for title in plot.title.split("; ")}
        drawn = "".join(plot.svg for plot in plots)
        for figure in figures:
            marks = re.findall(r'<path class="(?:line|points|bar|band|counts)[^>]*/>', figure.split("</svg>")[0])
            assert marks and all(mark in drawn for mark in marks)
        tables = "".join(re.findall('<table class="strips">.*?</tbody>', page, re.DOTALL))
        strips = re.findall('<svg width="100%" height="22" aria-hidden="true">(.*?)</svg>', tables)
        assert all(strip in drawn for strip in strips) and (strips or report is not reports[0])
        for table in re.findall(r"<caption>Confusion matrix.*?</table>", page, re.DOTALL):
            counts = re.findall(r"<td[^>]*>([\d,]+)</td>", table)
            assert counts and all(f">{count.replace(',', '')}</text>" in drawn for count in counts if count != "0")


def test_every_kind_is_drawn_of_some_report(reports: list[losscli.Report]) -> None:
    seen = {name for report in reports for name in names(report)}
    assert seen == set(NAMES)
    with pytest.raises(UsageError, match="unknown picture 'nothing'") as found:
        reports[0].plot("nothing")
    assert found.value.hint == f"pictures: {', '.join(NAMES)}"
    with pytest.raises(UsageError, match="these results have no picture 'pit'") as found:
        reports[0].plot("pit")
    had = "models, slices, distribution, reliability, decomposition, roc, precision-recall, confusion"
    assert found.value.hint == f"they have {had}"


def test_each_is_a_document_of_its_own(reports: list[losscli.Report]) -> None:
    for plot in (report.plot(name) for report in reports for name in names(report)):
        root = ElementTree.fromstring(plot.svg)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        moved = re.findall(r"translate\((\d+) (\d+)\)", plot.svg)
        assert all(float(x) < width and float(y) < height for x, y in moved)
        assert "var(" not in plot.svg and "<script" not in plot.svg and "\x1b" not in plot.svg
        assert "prefers-color-scheme: dark" in plot.svg
    both = reports[0].plot("reliability")
    one = reports[1].plot("residuals")
    assert [float(re.findall('width="(.*?)"', plot.svg)[0]) for plot in (one, both)] == [392, 768]  # side by side
    assert both.svg.count("Reliability of") == 4  # both titles, shown and for readers of screens
    assert ElementTree.fromstring(both.svg).attrib["aria-label"] == both.title


def test_a_notebook_and_a_file_have_it(reports: list[losscli.Report], tmp_path: Path) -> None:
    plot = reports[0].plot("roc")
    shown = plot._repr_html_()
    assert b64decode(re.findall(r"base64,([^\"]*)", shown)[0]).decode() == plot.svg == plot._repr_svg_()
    assert 'alt="ROC curve"' in shown and repr(plot) == "<Plot: ROC curve>"
    assert "<script" not in reports[0].plot("reliability")._repr_html_()
    plot.save(tmp_path / "roc.svg")
    assert (tmp_path / "roc.svg").read_text() == plot.svg
    with pytest.raises(UsageError, match="not that of a picture"):
        plot.save(tmp_path / "roc.pdf")
    assert not (tmp_path / "roc.pdf").exists()
    assert isinstance(plot, Plot)


def test_without_diagnostics_there_is_nothing_to_draw() -> None:
    report = losscli.evaluate(TABLE, "mse", target="c", pred="p")
    assert "diagnostics" not in report.to_dict()
    with pytest.raises(UsageError, match="has no diagnostics"):
        report.plot("residuals")


def test_compared_models_are_drawn_too() -> None:
    report = losscli.compare(TABLE, "mse", target="c", pred={"a": "p", "b": "q"}, diagnostics=True)
    assert report.plot("residuals").title == "Residuals of a; Residuals of b"
