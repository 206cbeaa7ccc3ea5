"""F: values that are numbers, but not ones that the loss is defined for."""

from __future__ import annotations

import numpy as np
from bad_inputs.case import Here, case, text

# A case is a few lines of a table; one argument a line would hide it.
# fmt: off

BCE, CE = "-t y -p p -l bce -q", "-t y -p p_* -l cross_entropy -q"

for _value in ("-0.01", "1.2", "-1e300", "1.00001"):
    text("B110", f"probability_{_value}", f"y,p\n1,0.5\n0,{_value}\n", 3,
         "column 'p' is not a valid prediction: expected a probability in [0, 1]",
         "row 2 (line 3), column 'p', value '", args=BCE)
for _value in ("1.000000001", "-1e-9"):
    text("B110", f"probability_{_value}_by_rounding", f"y,p\n1,0.5\n0,{_value}\n1,{_value}\n", 0,
         "warning: 'p': outside [0, 1] by at most 1e-06, clipped to the bound (2 times)",
         args="-t y -p p -l brier")
text("B111", "sum_is_off", "y,p_a,p_b\na,0.5,0.5\nb,0.5,0.75\n", 3, "sum to 1.25, not 1", "row 2 (line 3)", args=CE)
text("B111", "sum_is_nearly_right", "y,p_a,p_b\na,0.5,0.505\n", 0, "warning: ", "differs from 1",
     args=CE.replace("-q", ""))
text("B111", "sum_is_right_by_rounding", "y,p_a,p_b\na,0.5,0.5000001\n", args=CE, value=-np.log(0.5))
text("B111", "sum_is_zero", "y,p_a,p_b\na,0,0\n", 3, "sum to 0, not 1", "row 1 (line 2)", args=CE)


@case("B112", 0, "warning: bce of p, y: non-finite values", shows=('"value": null', '"nonfinite": "inf"'))
def certain_and_wrong(here: Here):
    return [here.file("y,p\n1,0\n0,0.5\n"), "-t", "y", "-p", "p", "-l", "bce", "-f", "json", "--error-format", "text"]


text("B112", "certain_and_wrong_quiet", "y,p\n1,0\n0,0.5\n", args=BCE, value=float("inf"))
text("B112", "certain_and_right", "y,p\n1,1\n0,0\n", args=BCE, value=0.0)
text("B113", "logits_as_probabilities", "y,p\n1,2.5\n0,-3\n", 3,
     "column 'p' is not a valid prediction: expected a probability in [0, 1]", "row 1 (line 2)", "'_with_logits'",
     args=BCE)
text("B113", "logits_as_class_probabilities", "y,p_a,p_b\na,2,-1\n", 3, "'_with_logits'", "column 'p_a'", args=CE)
text("B114", "label_two_in_bce", "y,p\n1,0.5\n2,0.5\n", 3, "row 2 (line 3), column 'y'", "value '2'", args=BCE)
text("B114", "hinge_of_zero_and_one", "y,p\n1,0.5\n0,0.5\n", 3, "-1 or 1", "row 2 (line 3), column 'y', value '0'",
     "--positive LABEL", args="-t y -p p -l hinge")
text("B114", "hinge_of_zero_and_one_told", "y,p\n1,0.5\n0,0.5\n", args="-t y -p p -l hinge -q --positive 1", value=1.0)
text("B114", "unseen_class", "y,p_a,p_b\na,0.5,0.5\nc,0.5,0.5\n", 3, "class 'c' of 'y' is not among the classes a, b",
     "row 2 (line 3), column 'y', value 'c'", args=CE)
text("B114", "class_in_other_case", "y,p_a,p_b\na,0.5,0.5\nB,0.5,0.5\n", 3, "class 'B' of 'y' is not among", args=CE)
text("B114", "class_with_zeros", "y,p_7,p_8\n7,0.5,0.5\n007,0.5,0.5\n", 3, "class '007' of 'y' is not among", args=CE)
text("B114", "fraction_as_class", "y,p_0,p_1\n0,0.5,0.5\n0.5,0.5,0.5\n", 3, "class '0.5' of 'y' is not among", args=CE)
text("B114", "class_missing", "y,p_a,p_b\na,0.5,0.5\n,0.5,0.5\n", 3, "column 'y' has no value", "row 2 (line 3)",
     args=CE)
