"""safetensors files: their tensors are columns, as arrays are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import losscli
from losscli.errors import DataError, UsageError
from losscli.io.files.open import open_source
from losscli.io.formats import numpy_arrays

HEADER = json.dumps({"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
BF16 = len(HEADER).to_bytes(8, "little") + HEADER + b"\x80\x3f\0\x40"


def test_the_package_is_asked_for_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.safetensors").write_bytes(BF16)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(UsageError, match="needs the package safetensors") as caught:
        open_source([str(tmp_path / "a.safetensors")])
    assert caught.value.hint == "pip install 'losscli[safetensors]'"


@pytest.fixture
def table(tmp_path: Path) -> tuple[str, dict[str, Any]]:
    save_file = pytest.importorskip("safetensors.numpy", reason="an extra: losscli[safetensors]").save_file
    rng = np.random.default_rng(2)
    arrays: dict[str, Any] = {
        "z": rng.normal(size=(50, 3)).astype("f4"), "y": rng.integers(0, 3, 50), "b": rng.integers(0, 2, 50) > 0,
        "h": rng.normal(size=50).astype("f2"), "one": rng.normal(size=(50, 1)), "cube": np.zeros((2, 2, 2)),
    }  # fmt: skip
    save_file(arrays, tmp_path / "a.safetensors")
    return str(tmp_path / "a.safetensors"), arrays


def test_tensors_are_columns(table: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_arrays, "SPLIT_ROWS", 7)
    path, arrays = table
    for loss, target, pred in (("cross_entropy_with_logits", "y", "z"), ("mse", "b", "h"), ("mae", "y", "z[1]")):
        flat = {name: array for name, array in arrays.items() if array.ndim < 3}
        memory = losscli.evaluate(flat, loss, target=target, pred=pred)[0].value
        for threads in (1, 2):
            assert losscli.evaluate(path, loss, target=target, pred=pred, threads=threads)[0].value == memory
    assert losscli.evaluate(path, "mse", target="h", pred="one").evaluation.sources[0].format == "safetensors"
    assert open_source([f"{path}:z"]).columns == ("z",)
    with pytest.raises(DataError, match="no tensor 'w'"):
        open_source([f"{path}:w"])
    with pytest.raises(DataError, match="'cube' is not a column"):
        losscli.evaluate(path, "mse", target="y", pred="cube")


def test_damaged_and_unknown(table: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    content = Path(table[0]).read_bytes()
    for name, changed, message in (
        ("cut", content[:-1], "damaged safetensors file"), ("head", content[:20], "damaged safetensors file"),
        ("bf16", BF16, "NumPy has no type for BF16"),
        ("lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "Git LFS pointer"),
    ):  # fmt: skip
        (tmp_path / f"{name}.safetensors").write_bytes(changed)
        with pytest.raises(DataError, match=message):
            open_source([str(tmp_path / f"{name}.safetensors")])
