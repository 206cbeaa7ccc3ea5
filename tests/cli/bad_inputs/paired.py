"""E: rows that must find each other, filters, weights, and tables with hardly anything in them."""

from __future__ import annotations

import math

import pyarrow as pa
from bad_inputs.case import PLAIN, Here, case, text

# A case is a few lines of a table; one argument a line would hide it.
# fmt: off

JOIN = ("--targets", "t.csv", "--on", "id", *PLAIN)


def _pair(here: Here, predictions: str, truth: str, *more: str) -> list[str]:
    here.file(truth, "t.csv")
    return [here.file(predictions), *JOIN, *more]


@case("B093", 3, "1 of 100 rows: no match in t.csv: '99'", "in: p.csv, row 100 (line 101)", "--unmatched drop")
def truth_is_one_short(here: Here):
    return _pair(here, "id,p\n" + "".join(f"{n},1\n" for n in range(100)),
                 "id,y\n" + "".join(f"{n},2\n" for n in range(99)))


@case("B093", 3, "1 of 100 rows: no match in p.csv: '99'", "in: t.csv, row 100")
def predictions_are_one_short(here: Here):
    return _pair(here, "id,p\n" + "".join(f"{n},1\n" for n in range(99)),
                 "id,y\n" + "".join(f"{n},2\n" for n in range(100)))


@case("B093", 2, "--targets needs --on KEY", "rows are paired by row order only where --beside")
def no_key(here: Here):
    here.file("y\n1\n", "t.csv")
    return [here.file("p\n1\n2\n"), "--targets", "t.csv", *PLAIN]


@case("B094", 5, "no key in common by id: p.csv has 'a', 'b', 'c', t.csv has 'A', 'B', 'C'")
def keys_of_other_spelling(here: Here):
    return _pair(here, "id,p\na,1\nb,1\nc,1\nd,1\n", "id,y\nA,1\nB,1\nC,1\nD,1\n")


def _renamed(here: Here, on: str, *more: str) -> list[str]:
    here.file("ds,id,y\n1,a,1\n1,b,2\n", "t.csv")
    return [here.file("day,ID,p\n1,a,1\n1,b,2\n"), "--targets", "t.csv", "--on", on, *PLAIN, *more]


@case("B095", 3, "no key column 'key'", "in: p.csv", "a key may have another name here: --on NAME=id")
def key_of_another_name_in_predictions(here: Here):
    return _renamed(here, "key=id")


@case("B095", 3, "no key column 'ID'", "in: t.csv", "--on ID=id joins by it")
def key_of_another_name_in_targets(here: Here):
    return _renamed(here, "ID")


@case("B095", 2, "a key column is named twice")
def key_named_twice(here: Here):
    return _renamed(here, "ID=id,ID=ds")


@case("B095", value=0.0)
def keys_of_other_names(here: Here):
    return _renamed(here, "ID=id,day=ds")


@case("B095", 2, "--key-match", "trimmed")
def key_match_that_does_not_exist(here: Here):
    return _renamed(here, "ID=id", "--key-match", "trimmed")


@case("B095", 3, "no column 'targets.q' (for 'target')", "did you mean 'targets.y'")
def column_of_a_side_that_is_not_there(here: Here):
    here.file("id,y\na,1\n", "t.csv")
    return [here.file("id,p\na,1\n"), "--targets", "t.csv", "--on", "id", "-t", "targets.q", "-p", "p", "-l", "mae"]


@case("B095", 3, "1 row is the same as an earlier row in every column: 'a'", "in: p.csv, row 2")
def many_to_one_of_rows_that_are_the_same(here: Here):
    return _pair(here, "id,p\na,1\na,1\n", "id,y\na,1\n", "--join", "many-to-one")


@case("B095", value=0.5)
def many_to_one_of_rows_that_differ(here: Here):
    return _pair(here, "id,p\na,1\na,2\n", "id,y\na,1\n", "--join", "many-to-one")


@case("B095", 3, "2 rows repeat a key of an earlier row: '1', '2'", "in: t.csv, row 3", "each key must occur once")
def keys_twice_in_truth(here: Here):
    return _pair(here, "id,p\n1,1\n2,1\n", "id,y\n1,1\n2,1\n1,1\n2,1\n")


@case("B095", 3, "1 row repeats a key of an earlier row: '2'", "in: p.csv, row 3 (line 4)")
def key_twice_in_predictions(here: Here):
    return _pair(here, "id,p\n1,1\n2,1\n2,1\n", "id,y\n1,1\n2,1\n")


