"""Derived columns: their grammar, their values against mpmath, and what becomes of missing cells and of errors."""

from __future__ import annotations

import math
import pickle
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pyarrow as pa
import pytest

from losscli.binding.derived_columns import derived_columns
from losscli.binding.expressions import parse, read_lets
from losscli.errors import DataError, Location, LosscliError, UsageError
from losscli.io.arrow.decode import PLAIN

LOCATION = Location("data.csv", 1)
NAN, INF = math.nan, math.inf


def derived(data: pa.RecordBatch, *texts: str) -> pa.RecordBatch:
    """The batch with these derived columns."""
    found = derived_columns(
        read_lets(texts), data.schema.names, dict(zip(data.schema.names, data.schema.types, strict=True)), None
    )
    found = replace(found, readings=dict.fromkeys(found.kinds, "number"))
    with np.errstate(all="ignore"):
        return found.added(list(found.kinds), data, LOCATION, PLAIN, Counter())


def values(expression: str, **columns: Any) -> list[Any]:
    """The values of one expression on these columns."""
    data = pa.record_batch({name: cells if isinstance(cells, pa.Array) else pa.array(cells)
                            for name, cells in columns.items()})  # fmt: skip
    return list(derived(data, f"out = {expression}").column("out").to_pylist())


CRUEL = [
    0.0,
    -0.0,
    1e-300,
    -1e-300,
    5e-324,
    1e-8,
    -1e-8,
    0.5,
    -0.5,
    1.0,
    -1.0,
    30.0,
    -40.0,
    709.0,
    -745.0,
    1e308,
    -1e308,
]


@pytest.mark.parametrize(
    ("expression", "formula", "low", "high"),
    [
        ("abs(x)", lambda x: abs(x), -INF, INF),
        ("sqrt(x)", mpmath.sqrt, 0.0, INF),
        ("exp(x)", mpmath.exp, -INF, 709.0),
        ("log(x)", mpmath.log, 5e-324, INF),
        ("log1p(x)", lambda x: mpmath.log(1 + x), -0.999, INF),
        ("sigmoid(x)", lambda x: 1 / (1 + mpmath.exp(-x)), -700.0, INF),
        ("logit(x)", lambda x: mpmath.log(x / (1 - x)), 5e-324, 1 - 2**-53),
        ("x ** 3", lambda x: x**3, -1e100, 1e100),
        ("x ** 2", lambda x: x**2, -1e150, 1e150),
        ("1 / (1.5 - x) - x * 3", lambda x: 1 / (mpmath.mpf(1.5) - x) - x * 3, -1e300, 1.0),
        ("-x ** 2 + 2 ** -x", lambda x: -(x**2) + mpmath.mpf(2) ** -x, -40.0, 40.0),
    ],
)
def test_values_are_those_of_mpmath(expression: str, formula: Any, low: float, high: float) -> None:
    rng = random.Random(expression)
    given = [x for x in CRUEL if low <= x <= high] + [0.5 + 1e-9, 0.5 - 3e-12, 0.25, 0.75]
    given += [rng.uniform(0, 1) for _ in range(200)] + [rng.uniform(max(low, -50), min(high, 50)) for _ in range(200)]
    found = values(expression, x=given)
    with mpmath.workdps(800):
        for x, value in zip(given, found, strict=True):
            expected = formula(mpmath.mpf(x))
            # One rounding a step: the terms of a sum may be larger than the sum.
            room = 2e-15 * max(abs(expected), 4 * abs(x) if "-" in expression and "(x)" not in expression else 0)
            assert abs(value - expected) <= max(room, mpmath.mpf(5e-324)), (x, value, expected)


@pytest.mark.parametrize("row", [[1.0, 2.0, -3.0], [1e308, -1e308, 0.0], [1e308, 1e308, 0.0], [-745.0, 0.0, 30.0],
                                 [1e-320, 0.0, -1e-320], [5.0, 5.0, 5.0]])  # fmt: skip