text("B115", "one_label", "y,p\n1,0.5\n1,0.5\n", args=BCE, value=-np.log(0.5))
text("B115", "float_labels", "y,p\n1.0,0.5\n0.0,0.5\n", args=BCE, value=-np.log(0.5))
text("B115", "float_classes", "y,p_0,p_1\n1.0,0.5,0.5\n0.0,0.5,0.5\n", args=CE, value=-np.log(0.5))
text("B115", "soft_labels", "y,p\n0.5,0.5\n", args=BCE, value=-np.log(0.5))
text("B116", "negative_count", "y,p\n1,0.5\n-1,0.5\n", 3,
     "column 'y' is not a valid target: expected a number of at least 0", "row 2 (line 3)",
     args="-t y -p p -l poisson_nll")
text("B116", "rate_of_zero", "y,p\n1,0.5\n1,0\n", args="-t y -p p -l poisson_nll -q", value=float("inf"))
text("B116", "rate_below_zero", "y,p\n1,0.5\n1,-1\n", 3, "row 2 (line 3), column 'p', value '-1",
     args="-t y -p p -l poisson_nll")
text("B116", "log_of_minus_one", "y,p\n1,0.5\n-1,0.5\n", 3, "a number above -1",
     "row 2 (line 3), column 'y', value '-1'",
     args="-t y -p p -l msle")
text("B117", "share_of_zero", "y,p\n1,0.5\n0,0.5\n", 3, "a number other than 0",
     "row 2 (line 3), column 'y', value '0'",
     "--where 'TARGET != 0'", args="-t y -p p -l mape")
text("B117", "share_of_zero_left_out", "y,p\n1,0.5\n0,0.5\n", args="-t y -p p -l mape -q --where y!=0", value=0.5)
for _spec in ("pinball:q=1.5", "pinball:q=-0.1", "pinball:q=nan", "huber:delta=0", "huber:delta=-1",
              "huber:delta=inf", "huber:delta=1e999", "huber:delta=", "huber:delta", "huber:delta=1,delta=2", "huber:",
              "expectile:q=2", "focal:gamma=-1", "huber:delta=0x1", "nt_xent:temperature=0", "",
              ":", "=",
              "mse@", "0.5*", "a=", "a=b", "a=0.5*mse+", "mse,mae", "mse mae", "\x1b[31m", "[red]", "x" * 5000,
              "a=" + "+".join(["0.1*mse"] * 3000) + "+0*nothing", "1e400*mse", "nan*mse", "a=nan*mse"):

    def _parameter(here: Here, spec: str = _spec):
        return [here.file("y,p\n1,2\n"), "-t", "y", "-p", "p", "-l", spec]

    _parameter.__name__ = f"spec_{_spec[:20]!r}"
    case("B118", 2)(_parameter)
text("B118", "quantile_of_0", "y,p\n1,2\n", args="-t y -p p -l pinball:q=0 -q", value=1.0)
text("B118", "quantile_of_1", "y,p\n1,2\n", args="-t y -p p -l pinball:q=1 -q", value=0.0)
text("B118", "number_with_a_low_line", "y,p\n1,2\n", 2, args="-t y -p p -l huber:delta=1_0")
text("B118", "negative_factor", "y,p\n1,2\n", args="-t y -p p -l a=-1*mse -q", value=-1.0)


@case("B119", 0, "mse: the value is beyond the largest double", shows=('"nonfinite": "inf"',))
def squares_overflow(here: Here):
    return [here.file("y,p\n0,1e300\n"), "-t", "y", "-p", "p", "-l", "mse", "-f", "json", "--error-format", "text"]


text("B119", "differences_overflow", "y,p\n-1e308,1e308\n", args="-t y -p p -l mae -q", value=float("inf"))
text("B119", "sum_that_only_looks_too_large", "y,p\n0,1e308\n0,1e308\n0,1e308\n", args="-t y -p p -l mae -q",
     value=1e308)