@case("B095", 3, "3999 rows repeat a key of an earlier row: 'k'")
def key_four_thousand_times(here: Here):
    return _pair(here, "id,p\n" + "k,1\n" * 4000, "id,y\nk,1\n")


@case("B095", 3, "repeats a key", "in: t.csv")
def key_twice_is_no_question_of_unmatched(here: Here):
    return _pair(here, "id,p\n1,1\n2,1\n", "id,y\n1,1\n1,1\n", "--unmatched", "drop")


@case("B096", value=1.0)
def unmatched_dropped(here: Here):
    return _pair(here, "id,p\n1,1\n2,9\n3,4\n", "id,y\n1,2\n3,3\n7,9\n", "--unmatched", "drop")


@case("B097", 3, "1 row has no key", "in: t.csv, row 2 (line 3), column 'id'", "--unmatched drop")
def empty_key(here: Here):
    return _pair(here, "id,p\n1,1\n,1\n", "id,y\n1,1\n,1\n")


@case("B097", 3, "1 row has no key", "in: t.parquet, row 2")
def nan_key(here: Here):
    here.parquet({"id": [1.0, float("nan")], "y": [1.0, 2.0]}, "t.parquet")
    return [here.parquet({"id": [1.0, float("nan")], "p": [1.0, 2.0]}), "--targets", "t.parquet", "--on", "id", *PLAIN]


@case("B097", value=1.0)
def null_and_nan_keys_never_match(here: Here):
    here.parquet({"id": [1.0, float("nan"), None], "y": [1.0, 2.0, 3.0]}, "t.parquet")
    source = here.parquet({"id": [1.0, float("nan"), None], "p": [2.0, 9.0, 9.0]})
    return [source, "--targets", "t.parquet", "--on", "id", "--unmatched", "drop", *PLAIN]


@case("B098", value=1.0)
def text_keys_and_number_keys(here: Here):
    here.parquet({"id": pa.array([1, 2]), "y": [1.0, 2.0]}, "t.parquet")
    return [here.file("id,p\n2,3\n1,2\n"), "--targets", "t.parquet", "--on", "id", *PLAIN]


@case("B098", value=1.0)
def float_keys_and_number_keys(here: Here):
    here.parquet({"id": [1.0, 2.0], "y": [1.0, 2.0]}, "t.parquet")
    return [here.parquet({"id": pa.array([2, 1]), "p": [3.0, 2.0]}), "--targets", "t.parquet", "--on", "id", *PLAIN]


@case("B098", 3, "column 'id' holds list<element: int64>, which cannot be a key")
def lists_as_keys(here: Here):
    here.parquet({"id": [[1], [2]], "y": [1.0, 2.0]}, "t.parquet")
    return [here.parquet({"id": [[1], [2]], "p": [3.0, 2.0]}), "--targets", "t.parquet", "--on", "id", *PLAIN]


SHUFFLED = [(n * 7919 % 2003, 0.1 * n) for n in range(2003)]


def _shuffled(name: str, rows: list[tuple[int, float]]) -> None:
    def make(here: Here):
        truth = "id,y\n" + "".join(f"{n},{n}\n" for n in range(2003))
        return _pair(here, "id,p\n" + "".join(f"{key},{value!r}\n" for key, value in rows), truth)

    make.__name__ = f"shuffled_{name}"
    case("B099", value=math.fsum(abs(value - key) for key, value in SHUFFLED) / 2003)(make)


_shuffled("once", SHUFFLED)
_shuffled("again", SHUFFLED[::-1])
_shuffled("sorted", sorted(SHUFFLED))

text("B100", "filter_leaves_nothing", "y,p\n1,2\n3,3\n", 5, "none of the 2 rows is left", "in: p.csv",
     args="-t y -p p -l mae -q --where y>5")
for _number, _filter in enumerate((
    '__import__("os").system("x")', "@pd.io", "`y`.__class__", "lambda: 1", "y=1", "y == [", "1", "", "y ==",
    "y == 1; y", "(" * 3000, "not " * 5000 + "y == 1", "x" * 20_000, "y == '\x1b[31m", "y == 1 &", "y & p", "y in []",
    "y in 1",
    '"y" == "x"', "1 == 1", "y\n==\n@", "y == \u202e",
)):
    def _filtered(here: Here, words: str = _filter):
        return [here.file("y,p\n1,2\n"), *PLAIN, "--where", words]

    _filtered.__name__ = f"filter_{_number}"
    case("B101", 2, "filter")(_filtered)


