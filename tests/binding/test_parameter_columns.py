"""Parameters from columns: `pinball:q={level}`."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import losscli
from losscli.binding.spec import parse
from losscli.errors import DataError, UsageError

Y = [3.25, 1.5, -2.75, 4.125, 0.625, 7.5]
P = [2.5, 1.75, -3.5, 6.25, 0.875, 5.0]
Q = [0.1, 0.9, 0.5, 0.05, 0.95, 0.25]
# scikit-learn 1.7: [mean_pinball_loss([y], [p], alpha=q) for y, p, q in zip(Y, P, Q)], and their mean
SKLEARN, SKLEARN_MEAN = (
    [0.07500000000000001, 0.024999999999999994, 0.375, 2.01875, 0.012500000000000011, 0.625],
    0.521875,
)

TABLE = pd.DataFrame({"y": Y, "p": P, "r": [2.0, 1.0, -2.0, 4.0, 1.0, 7.0], "level": Q, "g": list("aabbcc")})


def evaluate(data=TABLE, losses="pinball:q={level}", **more):
    return losscli.evaluate(data, losses, **{"target": "y", "pred": {"m": "p"}, **more})


@pytest.mark.parametrize(
    ("text", "column", "canonical"),
    [
        ("pinball:q={level}", "level", "pinball:q={level}"),
        (" pinball : q = {level} ", "level", "pinball:q={level}"),
        (r"pinball:q={a\,b}", "a,b", r"pinball:q={a\,b}"),
        ("pinball:q={a,b}", "a,b", r"pinball:q={a\,b}"),
        (r"pinball:q={a\}b}", "a}b", r"pinball:q={a\}b}"),
        (r"pinball:q={a\+b\\}", "a+b\\", r"pinball:q={a\+b\\}"),
        ("pinball:q={a=b:c*d@e f}", "a=b:c*d@e f", "pinball:q={a=b:c*d@e f}"),
        (r"pinball:q={a\b}", r"a\b", r"pinball:q={a\\b}"),
    ],
)
def test_a_column_in_braces_is_one_name(text, column, canonical):
    (_, part), *rest = parse(text).parts
    assert not rest
    assert part.row_parameters == {"q": column}
    assert parse(text).text == parse(text).full == canonical
    assert parse(canonical) == parse(text)


def test_composites_and_presets_take_columns():
    spec = parse(r"total=0.5*mse+2*pinball@sklearn:q={a\+b}+huber:delta={d}")
    assert [part.row_parameters for _, part in spec.parts] == [{}, {"q": "a+b"}, {"delta": "d"}]
    assert parse(spec.text) == spec


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pinball:q={level", "'q={level' has no closing brace"),
        ("pinball:q={level}x", "'q={level}x' has no closing brace"),
        ("pinball:q={}", "'q={}' names no column"),
        ("bce:clip={c}", "'clip' of 'bce' has one value for all rows, so it cannot be read from the column 'c'"),
        ("nt_xent:temperature={t}", "'temperature' of 'nt_xent' has one value for all rows"),
        ("triplet:distance={d}", "'distance' of 'triplet' has one value for all rows"),
    ],
)
def test_what_is_no_column_of_a_parameter_is_refused(text, says):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert says in caught.value.message


def test_each_row_has_the_value_of_its_own_level():
    report = evaluate()
    assert report["pinball:q={level}"].value == SKLEARN_MEAN
    assert report.evaluation.bindings["m"]["q"] == ("level",)
    assert report["pinball:q={level}"].params == {"q": "{level}"}
    assert report["pinball:q={level}"].signature.startswith("pinball:q={level}|")
    by_row = [losscli.losses.pinball([p], [y], q=q)[0] for y, p, q in zip(Y, P, Q, strict=True)]
    assert by_row == SKLEARN
    rows = evaluate(by="level")
    found = {float(r.by["level"]): r.value for r in rows.evaluation.results if r.by}
    assert found == dict(zip(Q, SKLEARN, strict=True))


def test_slices_composites_and_outputs_have_the_numbers_of_fixed_levels():
    table = TABLE.assign(level=[0.1, 0.1, 0.9, 0.9, 0.5, 0.5], y2=P, p2=Y)
    found = evaluate(table, ["pinball:q={level}", "t=mse+2*pinball:q={level}"], by="g")
    for group, q in zip("abc", (0.1, 0.9, 0.5), strict=True):
        fixed = evaluate(table[table.g == group], [f"pinball:q={q}", f"t=mse+2*pinball:q={q}"])
        own = [r.value for r in found.evaluation.results if r.by == {"g": group}]
        assert own == [r.value for r in fixed.evaluation.results]
    several = evaluate(table, target=["y", "y2"], pred={"m": ["p", "p2"]}, by="g")
    fixed = evaluate(table[table.g == "a"], "pinball:q=0.1", target=["y", "y2"], pred={"m": ["p", "p2"]})
    (own,) = [r.value for r in several.evaluation.results if r.by == {"g": "a"}]
    assert own == fixed.evaluation.results[0].value


def command(*words: str, capsys=None) -> str:
    from losscli.cli.entry import run

    code = run(list(words))
    said = capsys.readouterr()
    assert code == 0, said.err
    return said.out


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TABLE.to_csv("t.csv", index=False)
    return "t.csv"


def test_rows_and_gradients_are_those_of_fixed_levels(file, capsys):
    loss = "pinball:q={level}"
    rows = command("rows", file, "-t", "y", "-p", "p", "-l", loss, "-o", "jsonl=-", capsys=capsys)
    assert [json.loads(line)[f"p/{loss}"] for line in rows.splitlines()] == SKLEARN
    slopes = command("grad", file, "-t", "y", "-p", "p", "-l", loss, "-o", "jsonl=-", capsys=capsys)
    want = [losscli.losses.pinball.gradient("pred", [p], [y], q=q)[0] / 6 for y, p, q in zip(Y, P, Q, strict=True)]
    assert [json.loads(line)["p"] for line in slopes.splitlines()] == pytest.approx(want, rel=1e-15)
    compared = command("compare", file, "-t", "y", "-p", "p", "-p", "r", "-l", loss, "-f", "json", capsys=capsys)
    (one,) = json.loads(compared)["comparisons"]
    other = [losscli.losses.pinball([p], [y], q=q)[0] for y, p, q in zip(Y, TABLE.r, Q, strict=True)]
    assert one["difference"] == pytest.approx(float(np.mean(other) - SKLEARN_MEAN), rel=1e-14)


@pytest.mark.parametrize(
    ("level", "code", "row", "value"),
    [
        (1.5, "DATA_OUT_OF_RANGE", 3, "1.5"),
        (-0.25, "DATA_OUT_OF_RANGE", 3, "-0.25"),
        (np.inf, "DATA_INFINITE", 3, "inf"),
    ],
)
def test_a_value_out_of_range_is_an_error_with_its_row(tmp_path, level, code, row, value):
    table = TABLE.copy()
    table.loc[row - 1, "level"] = level
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError) as caught:
        evaluate(str(tmp_path / "t.csv"))
    error = caught.value
    assert (error.code, error.row, error.line, error.column, error.value) == (code, row, row + 1, "level", value)
    assert error.path == str(tmp_path / "t.csv")


def test_an_open_bound_is_out_of_range():
    with pytest.raises(DataError, match="column 'level' is not a valid q: expected a number > 0 and < 1"):
        evaluate(TABLE.assign(level=[0.1, 1.0, 0.5, 0.5, 0.5, 0.5]), "expectile:q={level}")


def test_a_missing_value_counts_as_other_missing_values_do():
    table = TABLE.assign(level=[0.1, None, 0.5, 0.5, 0.5, 0.5])
    with pytest.raises(DataError, match=r"column 'level' (has no value|is NaN)"):
        evaluate(table)
    assert evaluate(table, missing="drop", nan="drop").evaluation.rows.used == 5
    with pytest.raises(DataError, match="no column 'leve'"):
        evaluate(losses="pinball:q={leve}")


def test_levels_tell_predictions_of_one_target_apart(tmp_path):
    """A table of quantiles in long form has several rows of each target."""
    targets = pd.DataFrame({"id": [1, 2], "y": [3.0, 5.0]})
    long = pd.DataFrame({"id": [1, 1, 2, 2], "level": [0.1, 0.9, 0.1, 0.9], "value": [2.0, 4.5, 5.5, 7.0]})
    report = losscli.evaluate(long, "pinball:q={level}", target="y", pred="value", targets=targets, on="id", by="level")
    assert report.evaluation.rows.used == 4
    plain = losscli.evaluate(long, "pinball:q={level}", target="y", pred="value", targets=targets, on="id")
    assert plain.evaluation.results[0].value == np.mean([0.1 * 1.0, 0.1 * 1.5, 0.9 * 0.5, 0.1 * 2.0])
    of_targets = targets.assign(level=[0.25, 0.75])
    single = long[long.level == 0.1].drop(columns="level")
    both = losscli.evaluate(single, "pinball:q={targets.level}", target="y", pred="value", targets=of_targets, on="id")
    assert both.evaluation.results[0].value == np.mean([0.25 * 1.0, 0.25 * 0.5])


def test_models_in_files_of_their_own_share_the_column(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    keyed = TABLE.assign(id=range(6))
    keyed[["id", "y", "level", "p"]].to_csv("one.csv", index=False)
    keyed[["id", "y", "level", "r"]].rename(columns={"r": "p"}).to_csv("two.csv", index=False)
    files = ("one=one.csv", "two=two.csv", "--on", "id")
    words = (*files, "-t", "y", "-p", "p", "-l", "pinball:q={level}", "-f", "json")
    out = command("compare", *words, capsys=capsys)
    report = json.loads(out)
    assert report["results"][0]["value"] == SKLEARN_MEAN


def test_a_bar_in_a_name_does_not_end_the_word_of_the_signature():
    report = evaluate(TABLE.rename(columns={"level": "a|b"}), "pinball:q={a|b}")
    assert report.evaluation.results[0].signature.startswith(r"pinball:q={a\|b}|rev1|")


def test_a_model_may_have_a_column_of_its_own(tmp_path):
    own = TABLE.assign(low=[0.2] * 6, high=[0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    own.to_csv(tmp_path / "t.csv", index=False)
    for data in (own, str(tmp_path / "t.csv")):
        models = {"pred": {"m": "p", "n": "r", "o": "r"}, "columns": {"m:q": "low", "n:q": "high"}}
        found = evaluate(data, **models)
        alone = [evaluate(data, f"pinball:q={{{column}}}", pred=pred)[0].value
                 for pred, column in (("p", "low"), ("r", "high"), ("r", "level"))]  # fmt: skip
        assert [result.value for result in found] == alone
        assert json.loads(found.to_json())["bindings"]["n"]["q"] == ["high"]
    with pytest.raises(UsageError, match="the column of 'q' for all models stands in the loss") as caught:
        evaluate(own, columns={"q": "low"})
    assert caught.value.hint == "q={low}"
    with pytest.raises(UsageError, match="no loss here has the role 'q'"):
        evaluate(own, "pinball", columns={"m:q": "low"})
    with pytest.raises(UsageError, match="the parameter 'q' is one column"):
        evaluate(own, columns={"m:q": "low,high"})
