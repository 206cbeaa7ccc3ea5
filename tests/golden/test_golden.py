"""Numbers that others printed: value and gradient of every case in golden/*.csv, and the command on sample_data/.

Where a peer computes in float64 the numbers agree to 1e-12, and with a paper to the digits that it prints;
`tests/golden/README.md` tells how they were made.
"""

from __future__ import annotations

import csv
import functools
import json
import math
import shlex
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import preset_table
import pytest
import sources
from command_process import CommandProcess
from conftest import LOSSES, required
from files import table

import losscli
from losscli.binding.spec import parse, parse_loss, plain

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "golden" / "sample_data.csv"
GOLDEN = sorted(path for path in SAMPLE.parent.glob("*.csv") if path != SAMPLE)


def cases():
    return list(_cases())


def _cases():
    for path in GOLDEN:
        with path.open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                yield pytest.param(row, id=f"{path.stem}:{number}:{row['spec']}")


def arrays(spec, inputs):
    """The inputs as columns: classes stay ints or text, domains text, numbers become float64."""
    loss = spec.parts[0][1].loss
    found = {}
    for role, values in inputs.items():
        array = np.asarray(values)
        kinds = loss.roles[role].kinds
        if array.dtype.kind in "US":
            labels = dict(kinds[0].labels)
            array = np.array([labels[v] for v in values]) if labels else array
        elif array.ndim > 1 or not any(k.shape == "class" for k in kinds):
            array = array.astype(float)
        found[role] = array
    return loss, found


@pytest.mark.parametrize("row", cases())
def test_value_and_gradient(row):
    spec = parse(row["spec"])
    loss, columns = arrays(spec, json.loads(row["inputs"]))
    data, settings = table(loss, columns)
    if row["weights"]:
        data["w"] = np.asarray(json.loads(row["weights"]), float)
        settings["weight"] = "w"
    data = data or None
    got = losscli.evaluate(data, row["spec"], **settings)[0].value
    assert agrees(got, row), f"{got!r}, but {row['source']} says {row['value']}"
    for role, slopes in json.loads(row["gradient"] or "{}").items():
        found = losscli.gradient(data, row["spec"], wrt=role, **settings)
        slopes = np.asarray(slopes, float)
        flat = slopes.reshape(len(slopes), -1)
        names = list(found)[1:]
        got_slopes = np.stack([found[name] for name in names], axis=1)
        np.testing.assert_allclose(
            got_slopes, flat, rtol=1e-11, atol=1e-12 * np.abs(flat).max() + 1e-300, err_msg=row["source"]
        )


def asked(row):
    """The peer that a source names first; `paper` where one prints the number."""
    return row["source"].partition(" ")[0]


def agrees(got, row):
    """To 1e-12; where a paper prints the number, to half a unit of the last digit that it prints."""
    if asked(row) != "paper":
        return got == pytest.approx(float(row["value"]), rel=1e-12, abs=1e-300)
    printed = Decimal(row["value"])
    assert len(printed.as_tuple().digits) >= 2, "one digit tells no formula from another"
    return math.isfinite(got) and abs(Decimal(got) - printed) <= Decimal(5).scaleb(printed.as_tuple().exponent - 1)


@functools.cache
def covered():
    """Every golden row with the loss and the parameters that its spec stands for."""
    return [(case.values[0], parse(case.values[0]["spec"]).parts[0][1]) for case in cases()]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_every_value_and_slope_has_an_outside_number(loss):
    check_outside(loss, [row for row, spec in covered() if spec.loss is loss])


def check_outside(loss, rows):
    """Libraries say the value and every slope; for a loss that none has, its paper says the value."""
    assert rows, "write a case in a module of tests/golden and run its make.py"
    libraries = {asked(row) for row in rows} - {"paper"}
    if loss.no_library:
        assert not libraries and not loss.same_as, f"there is one, though it says: {loss.no_library}"
        return
    assert libraries, "if there is no library that has it, say so: no_library='why'"
    told = {role for row in rows for role in json.loads(row["gradient"] or "{}")}
    assert told >= set(loss.gradients)


LIBRARY = {"source": "torch 2.13.0 x(pred)", "value": "0.12345678901234", "gradient": '{"pred": [1.0]}'}
PAPER = {"source": "paper doi:10.1000/1, table 2", "value": "0.1235", "gradient": ""}


def declared(**words):
    return SimpleNamespace(**{"no_library": None, "same_as": {}, "gradients": {"pred": None}} | words)


def test_outside_numbers_are_a_librarys_or_else_a_papers():
    check_outside(declared(), [LIBRARY, PAPER])
    check_outside(declared(no_library="it is new"), [PAPER])


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ({}, []),
        ({"no_library": "it is new"}, []),
        ({}, [PAPER]),
        ({"gradients": {}}, [PAPER]),
        ({}, [{**LIBRARY, "gradient": ""}]),
        ({"gradients": {"pred": None, "variance": None}}, [LIBRARY]),
        ({"no_library": "it is new"}, [PAPER, LIBRARY]),
        ({"no_library": "it is new", "same_as": {"torch": ""}}, [PAPER]),
    ],
)
def test_a_loss_without_outside_numbers_is_found(words, rows):
    with pytest.raises(AssertionError):
        check_outside(declared(**words), rows)


