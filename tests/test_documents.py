"""README.md and docs/ are true: their commands print what they say, and their Python does.

The blocks of a page are run from top to bottom in a folder of their own, in which sample_data is to be found.
"""

from __future__ import annotations

import doctest
import json
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="the commands are run in a terminal of POSIX systems")
if shutil.which("bash") is None:
    pytest.skip("the commands are written for bash", allow_module_level=True)

import generate
from forked_commands import ForkedCommands

from losscli.binding.spec import parse_loss
from losscli.errors import ExitCode

ROOT = generate.ROOT
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SESSIONS = sorted(
    page for page in (ROOT / "README.md", *DOCS.rglob("*.md"))
    if page not in generate.ELSEWHERE and any(body.startswith(("$ ", ">>> ")) for _, body in
                                              BLOCK.findall(page.read_text(encoding="utf-8")))
)  # fmt: skip


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def launcher(tmp_path_factory):
    """The command as a fork: a page has up to twenty of them."""
    with ForkedCommands(tmp_path_factory.mktemp("bin"), generate.environment()) as made:
        yield made.folder


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return generate.sample_folder(tmp_path)


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_page_is_true(page, folder, launcher):
    names: dict[str, object] = {}
    for language, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "console":
            for command in generate.commands(block):
                got = generate.run(command.text, folder, launcher)
                assert generate.same(got, command.output), f"{command.text}\nprints\n{got}\nsee tests/generate.py"
        elif block.startswith(">>> "):  # else a module
            wrong = failures(block, names)
            assert not wrong, wrong


def failures(block: str, names: dict[str, object]) -> str:
    """What an interactive session prints in place of what it should; `names` has its variables, before and after."""
    test = doctest.DocTestParser().get_doctest(block, names, "page", None, 0)
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
    names |= test.globs
    return "".join(report)


def test_a_wrong_page_is_found(tmp_path, launcher):
    assert "Got:\n    2" in failures(">>> 1 + 1\n3\n", {})
    got = generate.run("losscli --version", tmp_path, launcher)
    assert got.startswith("losscli ") and not generate.same(got, "losscli 0\n")


def test_the_picture_is_what_a_terminal_shows(folder):
    """In colours, which the forked command would not decide anew."""
    got = generate.session(folder)
    assert got == generate.SESSION.read_text(encoding="utf-8"), "run python tests/generate.py"
    assert "exit code 1" in got and 'class="bold red"' in got and 'class="bold green"' in got


def test_the_gates_of_the_page_write_their_reports(folder, launcher):
    """A baseline, a worse model, a better one: the files that docs/gates.md speaks of."""
    said = "".join(generate.run(command.text, folder, launcher)
                   for block in generate.fences(text_of("gates.md"), "console")
                   for command in generate.commands(block))  # fmt: skip
    assert re.findall(r"^exit code (\d+)$", said, re.MULTILINE) == ["1", "0"]
    assert "<failure " in said and "**FAIL**" in said
    assert 'failures="0"' in (folder / "gates.xml").read_text(encoding="utf-8")  # the better model wrote it anew
    assert json.loads((folder / "better.json").read_text(encoding="utf-8"))["status"] == "passed"


def test_every_founding_loss_has_a_recipe():
    """What the tool was asked to do on its first day can be seen to work."""
    asked = """
        mse l1 l2 huber bce cross_entropy --class-weight focal total= l1_penalty l2_penalty params= rows grad triplet
        cycle_consistency gan_discriminator_with_logits lsgan_discriminator info_nce nt_xent arcface supcon
    """
    blocks = generate.fences(text_of("recipes.md"), "console")
    shown = " ".join(command.text for block in blocks for command in generate.commands(block))
    assert [word for word in asked.split() if word not in shown] == []


def test_exit_codes_are_the_codes():
    cells = [row.split("|")[1] for row in text_of("exit-codes.md").splitlines() if row.startswith("| ")][1:]
    assert [int(code) for cell in cells for code in cell.split(",")] == sorted(map(int, ExitCode))


def test_the_losses_to_choose_from_are_there():
    rows = [line for line in text_of("choosing-a-loss.md").splitlines() if line.startswith("|")]
    specs = re.findall(r"`([a-z]\w*)[:`]", "\n".join(rows))
    assert len(specs) > 40
    assert [parse_loss(name).loss.name for name in specs]  # each of them, else it raises
