"""A copy of the project that a test may change, and Python processes that see only the copy."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from waiting import PATIENCE

ROOT = Path(__file__).parents[2]
# What tests and tools leave behind, and what a checkout has beside the project.
_SKIPPED = ("__pycache__", ".git", ".hypothesis", ".*_cache", ".venv", "venv", "build", "dist", "*.egg-info", "htmlcov")


def copy_project(folder: Path) -> Path:
    """The whole project: the package, its tests, documents and sample data."""
    skip = shutil.ignore_patterns(*_SKIPPED)
    shutil.copytree(ROOT, folder, ignore=skip, dirs_exist_ok=True)
    return folder


def copy_package(folder: Path) -> Path:
    """The package alone."""
    shutil.copytree(ROOT / "losscli", folder / "losscli", ignore=shutil.ignore_patterns(*_SKIPPED))
    return folder


def add_module(folder: Path, block: str) -> Path:
    """Write a block of code from a document to the path that its first line names: `# losscli/losses/fourth.py`."""
    path = folder / block.splitlines()[0].removeprefix("# ")
    assert not path.exists()
    path.write_text(block, encoding="utf-8")
    return path


def start(arguments: str, folder: Path) -> subprocess.Popen[str]:
    """Python with these arguments, in the folder and with the package of the folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LOSSCLI_", "GITHUB_"))}
    environment |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([sys.executable, *shlex.split(arguments)], cwd=folder, env=environment,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            encoding="utf-8")  # fmt: skip


def python(arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The same, run to its end."""
    process = start(arguments, folder)
    out, err = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def passed(output: str) -> int:
    """How many tests passed, from the last line of pytest."""
    found = re.search(r"(\d+) passed", output)
    return int(found[1]) if found else 0
