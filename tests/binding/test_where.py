"""The filter's grammar, against a row-by-row evaluation in plain Python."""

from __future__ import annotations

import math
import operator
import pickle
import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from losscli.binding import expressions as where
from losscli.binding.expressions import parse
from losscli.errors import DataError, Location, UsageError
from losscli.io.arrow.decode import PLAIN, NumberFormat

LOCATION = Location("data.csv", 1)
DATA = pa.record_batch(
    {
        "age": pa.array([10, 18, None, 40, 0]),
        "p": pa.array([0.5, math.nan, 1.5, None, -0.0]),
        "split": pa.array(["test", "train", "test", None, ""]),
        "country": pa.array(["de", "fr", None, "de", "é"]).dictionary_encode(),
        "ok": pa.array([True, False, None, True, False]),
        "written": pa.array(["True", "FALSE", "", "true", "no"]),
        "2 a`b\\": pa.array([1, 2, 3, 4, 5]),
        "text_age": pa.array(["10", "NA", "7.5", "1e1", " 3"]),
        "when": pa.array([1, None, 3, 4, 5], pa.timestamp("s")),
    }
)


def rows(text: str) -> list[int]:
    return [index for index, taken in enumerate(parse(text).mask(DATA, LOCATION).tolist()) if taken]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age == 18", [1]),
        ("age != 18", [0, 3, 4]),
        ("not age == 18", [0, 3, 4]),
        ("0 <= age < 18", [0, 4]),
        ("18 > age", [0, 4]),
        ("age >= +1e1 AND age<=18.0", [0, 1]),
        ("age == -0", [4]),
        ("age in [18, 40]", [1, 3]),
        ("age in (18, 40,)", [1, 3]),
        ("age not in [18]", [0, 3, 4]),
        ("not age in [18]", [0, 3, 4]),
        ("age is null", [2]),
        ("age is not null and age > 5", [0, 1, 3]),
        ("age > p", [0]),
        ("age != p", [0, 1]),
        ("p != age", [0, 1]),
        ("p == p", [0, 2, 4]),
        ("p != 0.5", [1, 2, 4]),
        ("not p > 0", [1, 4]),
        ("p in [0]", [4]),
        ("split == 'test'", [0, 2]),
        ('"test" != split', [1]),
        ('split < "tz" and split > "tes"', [0, 1, 2]),
        ('"tes" < split < "tf"', [0, 2]),
        ("split is null", [3, 4]),
        ("split is not null", [0, 1, 2]),
        ('country in ["de", "é"]', [0, 3, 4]),
        ('country not in ["de"]', [1, 4]),
        ('country > "z"', [4]),
        ("ok == true", [0, 3]),
        ("ok != true", [1, 4]),
        ('ok == "true"', [0, 3]),
        ("ok == 1", [0, 3]),
        ("ok in [true, false]", [0, 1, 3, 4]),
        ("written == true", [0, 3]),
        ("written == False", [1]),
        ('written == "true"', [0, 3]),
        ('written == "TRUE"', [0, 3]),
        ('written != "true"', [1, 4]),
        ('age == "18.0"', [1]),
        ('p == "1.50"', []),
        ("text_age is null", [1]),
        ("text_age is not null", [0, 2, 3, 4]),
        ('text_age is null or text_age == "10.0"', [0, 1]),
        ('text_age != "10"', [2, 3, 4]),
        ('not text_age in ["10"]', [2, 3, 4]),
        ('written in [true, "no"]', [0, 3, 4]),
        ("`2 a\\`b\\\\` >= 4", [3, 4]),
        ("text_age > 5", [0, 2, 3]),
        ("text_age is null or text_age == 3", [1, 4]),
        ("text_age is null and text_age != 3", []),
        ("(text_age is null) or text_age == 1000", [1]),
        ("when is null", [1]),
        ("age == 18 or split == 'test' and p > 1", [1, 2]),
        ("(age == 18 or split == 'test') and p > 1", [2]),
        ("age > 5 or split == 'test'", [0, 1, 2, 3]),
        ("not (age > 5 and split == 'test')", [1, 4]),
        ("not not age == 18", [1]),
        ("age == 18 == age", [1]),
        ("age == '18'", [1]),
    ],
)
def test_which_rows_are_taken(text: str, expected: list[int]) -> None:
    assert rows(text) == expected


