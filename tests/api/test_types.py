"""What type checkers know of the Python API."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = """\
import losscli

report = losscli.evaluate({"y": [1.0], "p": [1.5]}, ["mse", "rmse"], target="y", pred="p")
reveal_type(report["rmse"].value)
reveal_type(report["rmse"].interval)
reveal_type(report.find)
reveal_type(report.plot("models").to_vega())
report["rmse"].value.upper()
"""
# NumPy and pandas have no say in these types, and take most of the time.
ALONE = ["--no-site-packages", "--ignore-missing-imports", "--follow-imports=silent"]


def test_values_are_floats_and_names_of_losses_are_literals(tmp_path: Path) -> None:
    (tmp_path / "uses.py").write_text(SOURCE)
    words = [sys.executable, "-m", "mypy", "--config-file", "", "--cache-dir", str(tmp_path / "cache"), *ALONE]
    done = subprocess.run([*words, str(tmp_path / "uses.py")], capture_output=True, text=True, cwd=ROOT, check=False)
    revealed = re.findall(r'Revealed type is "(.*)"', done.stdout)
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    assert revealed[0].endswith("float")
    assert revealed[1].replace("builtins.", "") == "tuple[float, float] | None"
    assert "Literal['rmse']" in revealed[2] and "Literal['huber']" in revealed[2]
    assert revealed[3].replace("builtins.", "") == "dict[str, Any]"
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 1 and '"float" has no attribute "upper"' in errors[0]
