"""H: gates that are none, baselines that are broken, missing or about something else, numbers that are none."""

from __future__ import annotations

import json
import math
from typing import Any

from bad_inputs.case import Here, case

from losscli import evaluate

SCORED = ("-t", "y", "-p", "p", "-l", "mae", "-q")
FAILS, ERRS = "gate: FAIL mae<=", "gate: ERROR mae<="


def scored(here: Here, *more: str, y: str = "1", p: str = "1.5") -> list[str]:
    """One row whose mae is 0.5, if nothing else is said."""
    return [here.file(f"y,p\n{y},{p}\n"), *SCORED, *more]


def held(here: Here, gate: str, *more: str, value: float | None = 0.5, y: str = "1", p: str = "1.5", **fields: Any):
    """The same against a saved report; `value` is what that says, None leaves the number out of it."""
    here.file(f"y,p\n{y},{p}\n")
    document = json.loads(evaluate("p.csv", ["mae"], target="y", pred="p").to_json())
    result = document["results"][0]
    if value is None:
        document["results"] = []
    else:
        finite = math.isfinite(value)
        result |= {"value": value if finite else None, "nonfinite": None if finite else repr(value), **fields}
    here.file(json.dumps(document), "b.json")
    return ["p.csv", *SCORED, "--baseline", "b.json", "--gate", gate, *more]


for _gate, _says in (
    ("rmse<=1", "'rmse' is not computed here"), ("mea<=1", "did you mean 'mae'?"),
    ("mae>=1", "lower is better for mae"),
    ("mae", "it has none of <= < >= >"), ("mae<=", "expected a limit after"),
    ("mae<=1%", "is a percentage without a reference"),
    ("mae<=1e999", "too large"), ("mae<=nan", "'nan' is neither a number nor a model of this run"),
    ("mae<=1 by", "expected a column after 'by'"),
    ("other/mae<=1", "unknown model 'other'"), ("mae<=baseline", "there is no baseline to compare with"),
    ("mae<=1 significant", "needs a baseline or a model"), ("\x1b[31m<=1", "is not computed here"),
    ("mae<=" + "x" * 5000, "longer than"),
    ("mae<=baseline+1e-999999999%", "does not end in a tolerance"), ("", "it has none of <= < >= >"),
):  # fmt: skip

    def _malformed(here: Here, gate: str = _gate):
        return scored(here, "--gate", gate)

    _malformed.__name__ = f"gate_{_gate[:20]!r}"
    case("B124", 2, _says)(_malformed)


@case("B124", 3, "no column 'nothing'")
def gate_by_a_column_that_is_not_there(here: Here):
    return scored(here, "--gate", "mae<=1 by nothing")


@case("B132", 1, FAILS + "1e308: mae = inf, which never passes a gate")
def current_is_infinite(here: Here):
    return scored(here, "--gate", "mae<=1e308", y="-1e308", p="1e308")


@case("B132", 1, FAILS + "baseline+100%", "the baseline has nan: a non-finite value never passes a gate")
def baseline_is_nan(here: Here):
    return held(here, "mae<=baseline+100%", value=math.nan)


@case("B132", 1, FAILS, "mae = inf, and the baseline has inf")
def both_are_infinite(here: Here):
    return held(here, "mae<=baseline+100%", y="-1e308", p="1e308", value=math.inf)


@case("B132", 1, "gate: FAIL wape<=1: wmape = nan, which never passes a gate")
def current_is_nan(here: Here):
    return [here.file("y,p\n0,0\n"), "-t", "y", "-p", "p", "-l", "wape", "-q", "--gate", "wape<=1"]


@case("B133", 1, "worse by 0.5 > tolerance 1% = 0, as the baseline is 0")
def share_of_a_baseline_of_zero(here: Here):
    return held(here, "mae<=baseline+1%", value=0.0)


@case("B134", 1, "baseline -2.0: worse by 1.0 > tolerance 0")
def baseline_below_zero(here: Here):
    here.file("y,p\n1,2\n")
    document = json.loads(evaluate("p.csv", ["x=mse+-2*mae"], target="y", pred="p").to_json())
    document["results"][0]["value"] = -2.0
    here.file(json.dumps(document), "b.json")
    return ["p.csv", "-t", "y", "-p", "p", "-l", "x=mse+-2*mae", "-q", "--baseline", "b.json", "--gate", "x<=baseline"]


@case("B135", value=0.5)
def equal_to_the_limit(here: Here):
    return scored(here, "--gate", "mae<=0.5")


@case("B135", 1, "mae = 0.5, and '<' does not pass the limit")
def equal_to_the_limit_that_is_to_be_beaten(here: Here):
    return scored(here, "--gate", "mae<0.5")


@case("B136", 1, "mae = 0.5 > 0.49999999999999994 (over by 5.551115123125783e-17)")
def last_digit(here: Here):
    return scored(here, "--gate", "mae<=0.49999999999999994")


@case("B136", 1, "mae = 0.5, baseline 0.49999999999999994: worse by 5.551115123125783e-17 > tolerance 0")
def last_digit_of_the_baseline(here: Here):
    return held(here, "mae<=baseline", value=0.49999999999999994)


@case("B137", 4, "there is no baseline", "in: none.json", "create writes it after this run, skip")
def baseline_missing(here: Here):
    return scored(here, "--baseline", "none.json", "--gate", "mae<=baseline")


@case("B137", 4, "there is no baseline")
def baseline_missing_is_found_before_a_row_is_read(here: Here):
    return scored(here, "--baseline", "none.json", y="no number")