def test_softmax_is_that_of_mpmath(row: list[float]) -> None:
    (found,) = values("softmax(v)", v=[row])
    with mpmath.workdps(800):
        top = max(map(mpmath.mpf, row))
        grown = [mpmath.exp(mpmath.mpf(x) - top) if x - top > -1e5 else mpmath.mpf(0) for x in row]
        for value, one in zip(found, grown, strict=True):
            expected = one / sum(grown)
            assert abs(value - expected) <= max(2e-15 * expected, mpmath.mpf(5e-324))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("log(-x)", [NAN, -INF, NAN, NAN]),
        ("1 / (x - 1)", [INF, -1.0, 0.0, NAN]),
        ("-1 / (x - 1)", [-INF, 1.0, -0.0, NAN]),
        ("(x - 1) / (x - 1)", [NAN, 1.0, NAN, NAN]),
        ("sqrt(x - 2)", [NAN, NAN, INF, NAN]),
        ("logit(x)", [INF, -INF, NAN, NAN]),
        ("sigmoid(x * 1000)", [1.0, 0.5, 1.0, NAN]),
        ("max(x, 3)", [3.0, 3.0, INF, NAN]),
        ("min(3, x, 2)", [1.0, 0.0, 2.0, NAN]),
        ("clip(x, 0.25, 0.5)", [0.5, 0.25, 0.5, NAN]),
        ("0 ** x", [0.0, 1.0, 0.0, NAN]),
        ("where(x == x, x, -1)", [1.0, 0.0, INF, -1.0]),
        ("exp(-x)", [math.exp(-1), 1.0, 0.0, NAN]),
    ],
)
def test_domain_errors_follow_ieee(expression: str, expected: list[float]) -> None:
    assert str(values(expression, x=[1.0, 0.0, INF, NAN])) == str(expected)


def test_a_half_is_rounded_to_the_even_number() -> None:
    assert values("round(x)", x=[0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 2.0**52 + 1]) == [
        0.0, 2.0, 2.0, -0.0, -2.0, 0.0, 2.0**52 + 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("1 + 2 * x", "1 + (2 * x)"),
        ("(1 + 2) * x", "(1 + 2) * x"),
        ("-x ** 2", "-(x ** 2)"),
        ("(-x) ** 2", "(-x) ** 2"),
        ("2 ** x ** 0.5", "2 ** (x ** 0.5)"),
        ("(2 ** x) ** 3", "(2 ** x) ** 3"),
        ("10 - x - 1", "(10 - x) - 1"),
        ("10 - (x - 1)", "10 - (x - 1)"),
        ("8 / x / 2", "(8 / x) / 2"),
        ("8 / (x / 2)", "8 / (x / 2)"),
        ("2 ** -x", "2 ** (-x)"),
        ("- -x", "-(-x)"),
        ("3 - -2", "3 - (-2)"),
        ("(-2) ** x", "(-2) ** x"),
        ("x - (-2) ** 2", "x - ((-2) ** 2)"),
        (
            "where(not (x > 1 or x < 0) and x is not null, x, `x` + 1.0)",
            "where(not(x>1 or x<0) and x is not null,x,x+1.)",
        ),
        ("min(x, 2, x * 3)", "min(x,2,x*3)"),
    ],
)
def test_how_closely_operators_bind(text: str, same_as: str) -> None:
    (one,), (other,) = read_lets([f"a = {text}"]), read_lets([f"a = {same_as}"])
    assert one == other
    assert read_lets([one.text])[0] == one  # the canonical text is read back
    assert str(values(text, x=[0.5, 2.0, 3.0])) == str(values(same_as, x=[0.5, 2.0, 3.0]))
    assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * x", [1 + 2 * x for x in (0.5, 2.0, 3.0)]),
        ("-x ** 2", [-(x**2) for x in (0.5, 2.0, 3.0)]),
        ("2 ** x ** 2", [2**x**2 for x in (0.5, 2.0, 3.0)]),
        ("10 - x - 1", [10 - x - 1 for x in (0.5, 2.0, 3.0)]),
        ("8 / x / 2 * x", [8 / x / 2 * x for x in (0.5, 2.0, 3.0)]),
        ("2 ** -x", [2**-x for x in (0.5, 2.0, 3.0)]),
    ],
)
def test_operators_bind_as_in_python(text: str, expected: list[float]) -> None:
    assert values(text, x=[0.5, 2.0, 3.0]) == pytest.approx(expected, rel=1e-15)


