"""C: cells that are no numbers, no exact numbers, or numbers that hide what went wrong."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
from bad_inputs.case import PLAIN, Here, case, text

# A case is a few lines of a table; one argument a line would hide it.
# fmt: off

for _word in ("NaN", "nan", "-nan", "NAN", "+nan"):
    text("B051", f"{_word}_in_predictions", f"y,p\n1,2\n3,{_word}\n", 3, "column 'p' is NaN",
         "row 2 (line 3), column 'p'",
         "--nan drop")
text("B051", "nan_is_not_missing", "y,p\n1,2\n3,NaN\n", 3, "is NaN", args="--missing drop")
text("B051", "nan_in_targets", "y,p\n1,2\nNaN,3\n", 3, "column 'y' is NaN", "row 2")
text("B051", "nan_counted", "y,p\n" + "1,NaN\n" * 5, 3, "(and 4 more in these rows)", "row 1 (line 2)")
for _number, _word in enumerate(("NA", "", "null", "None", "<NA>", "N/A", "NULL")):
    text("B052", f"missing_{_number}", f"y,p\n1,2\n3,{_word}\n", 3, "column 'p' has no value",
         "row 2 (line 3), column 'p'", "--missing drop")
    text("B053", f"missing_{_number}_dropped", f"y,p\n1,2\n3,{_word}\n", args="--missing drop", value=1.0)
text("B052", "missing_is_not_nan", "y,p\n1,2\n3,NA\n", 3, "has no value", args="--nan drop")
text("B052", "missing_in_an_unused_column", "y,p,g\n1,2,\n3,3,NA\n", value=0.5)
text("B052", "dash", "y,p\n1,2\n3,-\n", 3, "'-' is not a number", "row 2 (line 3), column 'p', value '-'")
text("B052", "dash_as_null", "y,p\n1,2\n3,-\n", args="--missing drop --null-values -,NA", value=1.0)
text("B052", "question_mark", "y,p\n1,2\n3,?\n", 3, "'?' is not a number")
text("B053", "nan_dropped", "y,p\n1,2\n3,NaN\n", args="--nan drop", value=1.0)
text("B053", "dropped_for_all_models", "y,a,b\n1,2,NaN\n3,3,5\n", args="-t y -p a -p b -l mae -q --nan drop", value=0.0)
for _number, _models in enumerate(("-p a -p b", "-p b -p a")):
    text("B053", f"dropped_rows_are_not_infinite_{_number}", "y,a,b\n1,2,2\n3,inf,\n", value=1.0,
         args=f"-t y {_models} -l mae -q --missing drop")
text("B054", "all_nan", "y,p\n1,NaN\n3,NaN\n", 5, "none of the 2 rows is left; 2 rows were dropped", args="--nan drop")
text("B054", "all_missing", "y,p\n1,\n3,\n", 5, "none of the 2 rows is left; 2 rows were dropped",
     args="--missing drop")
for _word in ("inf", "-Infinity", "+inf", "INF"):
    text("B055", f"{_word}_in_predictions", f"y,p\n1,2\n3,{_word}\n", 3, "column 'p' is infinite", "row 2 (line 3)",
         "leave such rows out with --where")
text("B055", "infinite_row_left_out", "y,p,ok\n1,2,1\n3,inf,0\n", value=1.0,
     args="-t y -p p -l mae -q --where ok==1")
text("B055", "infinite_is_not_dropped", "y,p\n1,2\n3,inf\n", 3, "is infinite", args="--nan drop --missing drop")
for _word in ("1e309", "-1e309", "1" + "0" * 400):
    text("B056", f"overflow_{_word[:6]}_{len(_word)}", f"y,p\n1,2\n3,{_word}\n", 3, "is too large for a float64",
         "row 2 (line 3)")
    text("B056", f"overflow_{_word[:6]}_{len(_word)}_jsonl", f'{{"y":1,"p":2}}\n{{"y":3,"p":{_word}}}\n', 3,
         "is too large for a float64", "row 2 (line 2)", file="p.jsonl")
text("B056", "overflow_with_nan_dropped", "y,p\n1,2\n3,1e309\n", 3, "too large", args="--nan drop")
text("B057", "underflow", "y,p\n0,1e-400\n", value=0.0)
text("B057", "subnormal", "y,p\n0,5e-324\n", value=5e-324)
text("B057", "four_hundred_digits", "y,p\n0,0." + "3" * 400 + "\n", value=0.3333333333333333)
for _number, _word in enumerate(("12%", '"1,234.5"', "1_000", "1.5D3", "١٢", "1 2", "$3", "--1", "1e", ".", "e5",
"1e5.5", "½",
                                 "1.2.3", "(3)", "3 m", "yes", "−1", "1\u00a0000", "0b1", "1f", "1j", "x")):
    text("B058", f"no_number_{_number}", f"y,p\n1,2\n3,{_word}\n", 3, "is not a number",
         "row 2 (line 3), column 'p', value")
    text("B058", f"no_number_{_number}_beside_text", f"y,p\n1,2\n3,{_word}\n", 3, "is not a number",
         "row 2 (line 3), column 'p', value", args="-t y -p p -l mae -q --by p")
for _number, _word in enumerate((" 2", "2 ", "+2", "2.", "02", "2e0", "2E+00", "\t2", "0.2e1", '"2"')):
    text("B058", f"number_{_number}", f"y,p\n1,{_word}\n", value=1.0)
    text("B058", f"number_{_number}_beside_text", f"y,p\n1,{_word}\n", args="--by p", value=1.0)
text("B059", "hexadecimal", "y,p\n1,0x1F\n", 3, "'0x1F' is not a number", "row 1 (line 2)", "write numbers in decimal")
text("B059", "hexadecimal_beside_text", "y,p\n1,0x1F\n", 3, "'0x1F' is not a number", args="--by p")
text("B060", "fractions_late", "y,p\n" + "1,2\n" * 50_000 + "1,1.5\n" * 50_000, value=0.75)
text("B062", "late_and_alone", "y,p\n" + "1,2\n" * 300_000 + "1,x\n1,2\n", 3, "'x' is not a number",
     "row 300001 (line 300002), column 'p', value 'x'")


@case("B060", value=0.75)
def fractions_in_a_later_piece(here: Here):
    here.windows(1 << 10)
    return here.file("y,p\n" + "1,2\n" * 1000 + "1,1.5\n" * 1000)


@case("B061", value=1.0)
def empty_for_long(here: Here):
    here.windows(1 << 14)
    return [here.file("y,p\n" + "1,\n" * 30_000 + "1,2\n"), *PLAIN, "--missing", "drop"]


@case("B061", value=1.0)
def null_for_long_in_jsonl(here: Here):
    return [here.file('{"y":1,"p":null}\n' * 3000 + '{"y":1,"p":2}\n', "p.jsonl"), *PLAIN, "--missing", "drop"]


text("B063", "many", "y,p\n" + "1,x\n" * 50_000 + "1,z\n" * 50_000, 3, "99999 more such cells by row 100000: 'x', 'z'",
     "row 1 (line 2)")
text("B063", "many_different", "y,p\n" + "".join(f"1,x{n}\n" for n in range(50_000)), 3, "49999 more such cells",
     "'x1', 'x2', 'x3', 'x4' …")
text("B063", "long_and_bad", "y,p\n1," + "x" * 1_000_000 + "\n", 3, "is not a number", "row 1 (line 2)")

BIG = ("9007199254740992", "9007199254740993", "18446744073709551615", "9223372036854775808")


@case("B064", value=1.5)
def big_keys(here: Here):
    here.file("id,p\n" + "".join(f"{key},{n}\n" for n, key in enumerate(BIG)))
    here.file("id,y\n" + "".join(f"{key},0\n" for key in reversed(BIG)), "t.csv")
    return ["p.csv", "--targets", "t.csv", "--on", "id", *PLAIN]


@case("B064", value=1.0)
def big_keys_with_nulls(here: Here):
    here.parquet({"id": pa.array([2**53 + 1, None, 2**53]), "p": [1.0, 5.0, 1.0]})
    here.parquet({"id": pa.array([2**53, 2**53 + 1]), "y": [0.0, 0.0]}, "t.parquet")
    return ["p.parquet", "--targets", "t.parquet", "--on", "id", "--unmatched", "drop", *PLAIN]


@case("B065", value=1.0)
def unsigned_keys(here: Here):
    here.parquet({"id": pa.array([2**64 - 1, 2**64 - 2], pa.uint64()), "p": [1.0, 2.0]})
    here.file("id,y\n18446744073709551614,3\n18446744073709551615,0\n", "t.csv")
    here.parquet({"id": pa.array(["18446744073709551614", "18446744073709551615"]), "y": [3.0, 0.0]}, "t.parquet")
    return ["p.parquet", "--targets", "t.parquet", "--on", "id", *PLAIN]


@case("B066", 5, "no key in common by id: p.csv has '007', '008', t.csv has '7', '8'", "--key-match number")
def keys_with_zeros(here: Here):
    here.file("id,p\n007,1\n008,2\n")
    here.file("id,y\n7,1\n8,2\n", "t.csv")
    return ["p.csv", "--targets", "t.csv", "--on", "id", *PLAIN]


@case("B067", 3, "'9007199254740993' cannot be held exactly by a float64", "row 2, column 'y'")
def whole_numbers_too_exact(here: Here):
    return here.parquet({"y": pa.array([1, 2**53 + 1]), "p": [1.0, 2.0]})


@case("B067", 3, "'9007199254740993' cannot be held exactly by a float64", "row 2, column 'y'")
def whole_decimals_too_exact(here: Here):
    return here.parquet({"y": pa.array([Decimal(1), Decimal(2**53 + 1)], pa.decimal128(20, 0)), "p": [1.0, 2.0]})


# A whole number is what is written with digits alone; a fraction or an exponent is rounded, as every other number is.
for _name, _word in (("", "9007199254740993"), ("_negative", "-9007199254740993"), ("_unsigned", str(2**64 - 1)),
                     ("_thirty", "123456789012345678901234567890")):
    for _other in ("1", "0.5", "1e300"):
        text("B067", f"inexact{_name}_in_csv_by_{_other}", f"y,p\n1,{_other}\n{_word},1\n", 3,
             f"'{_word}' cannot be held exactly by a float64", "row 2 (line 3), column 'y'", "with a fraction (….0)")
        text("B067", f"inexact{_name}_in_jsonl_by_{_other}", f'{{"y":1,"p":{_other}}}\n{{"y":{_word},"p":1}}\n', 3,
             f"'{_word}' cannot be held exactly by a float64", "row 2 (line 2), column 'y'", file="p.jsonl")
for _word in ("9007199254740992", "9007199254740994", "+9007199254740992", "9007199254740993.0", "9.007199254740993e15",
              "00000009007199254740992", "9223372036854775808", "1" + "0" * 22):
    text("B067", f"exact_or_rounded_{_word}", f"y,p\n0,0\n{_word},{float(_word)!r}\n", value=0.0)
    if _word[0] not in "+0":
        text("B067", f"exact_or_rounded_{_word}_in_jsonl", f'{{"y":{_word},"p":{float(_word)!r}}}\n', value=0.0,
             file="p.jsonl")
text("B067", "inexact_in_a_list", '{"y":[1,9007199254740993],"p":[1,2]}\n', 3, "9007199254740993", "row 1 (line 1)",
     "cannot be held exactly by a float64", file="p.jsonl")
text("B067", "inexact_and_left_out", "y,p\n1,2\n9007199254740993,5\n", value=1.0,
     args="-t y -p p -l mae -q --where p<3")
text("B067", "inexact_is_not_missing", "y,p\n1,2\n9007199254740993,5\n", 3, "held exactly", args="--missing drop")
for _word in ("true", "True", "TRUE"):
    text("B068", f"{_word}_is_a_number", f"y,p\n{_word},1.5\n0,.5\n", value=0.5)
text("B068", "true_is_a_number_in_jsonl", '{"y":true,"p":1.5}\n{"y":0,"p":0.5}\n', value=0.5, file="p.jsonl")
text("B068", "text_is_one_in_jsonl_too", '{"y":"true","p":1.5}\n{"y":"0","p":0.5}\n', value=0.5, file="p.jsonl")
text("B068", "text_beside_booleans_in_jsonl", '{"y":true,"p":1.5}\n{"y":"true","p":1.5}\n', 3,
     "'true' is not a number", file="p.jsonl")


@case("B067", value=0.5)
def classes_beyond_two_to_53(here: Here):
    names = ["9007199254740992", "9007199254740993"]
    columns = {"y": pa.array([2**53, 2**53 + 1]), f"p_{names[0]}": [1.0, 1.0], f"p_{names[1]}": [0.0, 0.0]}
    return [here.parquet(columns), "-t", "y", "-p", "p_*", "-l", "zero_one", "-q"]


@case("B067", shows=("9007199254740992\tmae\t1.0", "9007199254740993\tmae\t3.0"))
def slices_beyond_two_to_53(here: Here):
    columns = {"y": [0.0, 0.0], "p": [1.0, 3.0], "id": pa.array([2**53, 2**53 + 1])}
    return [here.parquet(columns), *PLAIN[:-1], "--by", "id"]


for _word in ("True", "true", "1", "TRUE", "1.0"):
    text("B068", f"{_word}_target", f"y,p\n{_word},0.5\n0,0.5\n", args="-t y -p p -l brier -q", value=0.25)
text("B068", "false_target", "y,p\nFalse,0.5\nfalse,0.5\nTrue,0.5\n", args="-t y -p p -l brier -q", value=0.25)
for _word in ("yes", "T", "Y", "on", "positive"):
    text("B068", f"{_word}_target", f"y,p\n0,0.5\n{_word},0.5\n", 3, f"'{_word}'", "row 2 (line 3), column 'y'",
         "--positive LABEL", args="-t y -p p -l brier -q")
    text("B068", f"{_word}_target_told", f"y,p\n0,0.5\n{_word},1\n", value=0.125,
         args=f"-t y -p p -l brier -q --positive {_word}")
text("B068", "no_such_positive", "y,p\nno,0.5\nyes,1\n", 3,
     "the positive class label 'Yes' does not occur in column 'y'", "'no', 'yes'",
     args="-t y -p p -l brier -q --positive Yes")


@case("B068", value=0.25)
def boolean_column(here: Here):
    return [here.parquet({"y": [True, False], "p": [0.5, 0.5]}), "-t", "y", "-p", "p", "-l", "brier", "-q"]