@case("B137", 0, "gate: skip mae<=baseline", value=0.5)
def baseline_missing_and_skipped(here: Here):
    return scored(here, "--baseline", "none.json", "--baseline-missing", "skip", "--gate", "mae<=baseline")


@case("B137", 0, "gate: skip mae<=baseline", value=0.5)
def baseline_missing_and_created(here: Here):
    return scored(here, "--baseline", "none.json", "--baseline-missing", "create", "--gate", "mae<=baseline")


@case("B137", 4, ERRS + "baseline", "the baseline has no number for gate")
def gate_new_in_the_baseline(here: Here):
    return held(here, "mae<=baseline", value=None)


@case("B137", 0, "gate: skip mae<=baseline", value=0.5)
def gate_new_in_the_baseline_and_skipped(here: Here):
    return held(here, "mae<=baseline", "--baseline-missing", "skip", value=None)


@case("B137", 0, "note: this run has no p/rmse, which the baseline has")
def extra_in_the_baseline(here: Here):
    return [arg for arg in held(here, "mae<=1", spec="rmse") if arg != "-q"]


@case("B138", 3, ERRS + "baseline: not comparable: mae is computed as mae|", "here and as other",
      "--allow-incomparable")  # fmt: skip
def baseline_of_another_signature(here: Here):
    return held(here, "mae<=baseline", signature="other")


@case("B138", 3, "not comparable with the baseline: the targets differ (sha256 ")
def baseline_of_other_targets(here: Here):
    args = held(here, "mae<=baseline")
    here.file("y,p\n2,2.5\n")
    return args


@case("B138", 3, "not comparable with the baseline: 2 rows are used here, 1 in the baseline")
def baseline_of_other_rows_without_a_gate(here: Here):
    args = held(here, "mae<=baseline")
    here.file("y,p\n1,1.5\n1,1.5\n")
    return args[:-2]


@case("B138", 0, value=0.5)
def baseline_of_another_signature_allowed(here: Here):
    return held(here, "mae<=baseline", "--allow-incomparable", signature="other")


for _name, _content, _says in (
    ("cut_off", '{"schema": "losscli.report/1", "resu', "not a JSON report"),
    ("empty", "", "not a JSON report"),
    ("with_nan", '{"schema": "losscli.report/1", "x": NaN}', "'NaN' is not valid JSON"),
    ("with_a_key_twice", '{"schema": "losscli.report/1", "schema": 1}', "occurs twice"),
    ("of_another_schema", '{"schema": "losscli.report/9\\u001b[31m"}', "its schema is"),
    ("that_is_csv", "y,p\n1,2\n", "not a JSON report"),
    ("that_is_deep", "[" * 100_000, "not a JSON report"),
    ("that_is_binary", b"PAR1\xff\xfe\x00", "not a JSON report"),
    ("without_results", '{"schema": "losscli.report/1"}', "has no 'rows'"),
):

    def _broken(here: Here, content: str | bytes = _content):
        return scored(here, "--baseline", here.file(content, "b.json"), "--gate", "mae<=baseline")

    _broken.__name__ = f"baseline_{_name}"
    case("B139", 3, _says, "in: b.json")(_broken)


@case("B139", 3, "larger than 256 MB", "in: b.json")
def baseline_of_a_gigabyte(here: Here):
    with (here.path / "b.json").open("wb") as file:
        file.truncate(1 << 30)  # a hole: nothing is written
    return scored(here, "--baseline", "b.json")


@case("B139", 4, "in: folder")
def baseline_is_a_folder(here: Here):
    (here.path / "folder").mkdir()
    return scored(here, "--baseline", "folder")


@case("B140", 3, FAILS + "0.1", FAILS + "0.2", ERRS + "baseline: not comparable", "not comparable with the baseline: ")
def two_gates_fail_and_one_errs(here: Here):
    return held(here, "mae<=0.1", "--gate", "mae<=baseline", "--gate", "mae<=0.2", signature="other")


@case("B140", 4, FAILS + "0.1", ERRS + "baseline", "the baseline has no number")
def a_gate_fails_and_one_is_not_in_the_baseline(here: Here):
    return held(here, "mae<=0.1", "--gate", "mae<=baseline", value=None)


@case("B141", 3, "is not a number")
def exit_zero_with_a_data_error(here: Here):
    return scored(here, "--exit-zero", "--gate", "mae<=0.1", y="x")


@case("B141", 3, FAILS + "0.1", "not comparable")
def exit_zero_with_a_gate_that_errs(here: Here):
    return held(here, "mae<=0.1", "--exit-zero", signature="other")


@case("B141", 0, FAILS + "0.1", value=0.5)
def exit_zero_with_a_gate_that_fails(here: Here):
    return scored(here, "--exit-zero", "--gate", "mae<=0.1")


@case("B147", 2, "would overwrite the baseline")
def report_written_over_the_baseline(here: Here):
    return held(here, "mae<=baseline", "-o", "./b.json")


@case("B147", 2, "would overwrite the baseline")
def report_written_over_the_baseline_through_a_link(here: Here):
    args = held(here, "mae<=baseline", "-o", "link.json")
    (here.path / "link.json").symlink_to("b.json")
    return args


@case("B147", 2, "'p.csv' is both an input and the baseline")
def baseline_is_the_input(here: Here):
    return scored(here, "--baseline", "p.csv")


@case("B147", 2, "'p.csv' is an input")
def report_written_over_the_input(here: Here):
    return scored(here, "-o", "json=p.csv")