text("B119", "root_of_large_squares", "y,p\n0,1e200\n", args="-t y -p p -l rmse -q", value=1e200)
text("B120", "all_equal", "y,p\n0.1,0.1\n1e300,1e300\n-3,-3\n", args="-t y -p p -l rmse -q", value=0.0)
for _loss in ("mse", "mae", "huber", "log_cosh", "pinball", "smape", "mape"):
    text("B120", f"all_equal_{_loss}", "y,p\n0.1,0.1\n7,7\n", args=f"-t y -p p -l {_loss} -q", value=0.0)
text("B121", "vectors_of_two_lengths", '{"a":[1,0],"b":[1,0]}\n{"a":[1,0,0],"b":[1,0]}\n', 3,
     "the list in column 'a' has 3 elements where 2 are expected", "row 2 (line 2)",
     args="-p a -t b -l cosine_distance", file="p.jsonl")
text("B121", "sides_of_two_widths", '{"a":[1,0,0],"b":[1,0]}\n', 3, "'pred' has 3 numbers per row, 'target' has 2",
     args="-p a -t b -l cosine_distance",
     file="p.jsonl")
text("B121", "zero_vector", '{"a":[0,0],"b":[1,0]}\n', args="-p a -t b -l cosine_distance -q", value=1.0,
     file="p.jsonl")
text("B121", "two_and_three_columns", "a1,a2,b1,b2,b3\n1,2,3,4,5\n", 3, "do not match", args="-p a* -t b* -l mse")
text("B121", "one_and_two_columns", "y,a1,a2\n1,2,3\n", 3, "do not match", args="-t y -p a1,a2 -l mse")


@case("B114", value=np.log(10_000))
def ten_thousand_classes(here: Here):
    count = 10_000
    columns = ",".join(["y", *(f"p_{n}" for n in range(count))])
    rows = "".join(f"{n},{','.join(['1e-4'] * count)}\n" for n in (0, 9_999))
    return [here.file(f"{columns}\n{rows}"), *CE.split()]


@case("B114", 3, "class 'z' of 'y' is not among the classes 0, 1, 2", "…")
def ten_thousand_classes_and_another(here: Here):
    count = 10_000
    columns = ",".join(["y", *(f"p_{n}" for n in range(count))])
    return [here.file(f"{columns}\nz,{','.join(['1e-4'] * count)}\n"), *CE.split()]


# Rows that the filter leaves out are not judged, whatever stands in them.
OUT = "-q --where ok==1"
for _name, _rows, _args, _value in (
    ("missing", "1,2,1\n3,,0\n", "-t y -p p -l mae", 1.0),
    ("nan", "1,2,1\n3,nan,0\n", "-t y -p p -l mae", 1.0),
    ("infinite", "1,2,1\n3,inf,0\n", "-t y -p p -l mae", 1.0),
    ("out_of_range", "1,0.5,1\n0,7,0\n", "-t y -p p -l brier", 0.25),
    ("other_label", "1,0.5,1\n5,0.5,0\n", "-t y -p p -l brier", 0.25),
    ("share_of_zero", "1,0.5,1\n0,0.5,0\n", "-t y -p p -l mape", 0.5),
):
    text("B110", f"left_out_{_name}", f"y,p,ok\n{_rows}", args=f"{_args} {OUT}", value=_value)
text("B110", "left_out_negative_weight", "y,p,ok,w\n1,2,1,1\n3,9,0,-1\n", args=f"-t y -p p -l mae -w w {OUT}",
     value=1.0)
text("B110", "left_out_sum", "y,p_a,p_b,ok\na,0.5,0.5,1\na,0,0,0\n", args=f"{CE} --where ok==1", value=-np.log(0.5))
text("B110", "left_out_class_missing", "y,p_a,p_b,ok\na,0.5,0.5,1\n,0.5,0.5,0\n", args=f"{CE} --where ok==1",
     value=-np.log(0.5))