def test_which_texts_stand_for_no_number() -> None:
    data = pa.record_batch({"a": pa.array(["1", "-", "2", None])})
    found = parse("a is null or not a > 1")
    assert found.mask(data, LOCATION, NumberFormat(frozenset({"-"}))).tolist() == [True, True, False, True]
    assert found.mask(data, LOCATION, NumberFormat(frozenset({"-", "2"}))).tolist() == [True, True, True, True]
    for text in ["a > 1", "a in [1]", "a == a"]:
        with pytest.raises(DataError, match="'-' is not a number"):
            parse(text).mask(data, LOCATION)
    dash = NumberFormat(frozenset({"-"}))
    for text in ["a == 'x'", "a != '1'", "a in ['-', 'x']", "a < '0'"]:
        assert not parse(text).mask(data, LOCATION, dash)[1]  # nor is it where the column is compared with text


ALONE = ["n is null", "n is not null"]
BESIDE = ["n > 3", "n == '5'", "n != 'x'", "n in [5]", "n in ['x']", "n is null", "m > 3", "m == 'x'", "n > m"]


@pytest.mark.parametrize("kind", ["text", "entries", "numbers"])
def test_what_is_missing_does_not_depend_on_the_rest_of_the_filter(kind: str) -> None:
    cells = [None, None, None, 5.0, None] if kind == "numbers" else ["NA", "", " null ", "5", None]
    column = pa.array(cells)
    data = pa.record_batch({"n": column.dictionary_encode() if kind == "entries" else column,
                            "m": pa.array([1, 2, 3, 4, 5])})  # fmt: skip
    missing = [True, True, True, False, True]
    for test, wanted in zip(ALONE, [missing, [not cell for cell in missing]], strict=True):
        assert parse(test).mask(data, LOCATION).tolist() == wanted
        for other in BESIDE:
            rest = parse(other).mask(data, LOCATION).tolist()
            for text, join in ((f"{test} or {other}", operator.or_), (f"{other} and {test}", operator.and_)):
                expected = [join(a, b) for a, b in zip(wanted, rest, strict=True)]
                assert parse(text).mask(data, LOCATION).tolist() == expected, text


def test_a_text_that_stands_for_missing_is_not_compared_silently() -> None:
    data = pa.record_batch({"a": pa.array(["NA", "de", "NA", "", " null"])})
    warned: Counter[str] = Counter()
    found = parse("a != 'de' or a in ['fr']")
    assert not found.mask(data, LOCATION, warned=warned).any()
    assert warned == {
        f"'a': '{text}' is a missing cell for the filter; --null-values sets which texts are": count
        for text, count in (("NA", 2), ("null", 1))
    }
    warned.clear()
    parse("a is null or a is not null").mask(data, LOCATION, warned=warned)
    assert not warned
    for text in ["a == 'NA'", "a != ' NA'", "b == 1 or 'null' != a", "a in ['de', 'NA']", "'a' < a < 'null'"]:
        with pytest.raises(UsageError, match="which stands for a missing cell") as caught:
            parse(text).check_texts(PLAIN)
        assert "a is null" in (caught.value.hint or "")
        parse(text).check_texts(NumberFormat(frozenset({""})))
    parse("a == 'de' and b is null and c == 5 and d == true").check_texts(PLAIN)
    kept = NumberFormat(frozenset({""}))
    assert parse("a == 'NA'").mask(data, LOCATION, kept).tolist() == [True, False, True, False, False]