def test_random_expressions_are_those_of_python() -> None:
    rng = random.Random(12)

    def drawn(depth: int) -> str:
        if not depth or rng.random() < 0.2:
            return rng.choice(["a", "b", "2", "0.5", "3", "1e-3"])
        one, other = drawn(depth - 1), drawn(depth - 1)
        forms = ["{} + {}", "{} - {}", "({}) * {}", "{} / ({})", "-{}", "({})", "abs({})", "min({}, {})", "max({}, {})"]
        return rng.choice(forms).format(one, other)

    for _ in range(300):
        text = drawn(4)
        for a, b in ((1.5, -2.25), (0.1, 7.0)):
            try:
                expected = eval(text, {"abs": abs, "min": min, "max": max}, {"a": a, "b": b})
            except ZeroDivisionError:
                continue
            assert values(text, a=[a], b=[b]) == [expected], text


def test_missing_cells_stay_missing_and_nan_stays_nan() -> None:
    x = pa.array([1.0, None, NAN])
    assert str(values("x * 2 + 1", x=x)) == "[3.0, None, nan]"
    assert str(values("max(x, 0)", x=x)) == "[1.0, None, nan]"
    assert values("where(x is null, 0, 1)", x=x) == [1.0, 0.0, 1.0]
    assert str(values("where(x > 0, x, -1)", x=x)) == "[1.0, None, -1.0]"  # the condition is neither of null
    assert values("x > 0", x=x) == [True, None, False]
    assert values("lower(trim(t))", t=[" Ab", None, " ", "NA", "b"]) == ["ab", None, None, None, "b"]
    assert values("where(t == 'b', 'x', lower(t))", t=["B", "b", None]) == ["b", "x", None]


def test_vectors_are_computed_element_by_element() -> None:
    v = pa.array([[1.0, 2.0], None, [3.0, None], [4.0, NAN]])
    w = pa.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [1.0, 2.0]], pa.list_(pa.float64(), 2))
    x = pa.array([10.0, 1.0, 1.0, None])
    assert str(values("v * 2 - w", v=v, w=w)) == "[[1.0, 3.0], None, None, [7.0, nan]]"
    assert str(values("v + x", v=v, x=x)) == "[[11.0, 12.0], None, None, None]"
    assert str(values("where(x > 5, v, 0)", v=v, x=x)) == "[[1.0, 2.0], [0.0, 0.0], [0.0, 0.0], None]"
    assert values("softmax(v) + 0", v=pa.array([None, None], pa.list_(pa.float64()))) == [None, None]
    with pytest.raises(DataError, match=r"combines vectors of 2 and of 3 numbers \(in out = v - w\)"):
        values("v - w", v=[[1.0, 2.0]], w=[[1.0, 2.0, 3.0]])
    with pytest.raises(DataError, match=r"softmax\(x\) needs a vector a row"):
        values("softmax(x)", x=[1.0])
    with pytest.raises(DataError, match="v is a vector a row, but one number is compared"):
        values("v > 1", v=[[1.0, 2.0]])


@pytest.mark.parametrize(
    ("expression", "a", "b", "expected"),
    [
        ("a + b", 2**53 - 1, 1, 2**53),
        ("a + b", 2**53 - 1, 3, 2**53 + 2),
        ("a + b", 2**53 - 1, 2, None),
        ("a - b", -(2**53), 1, None),
        ("a * b", 3**20, 3**20, None),
        ("a * b", 2**40, 2**40, 2**80),
        ("a ** b", 3, 40, None),
        ("a ** b", 3, 33, 3**33),
        ("1.0 * a * b", 3**20, 3**20, float(3**20) * float(3**20)),
        ("a * 1e0 + b", 2**53 - 1, 2, 2.0**53),
        ("a / b * a", 3**33, 1, None),
        ("sqrt(a) * b", 3**30, 3**30, float(3**15) * float(3**30)),
    ],
)
def test_whole_numbers_are_exact_or_an_error(expression: str, a: int, b: int, expected: float | None) -> None:
    if expression == "a / b * a":  # a quotient may be rounded, so what is made of it may be, too
        assert values(expression, a=[a], b=[b]) == [float(a) * float(a)]
    elif expected is None:
        with pytest.raises(DataError, match="cannot hold exactly") as raised:
            values(expression, a=[1, a], b=[1, b])
        assert (raised.value.row, raised.value.column) == (2, "a")
    else:
        assert values(expression, a=[a], b=[b]) == [expected]