@case("B101", 3, "no column 'y.__class__'")
def filter_with_a_dotted_name(here: Here):
    return [here.file("y,p\n1,2\n"), *PLAIN, "--where", "y.__class__ == 1"]


text("B102", "negative_weight", "y,p,w\n1,2,1\n3,3,-1\n", 3, "the weight in 'w' is negative",
     "row 2 (line 3), column 'w'",
     "value '-1'", args="-w w")
text("B103", "weights_of_zero", "y,p,w\n1,2,0\n3,3,0\n", 5, "nothing to score", args="-w w")
text("B103", "some_weights_of_zero", "y,p,w\n1,2,1\n3,9,0\n", args="-w w", value=1.0)
text("B104", "weight_nan", "y,p,w\n1,2,1\n3,3,nan\n", 3, "column 'w' is NaN", "row 2 (line 3)", args="-w w")
text("B104", "weight_infinite", "y,p,w\n1,2,1\n3,3,inf\n", 3, "column 'w' is infinite", "row 2 (line 3)", args="-w w")
text("B104", "weight_missing", "y,p,w\n1,2,1\n3,3,\n", 3, "column 'w' has no value", "row 2 (line 3)", args="-w w")
text("B104", "sum_of_weights_is_too_large", "y,p,w\n0,0.5,1e308\n0,1.5,1e308\n", args="-w w", value=1.0)
text("B104", "weighted_value_is_too_large", "y,p,w\n1,2,1e308\n3,5,1e308\n", args="-t y -p p -l mae -w w -q", value=1.5)
text("B104", "weights_tiny", "y,p,w\n1,2,5e-324\n3,5,5e-324\n", args="-w w", value=1.5)
text("B105", "no_weight_column", "y,p,w\n1,2,1\n", 3, "no column 'ww'", "did you mean 'w'?", args="-w ww")
text("B105", "equal_weights", "y,p,w\n1,2,0.1\n3,3,0.1\n5,5,0.1\n", args="-w w", value=1 / 3)
text("B105", "weights_as_text", "y,p,w\n1,2,heavy\n", 3, "'heavy' is not a number", "column 'w'", args="-w w")
text("B106", "one_row", "y,p\n1,3\n", args="-t y -p p -l rmse -q", value=2.0)
text("B106", "one_row_and_a_batch", "y,p\n1,3\n", 2, "none was given", args="--batch-size 5")
text("B106", "one_row_in_a_group_of_pairs", '{"a":[1,0],"b":[0,1]}\n', args="-c anchor=a -c positive=b -l info_nce -q",
     value=0.0, file="p.jsonl")
text("B107", "one_class_balanced", "y,p\n1,0.5\n1,0.5\n", value=0.25,
     args="-t y -p p -l brier -q --class-weight balanced")
text("B107", "share_of_targets_that_are_zero", "y,p\n0,2\n0,3\n", args="-t y -p p -l wmape -q", value=float("inf"))
text("B107", "no_pair_of_a_class", '{"y":"a","e":[1,0]}\n{"y":"b","e":[0,1]}\n', 5, "nothing to score",
     args="-c embedding=e -t y -l supcon -q", file="p.jsonl")


@case("B108", shows=("p\tx\tmae\t1.0\t1", "p\t(null)\tmae\t3.0\t1"))
def slices_of_one_row_and_null(here: Here):
    return [here.file("y,p,g\n1,2,x\n1,4,\n"), *PLAIN[:-1], "--by", "g"]


@case("B108", shows=("p\tx\tmae\t1.0\t1", "p\t(null)\tmae\t3.0\t1"))
def slices_of_one_row_and_null_in_parquet(here: Here):
    return [here.parquet({"y": [1.0, 1.0], "p": [2.0, 4.0], "g": ["x", None]}), *PLAIN[:-1], "--by", "g"]


text("B109", "too_many_slices", "y,p,g\n" + "".join(f"1,2,{n}\n" for n in range(120_000)), 3,
     "there are more than 100,000 slices", "column 'g'", "raise --max-slices", args="--by g")
text("B109", "more_slices_than_said", "y,p,g\n1,2,a\n1,2,b\n1,2,c\n", 3, "there are more than 2 slices",
     args="--by g --max-slices 2")
text("B109", "no_slices_at_all", "y,p,g\n1,2,a\n", 2, "--max-slices", args="--by g --max-slices 0")
text("B109", "slice_column_absent", "y,p,g\n1,2,a\n", 3, "no column 'G'", "did you mean 'g'?", args="--by G")