def test_how_columns_are_to_be_read() -> None:
    assert parse('a == 1 and b == "x" and c is null and c2 > c3 and d.e == true and c is not null').columns == {
        "a": "number",
        "b": "text",
        "c": "any",
        "c2": "number",
        "c3": "number",
        "d.e": "text",
    }
    assert parse("a is null or a > 1").columns == {"a": "number"}
    assert parse("a > 1 or a is null").columns == {"a": "number"}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("a==1.0", "a == 1"),
        ("a == 9007199254740992.0", "a == 9007199254740992"),
        ("`a` IN ('x' , \"y'\")", """a in ["x", "y'"]"""),
        ("((a < 1e20)) OR not(b is NULL)", "a < 1e+20 or not b is null"),
        (
            "(a == 1 and b == 2) and (c == 3 or (d == 4 or e == 5))",
            "a == 1 and b == 2 and (c == 3 or d == 4 or e == 5)",
        ),
        ("not (a == 1 and b == 2)", "not (a == 1 and b == 2)"),
        ("`and` == -.5", "`and` == -0.5"),
        ("`x\\`y` == 'a\\n\\\\\"'", '`x\\`y` == "a\\n\\\\\\""'),
        ("0<=größe<18", "0 <= größe < 18"),
        ("a not  in(TRUE,)", "a not in [true]"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert parse(text).text == canonical
    assert parse(canonical) == parse(text)
    assert hash(parse(canonical)) == hash(parse(text))


@pytest.mark.parametrize(
    ("text", "position", "message", "hint"),
    [
        ("", 1, "expected a column or a value, but the filter ends", None),
        ("   ", 4, "the filter ends", None),
        ("a = 1", 3, "unexpected '='", "'=='"),
        ("a => 1", 3, "unexpected '='", "'>='"),
        ("a <> 1", 3, "unexpected '<'", "'!='"),
        ("a == 1 && b == 2", 8, "unexpected '&'", "'and'"),
        ("a == 1 | b == 2", 8, "unexpected '|'", "'or'"),
        ("! a == 1", 1, "unexpected '!'", "'not'"),
        ("a ≥ 1", 3, "unexpected '≥'", "'>='"),
        ("a == 'x", 6, "unclosed quote", "backslash"),
        ("a == 0x1F", 6, "not a number", None),
        ("a == 1_000", 6, "not a number", None),
        ("2a == 1", 1, "not a number", "backticks"),
        ("day > 2024-01-06", 7, "a date is a text", "in quotes: '2024-01-06'"),
        ("day > 2024-01-06T12:00", 7, "a date is a text", "in quotes: '2024-01-06'"),
        ("a == 1e999", 6, "too large", None),
        ("a == 9007199254740993", 6, "exactly", "quotes"),
        ("a", 2, "expected a comparison after a", "is_test == true"),
        ("a == 1 b", 8, "expected 'and', 'or' or the end, but found b", None),
        ("(a == 1", 8, "')' for the parenthesis at position 1", None),
        ("a == 1)", 7, "but found )", None),
        ("a ==", 5, "the filter ends", None),
        ("a == null", 6, "expected a column or a value", "is null"),
        ("a is 1", 6, "'null' after 'is'", None),
        ("1 is null", 1, "only a column can be null", None),
        ("1 in [1]", 1, "only a column", None),
        ("a in []", 6, "the list is empty", None),
        ("a in [b]", 7, "not columns", "quotes"),
        ("a in [1 2]", 9, "expected ',' or ']'", None),
        ("a in [1)", 8, "expected ',' or ']'", None),
        ("a in [,]", 7, "expected a column or a value", None),
        ("a in 5", 6, "a list in brackets", None),
        ("a in [1, 'x']", 10, "as a number and as text", "quotes"),
        ("a == 1 or a == 'x'", 13, "as a number and as text", None),
        ("a == b and b == 'x'", 14, "as a number and as text", None),
        ("1 == 1", 3, "two constants", "backticks"),
        ("a < true", 3, "are not ordered", "'=='"),
        ("true > a", 6, "are not ordered", None),
        ("a == ''", 3, "counts as missing", "a is null"),
        ("a in ['']", 7, "counts as missing", None),
        ("a - b", 6, "expected a comparison", None),
        ("a - > 1", 5, "expected a column or a value", None),
        (r"a == 'x\q'", 8, "unknown escape", "twice"),
        ("not", 4, "the filter ends", None),
        ("a not == 1", 3, "expected a comparison", None),
    ],
)
def test_errors_say_where(text: str, position: int, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text)
    first, shown, caret = raised.value.message.split("\n")
    assert f"position {position}: " in first
    assert message in first
    assert (shown, caret) == (f"  {text}", f"  {' ' * (position - 1)}^")
    assert hint is None or hint in str(raised.value.hint)


def test_the_excerpt_is_short_and_without_control_characters() -> None:
    with pytest.raises(UsageError) as raised:
        parse("a == 1 or " * 50 + "\x1b[31m\n" + "a" * 500)
    _, shown, caret = raised.value.message.split("\n")
    assert "\x1b" not in shown
    assert len(shown) < 80
    assert shown[caret.index("^")] == "?"


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('ls')",
        "__import__",
        "@pd.io.common.os.system('ls')",
        "`ls`",
        "$(ls)",
        "a.__class__()",
        "a == 1; b == 2",
        "lambda: 1",
        "a == f'{b}'",
        "[x for x in a]",
        "{}",
        "a == b\\c",
        "a if b else c",
        "a == 1 # comment",
    ],
)
def test_what_looks_like_code_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_bounds() -> None:
    assert parse("(" * 100 + "a == 1" + ")" * 100).text == "a == 1"
    assert parse("not " * 100 + "a == 1").mask(pa.record_batch({"a": pa.array([1, 2])}), LOCATION).tolist() == [
        True,
        False,
    ]
    for text in ["(" * 101 + "a == 1" + ")" * 101, "not " * 101 + "a == 1", "(" * 9000, "not " * 2000]:
        with pytest.raises(UsageError, match="more than 100 levels"):
            parse(text)
    with pytest.raises(UsageError, match="at most 10000"):
        parse("a == 1 or " * 1000 + "a == 1")
    with pytest.raises(UsageError, match="at most 10000"):
        parse("a == '" + '"' * 6000 + "'")
    assert len(parse(" or ".join(["a == 1"] * 900)).text) == 8996
    with pytest.raises(UsageError, match="too large"):
        parse("a == " + "9" * 9000)