for _name, _content, _args, _value in (
    ("no_number", "y,p,ok\n1,2,1\n3,x,0\n", "-t y -p p -l mae", 1.0),
    ("overflow", "y,p,ok\n1,2,1\n3,1e309,0\n", "-t y -p p -l mae", 1.0),
    ("unseen_class", "y,p_a,p_b,ok\na,0.5,0.5,1\nc,0.5,0.5,0\n", "-t y -p p_* -l cross_entropy", -np.log(0.5)),
    ("word_as_label", "y,p,ok\n1,0.5,1\nmaybe,0.5,0\n", "-t y -p p -l brier", 0.25),
    ("weight_no_number", "y,p,ok,w\n1,2,1,1\n3,9,0,x\n", "-t y -p p -l mae -w w", 1.0),
):
    text("B110", f"left_out_{_name}", _content, args=f"{_args} {OUT}", value=_value)


@case("B110", value=-np.log(0.5))
def left_out_ragged_list(here: Here):
    return [here.parquet({"y": [0, 0], "p": [[0.5, 0.5], [1.0]], "ok": [1, 0]}), "-t", "y", "-p", "p", "-l",
         "cross_entropy",
            *OUT.split()]


@case("B110", value=1.0)
def left_out_inexact(here: Here):
    return [here.parquet({"y": [0, 2**53 + 1], "p": [1.0, 1.0], "ok": [1, 0]}), "-t", "y", "-p", "p", "-l", "mae",
         *OUT.split()]


# What the filter keeps is judged as without one.
text("B110", "kept_no_number", "y,p,ok\n1,2,1\n3,x,1\n4,z,0\n", 3, "'x' is not a number", "row 2 (line 3), column 'p'",
     args=f"-t y -p p -l mae {OUT}")
text("B110", "kept_no_number_in_where", "y,p,ok\n1,2,1\n3,3,x\n", 3, "'x' is not a number",
     "row 2 (line 3), column 'ok'",
     args=f"-t y -p p -l mae {OUT}")
text("B110", "left_out_in_jsonl", '{"y":1,"p":2,"ok":1}\n{"y":3,"p":"x","ok":0}\n{"y":3,"p":true,"ok":0}\n', value=1.0,
     args=f"-t y -p p -l mae {OUT}", file="p.jsonl")
text("B110", "kept_text_in_jsonl", '{"y":1,"p":2,"ok":1}\n{"y":3,"p":"3","ok":1}\n', 3, "is not a number",
     "row 2 (line 2), column 'p'", args=f"-t y -p p -l mae {OUT}", file="p.jsonl")
text("B110", "kept_overflow_in_jsonl", '{"y":1,"p":2,"ok":1}\n{"y":3,"p":1e999,"ok":1}\n', 3, "column 'p' is infinite",
     "row 2 (line 2), column 'p'", args=f"-t y -p p -l mae {OUT}", file="p.jsonl")
text("B110", "left_out_decimal_point", "y;p;ok\n1,5;2,5;1\n3;2.5;0\n", value=1.0,
     args=f"--delimiter ; --decimal , -t y -p p -l mae {OUT}")
text("B110", "kept_decimal_point", "y;p;ok\n1,5;2,5;1\n3;2.5;1\n", 3, "2.5", "is not a number", "row 2 (line 3)",
     args=f"--delimiter ; --decimal , -t y -p p -l mae {OUT}")
text("B110", "left_out_missing_and_no_number", "y,p,ok\n1,2,1\n1,,1\n3,x,0\n", value=1.0,
     args=f"-t y -p p -l mae {OUT} --missing drop")


@case("B110", value=1.0)
def left_out_in_the_truth(here: Here):
    here.windows(16)
    here.file("id,y,ok\n" + "".join(f"{n},{'x' if n == 20 else 1},{int(n != 20)}\n" for n in range(40)), "t.csv")
    here.file("id,p\n" + "".join(f"{n},2\n" for n in range(40)))
    return ["p.csv", "--targets", "t.csv", "--on", "id", "-t", "y", "-p", "p", "-l", "mae", *OUT.split()]
text("B110", "kept_overflow", "y,p,ok\n1,2,1\n3,1e309,1\n", 3, "row 2 (line 3), column 'p'",
     args=f"-t y -p p -l mae {OUT}")