@pytest.mark.parametrize(
    ("got", "row", "same"),
    [(0.12345678901234, LIBRARY, True), (0.1234567890125, LIBRARY, False), (0.12345, PAPER, True),
     (0.1235499, PAPER, True), (0.12344, PAPER, False), (0.12356, PAPER, False),
     (1260.0, {**PAPER, "value": "1.3e3"}, True), (1240.0, {**PAPER, "value": "1.3e3"}, False),
     (-0.02996, {**PAPER, "value": "-0.0300"}, True), (0.02996, {**PAPER, "value": "-0.0300"}, False),
     (float("nan"), PAPER, False), (float("inf"), PAPER, False)],
)  # fmt: skip
def test_a_paper_is_held_to_the_digits_that_it_prints(got, row, same):
    assert bool(agrees(got, row)) == same


@functools.cache
def preset_rows():
    """Every row of presets.csv, as `covered` gives those of the golden numbers."""
    return [(row, parse(row["spec"]).parts[0][1]) for row in preset_table.read()]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_every_dialect_has_a_number_that_its_peer_printed(loss):
    for peer, text in loss.same_as.items():
        needed = ",".join(f"{name}={plain(value)}" for name, value in required(loss).items())
        wanted = parse_loss(f"{loss.name}@{peer}{':' * bool(needed)}{needed}")
        given = {name: value for name, value in wanted.params.items() if not loss.params[name].required}
        assert any(
            spec.loss is loss
            and {**spec.params, **given} == spec.params
            and spec.divide_by == wanted.divide_by
            and asked(row) == peer
            for row, spec in [*covered(), *preset_rows()]
        ), f"{loss.name}@{peer} ({text or 'defaults'}) has no golden number"


def sample_rows():
    with SAMPLE.open(newline="") as file:
        return list(csv.DictReader(file))


def cut(row):
    """The arguments up to the loss, and the loss."""
    args, _, spec = row["args"].rpartition("-l ")
    return args, shlex.split(spec)[0]


@pytest.fixture(scope="module")
def printed():
    """(arguments up to the loss, loss) -> what the command prints: one run an input, for all of its losses."""
    wanted = {}
    for args, spec in map(cut, sample_rows()):
        wanted.setdefault(args, {})[spec] = None
    found = {}
    with CommandProcess() as process:
        for args, specs in wanted.items():
            losses = [word for spec in specs for word in ("-l", spec)]
            ended = process.run(["eval", *shlex.split(args), *losses, "-q"], ROOT)
            assert ended.code == 0, ended
            found |= {(args, spec): float(n) for spec, n in zip(specs, ended.out.split(), strict=True)}
    return found


@pytest.mark.parametrize("row", sample_rows(), ids=lambda row: row["args"])
def test_the_command_prints_what_the_peer_says_of_sample_data(row, printed):
    assert printed[cut(row)] == pytest.approx(float(row["value"]), rel=1e-12, abs=0), row["source"]


FOUNDING = {
    "mse", "mae", "rmse", "huber", "bce", "bce_with_logits", "cross_entropy", "cross_entropy_with_logits", "focal",
    "focal_with_logits", "categorical_focal", "categorical_focal_with_logits", "l1_penalty", "l2_penalty",
    "cycle_consistency", "triplet", "gan_discriminator", "gan_discriminator_with_logits", "gan_generator",
    "gan_generator_with_logits", "gan_generator_minimax", "gan_generator_minimax_with_logits", "lsgan_discriminator",
    "lsgan_generator", "info_nce", "info_nce_negatives", "nt_xent", "supcon", "arcface",
}  # fmt: skip
# A blend, weights of rows and of classes, a join, a slice, batches of a key and of a size, soft targets and the rest.
SHAPES = {
    "total=", "--class-weight balanced", "--class-weight zero=", "-w ", "--divide-by count", "--reduction sum",
    "--targets ", "--where ", "--batch-by ", "--batch-size ", "symmetric=true", "-t 't_*'", "--positive ",
}  # fmt: skip


def test_the_founding_losses_are_checked_on_sample_data_by_the_large_libraries():
    rows = [row for row in sample_rows() if asked(row) in ("torch", "keras", "sklearn", "pml")]
    losses = {part.loss.name for row in rows for _, part in parse(cut(row)[1]).parts}
    assert losses >= FOUNDING
    assert {shape for shape in SHAPES if not any(shape in row["args"] for row in rows)} == set()


def test_a_library_or_a_paper_says_each_number():
    alone = sources.lonely()
    assert alone == set(sources.ALONE), (
        "bring ALONE in sources.py up to date: a reason, or a call in a module of golden"
    )
    page = (ROOT / "docs" / "golden-numbers.md").read_text(encoding="utf-8")
    assert sources.documented(page) == alone