def test_a_whole_number_that_no_float64_holds_is_an_error_of_its_cell() -> None:
    with pytest.raises(DataError, match=r"'9007199254740993' cannot be held exactly by a float64 \(in out = a \+ 1\)"):
        values("a + 1", a=[2**53 + 1])


@pytest.mark.parametrize(
    ("text", "position", "message", "hint"),
    [
        ("p = a +", 8, "expected a column or a value, but the expression ends", None),
        ("p = a b", 7, "expected an operator or the end, but found b", None),
        ("p = foo(a)", 5, "unknown function 'foo'", "log1p(x)"),
        ("p = sofmax(a)", 5, "unknown function 'sofmax'", "did you mean 'softmax'"),
        ("p = log(a, b)", 5, "2 arguments of log", "write: log(x)"),
        ("p = clip(a, 1)", 5, "2 arguments of clip", "clip(x, low, high)"),
        ("p = clip(a, 2, 1)", 13, "the lower bound is above the upper one", None),
        ("p = where(a, 1, 2)", 11, "a condition is expected here", None),
        ("p = log(a > 1)", 9, "a value is expected here, not a condition", None),
        ("p = a + 'x'", 9, "a number is expected here", None),
        ("p = a + lower(b)", 9, "lower(b) is a text, and a number is expected here", None),
        ("p = lower(a + 1)", 11, "a text is expected here", None),
        ("p = a × 2", 7, "unexpected '×'", "write '*'"),
        ("p = a ^ 2", 7, "unexpected '^'", "write '**' for a power"),
        ("p = 90%", 7, "unexpected '%'", "/ 100"),
        ("p = a == 'x' + 1", 10, "a number is expected here", None),
        ("p = (a + 1", 11, "expected ')' for the parenthesis at position 5", None),
        ("p = lower(a) == 3", 14, "is a text, and it is compared with a number", "quotes"),
        ("p = 'x'", 5, "this is a text and no column", "backticks"),
        ("p = a" + " + a" * 201, 807, "more than 200 operators", "--let"),
    ],
)
def test_errors_say_where(text: str, position: int, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as raised:
        read_lets([text])
    first, _, caret = raised.value.message.split("\n")
    assert first.startswith(f"invalid expression at position {position}: ")
    assert message in first
    assert raised.value.message.split("\n")[1][len(caret) - 1 :] == text[position - 1 :][:30]
    assert hint is None or hint in str(raised.value.hint)
    assert raised.value.code == "USAGE_BAD_EXPRESSION"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["p"], "'p' is not NAME=EXPRESSION"),
        (["= a"], "'= a' is not NAME=EXPRESSION"),
        (["p = a", "p = b"], "'p' is derived twice: p = a, and p = b"),
        (["p = p / 100"], "'p' uses itself"),
        (["p = q", "q = a"], "'p' uses 'q', which is derived after it"),
        (["t = lower(a)", "q = t + 1"], "t is a text, and it is used as a number"),
    ],
)
def test_what_derived_columns_may_use(texts: list[str], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_lets(texts)
    assert message in raised.value.message


def test_later_ones_use_earlier_ones_however_many_there_are() -> None:
    chain = ["x0 = a", *(f"x{n} = x{n - 1} + 1" for n in range(1, 1500))]
    data = pa.record_batch({"a": pa.array([1.0, 2.0])})
    assert derived(data, *chain).column("x1499").to_pylist() == [1500.0, 1501.0]
    found = parse("x1499 > 1500", read_lets(chain))
    assert found.mask(data, LOCATION).tolist() == [False, True]
    assert dict(found.columns) == {"a": "number"}


def test_filters_have_the_same_grammar() -> None:
    data = pa.record_batch({"a": pa.array([1.0, 4.0, None]), "t": pa.array(["De ", "fr", "DE"])})
    for text, expected in {
        "a / 2 > 1": [False, True, False], "(a + 1) * 2 == 10": [False, True, False], "-a < -2": [False, True, False],
        "lower(trim(t)) == 'de'": [True, False, True], "lower(t) in ['de', 'fr']": [False, True, True],
        "abs(a - 4) in [0, 3]": [True, True, False], "lower(t) == t": [False, True, False],
        "where(a is null, 1, 0) == 1 or sqrt(a) == 2": [False, True, True], "1 < a + 0 <= 4": [False, True, False],
        "q > 1 and r == 'fr'": [False, True, False], "ok == true": [False, True, False], "r is null": [False] * 3,
    }.items():  # fmt: skip
        found = parse(text, read_lets(["q = a / 2", "r = lower(t)", "ok = q > 1"]))
        assert found.mask(data, LOCATION).tolist() == expected, text
        assert parse(found.text, tuple(found.lets.values())) == found


@pytest.mark.parametrize("size", [1, 3, 64])
def test_bits_do_not_depend_on_how_many_rows_come_together(size: int) -> None:
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.standard_normal(180) * 10.0 ** rng.integers(-9, 3, 180), np.repeat([0.0, -0.0], 10)])
    data = pa.record_batch({"x": pa.array(x), "v": pa.array(list(rng.standard_normal((200, 5)) * 9))})
    texts = ["a = exp(x) + log(abs(x)) + log1p(abs(x))", "b = abs(x) ** 1.7", "c = sigmoid(x)", "d = logit(c)",
             "e = softmax(v)", "f = max(x, -x, 0)", "g = 1.3 ** x", "h = softmax(v / 1.5) ** 0.3"]  # fmt: skip
    whole = derived(data, *texts)
    parts = [derived(data.slice(start, size), *texts) for start in range(0, 200, size)]
    for name in "abcdefgh":
        column = pa.concat_arrays([part.column(name) for part in parts])
        for one, other in zip(column.to_pylist(), whole.column(name).to_pylist(), strict=True):
            assert np.array(one).tobytes() == np.array(other).tobytes(), name


