"""Writes everything that is generated from the declarations and from the program itself.

    python tests/generate.py            # brings all of it up to date
    python tests/generate.py --check    # writes nothing, and exits with 1 if a file is stale
    python tests/generate.py --tables   # without commands: only what comes from the declarations

README.md and the pages of docs/: what their commands print.
docs/images/session.svg: what a terminal shows of the first commands.
docs/losses.md: the table of losses, between `<!-- generated: losses -->` and `<!-- end -->`.
docs/golden-numbers.md: which libraries say the number of each loss.
docs/presets.md: how near each library preset comes to its library.
losscli/losses/names.txt: the names of losses, where each stands, and what completion says of it.
losscli/losses/_loss_name.pyi: these names as a type, which editors propose.
"""

from __future__ import annotations

import argparse
import errno
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE = 300  # seconds that a command may take before it counts as hanging
README = ROOT / "README.md"
SESSION = ROOT / "docs" / "images" / "session.svg"
ELSEWHERE = {ROOT / "docs" / "real-files.md"}  # pages whose commands have a test of their own, on other files
LOSSES = ROOT / "docs" / "losses.md"
PRESETS = ROOT / "docs" / "presets.md"
SOURCES = ROOT / "docs" / "golden-numbers.md"
LOSS_NAMES = ROOT / "losscli" / "losses" / "names.txt"
LOSS_NAME_TYPE = ROOT / "losscli" / "losses" / "_loss_name.pyi"

_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FLOAT = re.compile(r"(-?\d+\.\d+(?:e[-+]?\d+)?)")
# Commands stand in the pages as people type them; this makes them run from a checkout, installed or not.
_SHELL = 'losscli() { "$PYTHON" -m losscli "$@"; }\n'
# What the picture of a terminal shows: it must fit its width, and have no digits that depend on the processor.
_PICTURED = (
    "losscli eval sample_data/cancer.csv -t diagnosis --positive malignant \\\n"
    "    -p logistic_p -p forest_p -l bce -l brier -l accuracy -l f1",
    "losscli eval sample_data/cancer.csv -t diagnosis --positive malignant \\\n"
    "    -p logistic_p -p forest_p -l bce --gate 'bce<=0.1'; echo \"exit code $?\"",
)
_PICTURE_SIZE = (40, 96)


@dataclass(frozen=True)
class Command:
    """One `$ ` line of a console block, and what the block says it prints (both streams)."""

    text: str
    output: str


def fences(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return [body for name, body in _FENCE.findall(text) if name == language]


def commands(block: str) -> Iterator[Command]:
    """A console block, cut into its commands; a backslash carries one over to the next line."""
    lines = block.splitlines()
    while lines:
        line = lines.pop(0)
        assert line.startswith("$ "), f"a console block has '{line}' before its first command"
        typed = [line.removeprefix("$ ")]
        while typed[-1].endswith("\\"):
            typed.append(lines.pop(0))
        printed = []
        while lines and not lines[0].startswith("$ "):
            printed.append(lines.pop(0))
        yield Command("\n".join(typed), "".join(f"{line}\n" for line in printed))


def pages() -> list[Path]:
    """The documents whose console blocks hold commands: README.md and pages of docs/."""
    found = [README, *sorted((ROOT / "docs").rglob("*.md"))]
    return [path for path in found if path not in ELSEWHERE and fences(path.read_text(encoding="utf-8"), "console")]


def environment(*, colour: bool = False) -> dict[str, str]:
    """The variables of a command: those of this process but for what changes what it prints."""
    plain = ("LOSSCLI_", "GITHUB_ACTIONS", "PYTHONIOENCODING", "FORCE_COLOR", "NO_COLOR", "COLUMNS")
    found = {name: value for name, value in os.environ.items() if not name.startswith(plain)}
    # A dumb terminal shows no progress, so that the text is the same where the command is slow.
    found |= {"PYTHON": sys.executable, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "dumb"}
    return found | ({"FORCE_COLOR": "1"} if colour else {"NO_COLOR": "1"})


def run(command: str, folder: Path, launcher: Path | None = None, *, colour: bool = False) -> str:
    """What a terminal shows when a command is typed in `folder`: the real process, both streams.

    `launcher` is a folder with a `losscli` that is to be run in place of that of this checkout.
    """
    variables, typed = environment(colour=colour), _SHELL + command
    if launcher:
        variables["PATH"], typed = f"{launcher}:{variables['PATH']}", command
    screen, terminal = pty.openpty()
    modes = termios.tcgetattr(terminal)
    modes[1] &= ~termios.OPOST  # line ends as they were written
    termios.tcsetattr(terminal, termios.TCSANOW, modes)
    termios.tcsetwinsize(terminal, _PICTURE_SIZE if colour else (40, 110))
    process = subprocess.Popen(["bash", "-c", typed], cwd=folder, env=variables, stdin=subprocess.DEVNULL,
                               stdout=terminal, stderr=terminal)  # fmt: skip
    os.close(terminal)
    shown = b"".join(iter(lambda: _read(screen), b""))
    os.close(screen)
    process.wait(timeout=PATIENCE)
    return shown.decode()


def _read(screen: int) -> bytes:
    """The next bytes on the screen; Linux raises an error when no process can write to it any more."""
    try:
        return os.read(screen, 65536)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""


def same(got: str, want: str) -> bool:
    """Equal text; floats with a point may differ in the last digits.

    Other processors have another exp and log in NumPy, and another order of additions in a matrix product.
    """
    ours, theirs = _FLOAT.split(got), _FLOAT.split(want)
    return ours[::2] == theirs[::2] and all(
        abs(float(a) - float(b)) <= 1e-13 * abs(float(b)) for a, b in zip(ours[1::2], theirs[1::2], strict=True)
    )


def with_outputs(text: str, folder: Path) -> str:
    """`text` with what its commands print now; what is the same stays, to the digit."""

    def renewed(match: re.Match[str]) -> str:
        if match[1] != "console":
            return match[0]
        shown = []
        for command in commands(match[2]):
            got = run(command.text, folder)
            shown.append(f"$ {command.text}\n{command.output if same(got, command.output) else got}")
        return f"```console\n{''.join(shown)}```"

    return _FENCE.sub(renewed, text)


def session(folder: Path) -> str:
    """The picture of a terminal, made of what it shows."""
    from terminal_picture import picture

    return picture([(command, run(command, folder, colour=True)) for command in _PICTURED], _PICTURE_SIZE[1])


def with_blocks(text: str) -> str:
    """`text` with its generated blocks as they must be now."""
    tables = {"losses": losses_table, "presets": presets_table, "sources": sources_table}
    return _BLOCK.sub(lambda match: f"{match[1]}{tables[match[2]]()}{match[3]}", text)


def losses_table() -> str:
    """One row per loss, from the declarations."""
    from losscli.losses._catalogue import entry, matching

    lines = []
    task = family = None
    for loss in matching([]):
        about = entry(loss)
        if about["tasks"][0] != task:
            task = about["tasks"][0]
            lines += ["", f"## {task.capitalize()}"]
        if about["family"] != family:
            family = about["family"]
            lines += ["", f"**{family}**", "", "| loss | what it is | needs | parameters | the same in |",
                      "|---|---|---|---|---|"]  # fmt: skip
        names = ", ".join(f"`{name}`" for name in [about["name"], *about["aliases"]])
        scores = [name for score in loss.scores.values() for name in (score.name, *score.aliases)]
        names += f"; score: {', '.join(f'`{name}`' for name in scores)}" if scores else ""
        needs = ", ".join(role["name"] + (" (optional)" if role["optional"] else "") for role in about["roles"])
        params = ", ".join(
            f"`{p['name']}{'' if p['required'] else '=' + _plain(p['default'])}`" for p in about["params"]
        )
        peers = ", ".join(f"{peer} (`{text}`)" if text else peer for peer, text in sorted(about["same_as"].items()))
        cells = (names, about["summary"], needs, params, peers)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines[1:]) + "\n"