def test_errors_about_the_data() -> None:
    with pytest.raises(DataError, match="no column is named 'gone'"):
        parse("gone == 1").mask(DATA, LOCATION)
    twice = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(DataError, match="2 columns are named 'a'"):
        parse("a == 1").mask(twice, LOCATION)
    with pytest.raises(DataError, match="is not a number") as raised:
        parse("split > 1").mask(DATA, LOCATION)
    assert (raised.value.row, raised.value.column, raised.value.value) == (1, "split", "test")
    with pytest.raises(DataError, match="holds timestamp"):
        parse("when > 1").mask(DATA, LOCATION)


def test_an_empty_batch_and_a_trip_to_another_process() -> None:
    filter = parse("age > 5 and split == 'test' or ok is null and country in ['de']")
    assert filter.mask(DATA.slice(0, 0), LOCATION).tolist() == []
    sent = pickle.loads(pickle.dumps(filter))
    assert sent == filter
    assert sent.mask(DATA, LOCATION).tolist() == filter.mask(DATA, LOCATION).tolist()
    assert sent.mask(DATA, LOCATION).dtype == bool


# ------------------------------------------------------------------- any filter, evaluated row by row in plain Python

SIGNS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.5, 1e20, -0.001])
WORDS = st.sampled_from(["a", "b", "é", "a b", "'", '"', "\\", "\n", "true", "\U0001f600", "\uffff"])
NUMBER_COLUMNS, TEXT_COLUMNS = ["n", "m.x"], ["t", "in", "a b`"]


def comparisons() -> st.SearchStrategy[Any]:
    number = st.tuples(st.just("column"), st.sampled_from(NUMBER_COLUMNS)) | st.tuples(st.just("constant"), NUMBERS)
    has_columns = st.tuples(number, st.sampled_from(sorted(SIGNS)), number).filter(
        lambda c: "column" in (c[0][0], c[2][0])
    )
    word, text = st.tuples(st.just("constant"), WORDS), st.tuples(st.just("column"), st.sampled_from(TEXT_COLUMNS))
    compared = st.tuples(text, st.sampled_from(sorted(SIGNS)), word) | st.tuples(
        word, st.sampled_from(sorted(SIGNS)), text
    )
    chains = has_columns.flatmap(
        lambda c: st.lists(st.tuples(st.sampled_from(sorted(SIGNS)), st.just(("column", "n"))), max_size=2).map(
            lambda more: ("chain", c, more)
        )
    )
    within = st.tuples(st.sampled_from(NUMBER_COLUMNS), st.lists(NUMBERS, min_size=1, max_size=3)) | st.tuples(
        st.sampled_from(TEXT_COLUMNS), st.lists(WORDS, min_size=1, max_size=3)
    )
    return (
        chains
        | compared.map(lambda c: ("chain", c, []))
        | st.tuples(st.just("in"), within, st.booleans())
        | st.tuples(st.just("null"), st.sampled_from(NUMBER_COLUMNS + TEXT_COLUMNS), st.booleans())
    )