def test_names_of_columns_and_derived_columns_are_apart() -> None:
    data = pa.record_batch({"p": pa.array([1.0])})
    with pytest.raises(LosscliError, match="'p' is a column of the data, and it is derived, too: p = q / 2"):
        derived(data, "p = q / 2")


def test_any_text_is_computed_or_refused() -> None:
    rng = random.Random(7)
    pieces = [
        "x", "v", "t", "n", "1", "0", "2.5", "'a'", "true", "null", "(", ")", "(", ")", "+", "-", "*", "/", "**", ",",
        "==", "<", "and", "not", "is", "in", "[", "]", "log(", "softmax(", "where(", "lower(", "trim(", "max(", "clip(",
        "round(", "`x`", "$", "ü", "1e999", "9007199254740993", "=",
    ]  # fmt: skip
    data = pa.record_batch({
        "x": pa.array([1.5, None, NAN, -INF]), "v": pa.array([[1.0, 2.0], None, [0.0, NAN], [3.0, 4.0]]),
        "t": pa.array(["A ", "", None, "7"]), "n": pa.array([1, 2, 2**53, None]),
    })  # fmt: skip
    computed = 0
    for _ in range(2000):
        text = "z = " + " ".join(rng.choice(pieces) for _ in range(rng.randint(1, 7)))
        try:
            (let,) = read_lets([text])
            assert read_lets([let.text]) == (let,)
            computed += len(derived(data, text).column("z")) == 4
        except LosscliError as error:
            assert not isinstance(error, UsageError) or error.code == "USAGE_BAD_EXPRESSION"
    assert computed > 50