def presets_table() -> str:
    """One row per library preset, from what the libraries said (tests/golden/libraries/presets.csv)."""
    sys.path.insert(0, str(ROOT / "tests" / "golden"))
    import preset_table

    return str(preset_table.table())


def sources_table() -> str:
    """One row per loss: who else says its number (tests/golden/*.csv)."""
    sys.path.insert(0, str(ROOT / "tests" / "golden"))
    import sources

    return str(sources.table())


def _plain(value: object) -> str:
    from losscli.binding.spec import plain

    return plain(value)


def sample_folder(parent: Path) -> Path:
    """A folder in which commands find sample_data, and may write."""
    shutil.copytree(ROOT / "sample_data", parent / "sample_data")
    return parent


def loss_names() -> str:
    """One line per loss, score or alias: its name, module, summary, parameters with their defaults, and libraries."""
    from losscli.losses._catalogue import matching

    known = [one for loss in matching(()) for one in (loss, *loss.scores.values())]
    lines = []
    for loss in known:
        params = " ".join(f"{name}={_plain(p.default)}" for name, p in loss.params.items())
        about = (loss.family, loss.summary, params, " ".join(sorted(loss.same_as)))
        lines += [(name, *about) for name in (loss.name, *loss.aliases)]
    return "".join("\t".join(line) + "\n" for line in sorted(lines))


def loss_name_type() -> str:
    """The stub with the Literal of all names that stand in `loss_names`."""
    names = (line.split("\t")[0] for line in loss_names().splitlines())
    lines = "".join(f'    "{name}",\n' for name in names)
    return f"from typing import Literal, TypeAlias\n\nLossName: TypeAlias = Literal[\n{lines}]\n"


def generated(*, outputs: bool = True) -> dict[Path, str]:
    """The text that each generated file must have now; without `outputs`, commands and presets are not run."""
    found = {path: with_blocks(path.read_text(encoding="utf-8")) for path in (LOSSES, SOURCES)} | {
        LOSS_NAMES: loss_names(),
        LOSS_NAME_TYPE: loss_name_type(),
    }
    if not outputs:
        return found
    for page in pages():
        with tempfile.TemporaryDirectory() as folder:
            found[page] = with_outputs(page.read_text(encoding="utf-8"), sample_folder(Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        found[SESSION] = session(sample_folder(Path(folder)))
    return found | {PRESETS: with_blocks(PRESETS.read_text(encoding="utf-8"))}


def stale(texts: dict[Path, str]) -> list[Path]:
    """The files that do not have the text that they must have."""
    return [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Brings everything that is generated up to date.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is stale")
    parser.add_argument("--tables", action="store_true", help="without what commands print")
    given = parser.parse_args(arguments)
    check, texts = given.check, generated(outputs=not given.tables)
    found = stale(texts)
    for path in texts:
        state = "up to date" if path not in found else "stale" if check else "rewritten"
        sys.stdout.write(f"{path.relative_to(ROOT)}: {state}\n")
        if path in found and not check:
            path.write_text(texts[path], encoding="utf-8", newline="\n")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
    sys.exit(main(sys.argv[1:]))