FILTERS = st.recursive(
    comparisons(),
    lambda inner: (
        st.tuples(st.just("not"), inner)
        | st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=8,
)


def quoted(text: str, quote: str) -> str:
    return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote


def written(tree: Any, chance: random.Random) -> str:
    """The filter as one of many texts that mean it."""
    space = chance.choice([" ", "  ", "\n\t"])
    side = lambda s: name(s[1]) if s[0] == "column" else constant(s[1])  # noqa: E731
    name = lambda n: n if n in ("n", "m.x", "t") and chance.random() < 0.7 else quoted(n, "`")  # noqa: E731
    constant = lambda c: quoted(c, chance.choice("'\"")) if isinstance(c, str) else repr(c)  # noqa: E731
    kind = tree[0]
    if kind == "chain":
        _, (left, sign, right), more = tree
        return space.join([side(left), sign, side(right), *(part for s, c in more for part in (s, side(c)))])
    if kind == "in":
        _, (column, choices), negated = tree
        start, end = chance.choice(["[]", "()"])
        listed = ",".join(constant(choice) for choice in choices)
        return f"{name(column)}{space}{'not ' if negated else ''}in{space}{start}{listed}{end}"
    if kind == "null":
        return f"{name(tree[1])} is{space}{'not ' if tree[2] else ''}null"
    if kind == "not":
        return f"not{space}({written(tree[1], chance)})"
    return f"{space}{tree[0]} ".join(f"({written(part, chance)})" for part in tree[1])


def judged(tree: Any, row: dict[str, Any]) -> bool | None:
    """True, False, or None for unknown."""
    kind = tree[0]
    if kind == "chain":
        _, (left, sign, right), more = tree
        value = lambda s: row[s[1]] if s[0] == "column" else s[1]  # noqa: E731
        sides, signs = [left, right, *(c for _, c in more)], [sign, *(s for s, _ in more)]
        pairs = zip(sides, signs, sides[1:], strict=False)
        parts = [None if value(a) is None or value(b) is None else SIGNS[s](value(a), value(b)) for a, s, b in pairs]
        return everything(parts)
    if kind == "in":
        _, (column, choices), negated = tree
        return None if row[column] is None else (row[column] in choices) != negated
    if kind == "null":
        return (row[tree[1]] is None) != tree[2]
    if kind == "not":
        inner = judged(tree[1], row)
        return None if inner is None else not inner
    parts = [judged(part, row) for part in tree[1]]
    if kind == "and":
        return everything(parts)
    opposite = everything([None if part is None else not part for part in parts])
    return None if opposite is None else not opposite


def everything(parts: list[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


CELLS = {
    **{name: st.none() | NUMBERS | st.just(math.nan) | st.just(math.inf) for name in NUMBER_COLUMNS},
    **{name: st.none() | WORDS for name in TEXT_COLUMNS},
}


@settings(max_examples=250)
@given(FILTERS, st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=12), st.integers(0, 2**32), st.booleans())
def test_any_filter_equals_plain_python(tree: Any, table: list[dict[str, Any]], seed: int, coded: bool) -> None:
    kinds = {**dict.fromkeys(NUMBER_COLUMNS, pa.float64()), **dict.fromkeys(TEXT_COLUMNS, pa.string())}
    columns = {name: pa.array([row[name] for row in table], kind) for name, kind in kinds.items()}
    if coded:
        columns = {name: column.dictionary_encode() for name, column in columns.items()}
    found = parse(written(tree, random.Random(seed)))
    expected = [judged(tree, row) is True for row in table]
    assert found.mask(pa.record_batch(columns), LOCATION).tolist() == expected
    again = parse(found.text)
    assert again == found
    assert again.mask(pa.record_batch(columns), LOCATION).tolist() == expected


SHARDS = ["a", "b c", "1", "-", ".5", "'x'", '"', "'", "`", "\\", "==", "=", "<", "!", "(", ")", "[", "]", ",", "and"]
SHARDS += ["or", "not", "in", "is", "null", "true", "1e9", "\n", "\x00", "\ud800", "é", "1e400", "&", "@", "__import__"]


@settings(max_examples=400)
@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(SHARDS), max_size=14).map(" ".join)
    | st.text("()'\"`\\ =<a1.e", max_size=30)
)
@example("not " * 3000)
@example("a in [" + "1," * 4000 + "]")
@example("'" + "\\" * 9001)
@example('"' * 9999)
def test_any_text_is_a_filter_or_a_usage_error(text: str) -> None:
    try:
        found = parse(text)
    except UsageError:
        return
    assert parse(found.text) == found
    assert where.parse(found.text).columns == found.columns
