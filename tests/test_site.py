"""The generated pages of the documentation site: nothing of a declaration is lost, and its pictures are true.

`mkdocs build --strict`, which .ci/run does too, finds links that lead nowhere and pages that nothing leads to.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import click
import curves
import hooks
import loss_pages
import man_pages
import numpy as np
import pictures
import pytest

from losscli.cli import COMMANDS, cli, help
from losscli.errors import CODES
from losscli.losses import REGISTRY
from losscli.losses._catalogue import matching
from losscli.report import SCHEMAS, schema

LOSSES = matching(())
PAGES = hooks.generated()


def drawn(name):
    return curves.curves(REGISTRY[name])


def test_every_loss_has_a_page_with_all_that_is_declared():
    assert {path for path in PAGES if path.startswith("losses/")} == {f"losses/{loss.name}.md" for loss in LOSSES}
    pictured = 0
    for loss in LOSSES:
        text = PAGES[f"losses/{loss.name}.md"]()
        assert text.startswith(f"# {loss_pages.title(loss)}\n")
        for word in (*loss.roles, *loss.params, *loss.aliases, *loss.scores):
            assert f"`{word}`" in text, (loss.name, word)
        assert all(f"`{loss.name}@{library}`" in text for library in loss.same_as)
        assert loss.formula in text and "<math" in text
        assert "## Source" in text
        pictured += "## Picture" in text
        found = curves.curves(loss)
        if found is not None and found.curves[0].gradients is not None:
            assert_slopes_fit(found, loss.name)
    assert pictured >= 0.75 * len(LOSSES)


def assert_slopes_fit(found, name):
    """The drawn gradient is the slope of its curve: by differences, which are others only beside kinks."""
    for curve in found.curves:
        differences = (curve.values[2:] - curve.values[:-2]) / (found.along[2:] - found.along[:-2])
        gradients = curve.gradients[1:-1]
        good = np.isfinite(differences) & np.isfinite(gradients)
        assert good.sum() > curves.POINTS / 3, name
        far = abs(differences - gradients)[good] / max(abs(gradients[good]).max(), 1e-9)
        assert np.quantile(far, 0.8) < 0.02, (name, curve.label)


def test_a_slope_that_does_not_fit_is_found():
    good = drawn("huber")
    curve = replace(good.curves[0], gradients=2 * good.curves[0].gradients)
    with pytest.raises(AssertionError):
        assert_slopes_fit(replace(good, curves=(curve,)), "huber")


def test_pictures_are_xml_of_the_same_bytes():
    for name in ("huber", "bce", "cross_entropy", "nt_xent", "rmse"):
        svg = pictures.picture(drawn(name), name)
        assert svg == pictures.picture(curves.curves.__wrapped__(REGISTRY[name]), name)
        lines = ElementTree.fromstring(svg).findall(".//polyline")
        assert len(lines) >= len(drawn(name).curves)
        places = [float(n) for line in lines for n in re.split("[ ,]", line.attrib["points"])]
        assert min(places) >= 0 and max(places) <= 1000
        assert "\n\n" not in svg and len(svg) < 20_000


def test_the_curves_are_the_loss_with_its_parameter_varied():
    """Huber's definition, typed here; and the log loss of the class that the target names."""
    found = drawn("huber")
    assert [curve.label for curve in found.curves] == ["delta = 0.5", "delta = 1", "delta = 2"]
    error = found.along - found.mark
    for curve, delta in zip(found.curves, (0.5, 1, 2), strict=True):
        size = abs(error)
        want = [e * e / 2 if e <= delta else delta * (e - delta / 2) for e in size]
        np.testing.assert_allclose(curve.values, want, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(curve.gradients, error.clip(-delta, delta), rtol=1e-12, atol=1e-15)
    found = drawn("cross_entropy")
    np.testing.assert_allclose(found.curves[0].values, -np.log(found.along), rtol=1e-12)
    np.testing.assert_allclose(found.curves[0].gradients, -1 / found.along, rtol=1e-12)


def test_commands_topics_errors_and_json_are_whole():
    assert [path for path in PAGES if path.startswith("commands/")] == [f"commands/{name}.md" for name in COMMANDS]
    assert [path for path in PAGES if path.startswith("topics/")] == [f"topics/{name}.md" for name in help.TOPICS]
    page, errors, json_page = PAGES["commands/eval.md"](), PAGES["errors.md"](), PAGES["json.md"]()
    assert "\n`-l, --loss SPEC`\n:   " in page and "## Gates" in page
    assert re.findall(r"^\| `(\w+)` \| (\d+) \| \S", errors, re.MULTILINE)[0] == ("USAGE", "2")
    assert re.findall(r"^\| `(\w+)` \| \d+ \| \w.* \| \w.* \|$", errors, re.MULTILINE) == list(CODES)
    for name in SCHEMAS:
        document = json.loads(schema(name))
        for part in (document, *document.get("$defs", {}).values()):
            assert all(f"| `{key}`" in json_page for key in part.get("properties", ())), name


def test_manual_pages_have_every_command_and_option():
    pages = man_pages.pages()
    assert set(pages) == {"losscli.1", *(f"losscli-{name}.1" for name in COMMANDS)}
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        options = [option for param in command.params if not getattr(param, "hidden", False) for option in param.opts]
        shown = pages[f"losscli-{name}.1"].replace("\\-", "-")
        assert [option for option in options if option.startswith("-") and option not in shown] == []
    macros = {line.split()[0] for page in pages.values() for line in page.splitlines() if line.startswith((".", "'"))}
    assert macros == {".TH", ".SH", ".B", ".TP", ".PP", ".nf", ".fi"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_understands_manual_pages():
    text = "".join(man_pages.pages().values()).encode()
    done = subprocess.run(["groff", "-man", "-ww", "-Kutf8", "-Tutf8"], input=text, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"losscli eval" in done.stdout


def test_the_menu_has_every_page_and_links_out_of_docs_lead_to_the_repository():
    config = SimpleNamespace(nav=[{"How to": []}, {"Losses": ["losses.md"]}, {"Reference": []}])
    hooks.on_config(config)
    named = set(hooks._paths(config.nav))
    assert set(PAGES) <= named and {path.name for path in hooks.DOCS.glob("*.md")} <= named
    page = SimpleNamespace(file=SimpleNamespace(src_uri="explanation/x.md"), meta={})
    text = hooks.on_page_markdown("[a](../ci.md) [b](../../LICENSE) uses: OWNER/losscli", page)
    assert text == f"[a](../ci.md) [b]({hooks.home()}/blob/main/LICENSE) uses: {hooks.home().split('/')[-2]}/losscli"
    page.file.src_uri = "losses.md"
    assert hooks.on_page_markdown("| `huber` | x |", page) == "| [`huber`](losses/huber.md) | x |"
    assert page.meta == {"hide": ["toc"]} and all((hooks.DOCS / path).is_file() for path in hooks._WIDE)
