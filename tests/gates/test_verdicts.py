"""Gates: what is one, which numbers it is about, and verdicts that are exact arithmetic and never pass in doubt."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from losscli.binding.spec import parse
from losscli.errors import UsageError
from losscli.gates import verdicts
from losscli.gates.verdicts import (
    BASELINE,
    BoundGate,
    ModelLoss,
    Tolerance,
    bind,
    compared_pairs,
    evaluate_gates,
    parse_gate,
    relative_margins,
    slice_columns,
)
from losscli.results import (
    BaselineResult,
    BaselineSource,
    ComparisonResult,
    Evaluation,
    GateResult,
    LossResult,
    RowCounts,
)


def canonical(text: str) -> str:
    return parse(text).text


def model_loss(model="m", spec="rmse", loss=None, direction="lower"):
    return ModelLoss(model, spec, loss or spec.partition(":")[0], direction)


def result(value, model="m", spec="rmse", by=None, direction="lower", baseline=None):
    beside = None if baseline is None else BaselineResult(baseline, 0.0, None, "same")
    return LossResult(model, by or {}, spec, spec, {}, "mean", value, 3, 3.0, {}, direction, 1, "s", baseline=beside)


def run_of(*results, baseline=True, comparisons=(), incomparable=()):
    source = BaselineSource("b.json", (), tuple(incomparable)) if baseline else None
    return Evaluation((), RowCounts(3, 3, 0), results, {}, comparisons=tuple(comparisons), baseline=source)


def bound_to(text, *results, by=()):
    lines = list(dict.fromkeys(ModelLoss(r.model, r.spec, r.loss, r.direction) for r in results))
    return bind([parse_gate(text)], lines, by, canonical)


def verdict(text, *results, by=(), without_baseline="error", only_in_baseline=(), **more) -> GateResult:
    (one,) = evaluate_gates(
        run_of(*results, **more),
        bound_to(text, *results, by=by),
        without_baseline=without_baseline,
        only_in_baseline=only_in_baseline,
    ).gates
    return one


# ------------------------------------------------------------------------------------------------------- grammar


@pytest.mark.parametrize(
    ("text", "subject", "op", "limit", "reference", "sign", "tolerance", "test", "by"),
    [
        ("rmse<=1.1", "rmse", "<=", 1.1, None, "", Tolerance(), "", ()),
        ("bce < .4 by country", "bce", "<", 0.4, None, "", Tolerance(), "", ("country",)),
        ("huber:delta=2<=3", "huber:delta=2", "<=", 3.0, None, "", Tolerance(), "", ()),
        ("r2>=-1e-3", "r2", ">=", -0.001, None, "", Tolerance(), "", ()),
        ("rmse<=baseline", "rmse", "<=", None, BASELINE, "", Tolerance(), "", ()),
        ("rmse<=baseline+1%", "rmse", "<=", None, BASELINE, "+", Tolerance("1%", 0, Fraction(1, 100)), "", ()),
        ("rmse <= baseline + 0.01", "rmse", "<=", None, BASELINE, "+", Tolerance("0.01", Fraction(0.01)), "", ()),
        ("r2>=old-0.5%", "r2", ">=", None, "old", "-", Tolerance("0.5%", 0, Fraction(1, 200)), "", ()),
        ("ridge/rmse<=baseline+max(1%,0.01)", "ridge/rmse", "<=", None, BASELINE, "+",
         Tolerance("max(1%,0.01)", Fraction(0.01), Fraction(1, 100)), "", ()),
        ("rmse<=old+max( 2 , 3 % )", "rmse", "<=", None, "old", "+",
         Tolerance("max( 2 , 3 % )", Fraction(2), Fraction(3, 100)), "", ()),
        ("new/rmse<=old significant", "new/rmse", "<=", None, "old", "", Tolerance(), "significant", ()),
        ("rmse<=baseline+1% significant by a,b", "rmse", "<=", None, BASELINE, "+",
         Tolerance("1%", 0, Fraction(1, 100)), "significant", ("a", "b")),
        ("rmse<=baseline+1% shown by a", "rmse", "<=", None, BASELINE, "+",
         Tolerance("1%", 0, Fraction(1, 100)), "shown", ("a",)),
        ("rmse<old shown", "rmse", "<", None, "old", "", Tolerance(), "shown", ()),
        (r"rmse<=1 by a\,b , c by d", "rmse", "<=", 1.0, None, "", Tolerance(), "", ("a,b", "c by d")),
        ("rmse<=model-2+1e-3", "rmse", "<=", None, "model-2", "+", Tolerance("1e-3", Fraction(1e-3)), "", ()),
    ],
)  # fmt: skip
def test_what_is_a_gate(text, subject, op, limit, reference, sign, tolerance, test, by):
    gate = parse_gate(f"  {text} ")
    assert (gate.text, gate.subject, gate.op, gate.limit) == (text, subject, op, limit)
    assert (gate.reference, gate.sign, gate.tolerance) == (reference, sign, tolerance)
    assert (gate.test, gate.by) == (test, by)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "none of <= < >= >"),
        ("rmse", "none of <= < >= >"),
        ("rmse=1", "none of <= < >= >"),
        ("<=1", "expected a loss before '<='"),
        ("rmse<=", "expected a limit after '<='"),
        ("rmse<= significant", "expected a limit after"),
        ("rmse<=1 by", "expected a column after 'by'"),
        ("rmse<=1 by a,", "contains an empty column name"),
        ("rmse<=1 by a,a", "names a column twice"),
        ("rmse<=baseline by a significant", "'significant' must come before 'by'"),
        ("rmse<=baseline by a shown", "'shown' must come before 'by'"),
        ("rmse<=baseline significant by a if-enough", "'if-enough' must come before 'by'"),
        ("rmse<=1 shown", "'shown' needs a baseline or a model to compare with, but 1 is a number"),
        ("rmse<= shown", "expected a limit after"),
        ("rmse<=baseline shown if-enough", "'if-enough' cannot be used with it"),
        ("rmse<=1 significant", "'significant' needs a baseline or a model to compare with, but 1 is a number"),
        ("rmse<baseline significant", "it could demand an improvement"),
        ("rmse<=1%", "'1%' is a percentage without a reference"),
        ("rmse<=baseline+", "does not end in a tolerance"),
        ("rmse<=baseline+1%%", "does not end in a tolerance"),
        ("rmse<=baseline+max(1%)", "does not end in a tolerance"),
        ("rmse<=baseline+1e-9999999", "does not end in a tolerance"),
        ("rmse<=baseline+max(1%,2%)", "has two amounts of the same kind"),
        ("rmse<=old+nan%", "does not end in a tolerance"),
        ("rmse<=+1e", "is neither a number nor a model"),
        ("rmse<=1e999", "'1e999' is too large"),
        ("rmse<=baseline+1e999%", "'1e999' is too large"),
        ("rmse<=" + "1" * 2000, "longer than 1000 characters"),
    ],
)
def test_what_is_none_says_which_piece(text, says):
    with pytest.raises(UsageError, match=re.escape(says)):
        bind([parse_gate(text)], [model_loss()], (), canonical)


def test_an_error_says_where_a_file_has_the_gate():
    with pytest.raises(UsageError) as caught:
        parse_gate("rmse", "losscli.toml", 7)
    assert (caught.value.path, caught.value.line) == ("losscli.toml", 7)
    with pytest.raises(UsageError) as caught:
        bind([parse_gate("mae<=1", "losscli.toml", 7)], [model_loss()], (), canonical)
    assert (caught.value.path, caught.value.line) == ("losscli.toml", 7)


# --------------------------------------------------------------------------------------------- whom a gate is about

RUN = [
    model_loss("old", "rmse"), model_loss("new", "rmse"), model_loss("a/b", "rmse"), model_loss("new", "huber:delta=2"),
    model_loss("old", "huber:delta=2"), model_loss("new", "pinball:q=0.1"), model_loss("new", "pinball:q=0.9"),
    model_loss("new", "ndcg", direction="higher"), model_loss("old", "ndcg", direction="higher"),
    model_loss("new", "total=0.7*mse+0.3*mae", "total"), model_loss(None, "l2_penalty"),
]  # fmt: skip


def names(text):
    return [one.model_loss.name for one in bind([parse_gate(text)], RUN, ("c",), canonical)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rmse<=1", ["old/rmse", "new/rmse", "a/b/rmse"]),
        ("a/b/rmse<=1", ["a/b/rmse"]),
        ("new / rmse<=1", ["new/rmse"]),
        ("huber<=1", ["new/huber:delta=2", "old/huber:delta=2"]),
        ("huber:delta=2.0<=1", ["new/huber:delta=2", "old/huber:delta=2"]),
        ("new/pinball:q=0.9<=1", ["new/pinball:q=0.9"]),
        ("total<=1", ["new/total=0.7*mse+0.3*mae"]),
        ("rmse<=old", ["new/rmse", "a/b/rmse"]),
        ("l2_penalty<=1", ["l2_penalty"]),
        ("ndcg>=0.5", ["new/ndcg", "old/ndcg"]),
    ],
)
def test_whom_a_gate_is_about(text, expected):
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("mae<=1", "'mae' is not computed here", "computed: rmse, huber:delta=2"),
        ("rmsee<=1", "'rmsee' is not computed here", "did you mean 'rmse'?"),
        ("huber:delta=3<=1", "'huber:delta=3' is not computed", "did you mean 'huber:delta=2'?"),
        ("pinball<=1", "'pinball' could be any of pinball:q=0.1, pinball:q=0.9", "with its parameters"),
        ("newer/rmse<=1", "unknown model 'newer'", "did you mean 'new'?"),
        ("old/total<=1", "'total' is not computed", "computed: rmse"),
        ("rmse<=oldd", "'oldd' is neither a number nor a model of this run", "did you mean 'old'?"),
        ("total<=old", "'old' has no total=0.7*mse+0.3*mae", None),
        ("old/rmse<=old", "it compares 'old' with itself", "another model"),
        ("rmse>=1", "lower is better for rmse, so with '>=' the worse model would pass", "write rmse<=1"),
        ("ndcg<0.9", "higher is better for ndcg, so with '<' the worse", "write ndcg>=0.9"),
        ("rmse<=old-1%", "a tolerance allows a worse value, but '-1%' demands a better one", "write rmse<=old+1%"),
        ("ndcg>=old+1%", "a tolerance allows a worse value, but '+1%' demands a better one", "write ndcg>=old-1%"),
        ("rmse<=1 by d", "there are no slices by d", "--by"),
    ],
)
def test_what_is_about_nothing_says_what_there_is(text, says, hint):
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        names(text)
    assert caught.value.message.startswith(f"gate '{text}': ")
    assert hint is None or hint in (caught.value.hint or "")


def test_a_model_that_is_called_like_a_tolerance_is_a_model():
    run = [model_loss("old"), model_loss("old+1"), model_loss("new")]
    (about_old, about_new) = bind([parse_gate("rmse<=old+1")], run, (), canonical)
    assert (about_old.reference, about_old.tolerance, about_new.reference) == ("old+1", Tolerance(), "old+1")


def test_a_model_that_is_called_baseline_is_ambiguous():
    with pytest.raises(UsageError, match="a model of this run has the same name"):
        bind([parse_gate("rmse<=baseline")], [model_loss("baseline"), model_loss("new")], (), canonical)


def test_specs_are_read_only_where_their_text_does_not_decide():
    def never(text):
        raise AssertionError(text)

    assert bind([parse_gate("rmse<=1"), parse_gate("new/huber<=2")], RUN, (), never)


def test_gates_make_the_slices_where_the_run_has_none():
    gates = [parse_gate("rmse<=1"), parse_gate("rmse<=2 by a,b"), parse_gate("rmse<=3 by b,a")]
    assert slice_columns(gates, ()) == ("a", "b")
    assert slice_columns(gates, ("b", "a")) == ("b", "a")
    assert slice_columns([parse_gate("rmse<=1")], ()) == ()
    with pytest.raises(UsageError, match="slices by a; the run has slices by b"):
        slice_columns([parse_gate("rmse<=1 by a")], ("b",))
    with pytest.raises(UsageError, match="slices by c; the run has slices by a, b"):
        slice_columns([*gates, parse_gate("rmse<=3 by c")], ())


def test_the_pairs_that_significance_needs():
    gates = [parse_gate(text) for text in ("rmse<=old significant", "rmse<=baseline significant", "rmse<=new",
                                           "huber<=old significant")]  # fmt: skip
    bound = bind(gates, [s for s in RUN if s.model in ("old", "new")], (), canonical)
    assert compared_pairs(bound) == (("new", "old"), ("old", BASELINE), ("new", BASELINE))


# ------------------------------------------------------------------------------------------------------- verdicts


def test_a_value_that_is_printed_like_the_limit_is_within_it():
    assert verdict("rmse<=1.1", result(1.1)).state == "passed"
    assert verdict("rmse<1.1", result(1.1)).state == "failed"
    assert verdict("rmse<=1.1", result(1.1)).reason == "rmse = 1.1"


def test_the_reason_has_the_digits_that_decided():
    failed = verdict("rmse<=1.1", result(math.nextafter(1.1, 2)))
    assert failed.state == "failed"
    assert failed.reason == "rmse = 1.1000000000000003 > 1.1 (over by 2.220446049250313e-16)"
    assert (failed.value, failed.limit) == (1.1000000000000003, 1.1)
    high = verdict("rmse>=0.5", result(0.25, direction="higher"))
    assert high.reason == "rmse = 0.25 < 0.5 (under by 0.25)"
    assert verdict("rmse<1", result(1.0)).reason == "rmse = 1.0, and '<' does not pass the limit"


@pytest.mark.parametrize(
    ("text", "value", "baseline", "state", "reason"),
    [
        ("rmse<=baseline", 1.0, 1.0, "passed", "rmse = 1.0, baseline 1.0: the same, tolerance 0"),
        ("rmse<baseline", 1.0, 1.0, "failed",
         "rmse = 1.0, baseline 1.0: the same, which '<' does not pass; tolerance 0"),
        ("rmse<baseline", 0.5, 1.0, "passed", "rmse = 0.5, baseline 1.0: better by 0.5, tolerance 0"),
        ("rmse<=baseline", 1.5, 1.0, "failed", "rmse = 1.5, baseline 1.0: worse by 0.5 > tolerance 0"),
        ("rmse<=baseline+25%", 2.5, 2.0, "passed", "rmse = 2.5, baseline 2.0: worse by 0.5, tolerance 25% = 0.5"),
        ("rmse<=baseline+0.5", 2.5, 2.0, "passed", "rmse = 2.5, baseline 2.0: worse by 0.5, tolerance 0.5"),
        ("rmse<baseline+25%", 2.5, 2.0, "failed",
         "rmse = 2.5, baseline 2.0: worse by 0.5, which '<' does not pass; tolerance 25% = 0.5"),
        # The larger of the two, not their sum.
        ("rmse<=baseline+max(25%,0.25)", 2.75, 2.0, "failed",
         "rmse = 2.75, baseline 2.0: worse by 0.75 > tolerance max(25%,0.25) = 0.5"),
        ("rmse<=baseline+max(25%,1)", 2.75, 2.0, "passed",
         "rmse = 2.75, baseline 2.0: worse by 0.75, tolerance max(25%,1) = 1.0"),
        # B133: a share of 0 is 0, and that is said.
        ("rmse<=baseline+1%", 1e-9, 0.0, "failed",
         "rmse = 1e-09, baseline 0.0: worse by 1e-09 > tolerance 1% = 0, as the baseline is 0"),
        ("rmse<=baseline+1%", 0.0, 0.0, "passed",
         "rmse = 0.0, baseline 0.0: the same, tolerance 1% = 0, as the baseline is 0"),
        # B134: below 0, a share is of the size.
        ("rmse<=baseline", -1.0, -2.0, "failed", "rmse = -1.0, baseline -2.0: worse by 1.0 > tolerance 0"),
        ("rmse<=baseline+50%", -1.0, -2.0, "passed", "rmse = -1.0, baseline -2.0: worse by 1.0, tolerance 50% = 1.0"),
        ("rmse<=baseline", -3.0, -2.0, "passed", "rmse = -3.0, baseline -2.0: better by 1.0, tolerance 0"),
        # A decimal tolerance is a double, as the value is.
        ("rmse<=baseline+0.01", 0.01, 0.0, "passed", "rmse = 0.01, baseline 0.0: worse by 0.01, tolerance 0.01"),
        ("rmse<=baseline", 1.7e308, -1.7e308, "failed",
         "rmse = 1.7e+308, baseline -1.7e+308: worse by 3.3999999999999999e+308 > tolerance 0"),
    ],
)  # fmt: skip
def test_against_the_baseline(text, value, baseline, state, reason):
    found = verdict(text, result(value, baseline=baseline))
    assert (found.state, found.reason, found.baseline) == (state, reason, baseline)


def test_higher_is_better():
    kept = verdict("rmse>=baseline-50%", result(0.5, direction="higher", baseline=1.0))
    lost = verdict("rmse>=baseline-25%", result(0.5, direction="higher", baseline=1.0))
    assert (kept.state, kept.limit, lost.state, lost.limit) == ("passed", 0.5, "failed", 0.75)
    assert lost.reason == "rmse = 0.5, baseline 1.0: worse by 0.5 > tolerance 25% = 0.25"


def test_against_another_model():
    found = verdict("new/rmse<=old+10%", result(1.2, "new"), result(1.0, "old"), baseline=False)
    assert found.state == "failed"
    assert found.reason == "rmse = 1.2, 'old' 1.0: worse by 0.19999999999999996 > tolerance 10% = 0.1"
    assert (found.baseline, found.limit) == (1.0, 1.1)


def test_two_numbers_that_decide_are_never_shown_alike():
    """A share that no double is: worse by the double next to it."""
    third = 1.0000000000000002 / 3
    found = verdict("rmse<=baseline+33.333333333333343%", result(1 + third, baseline=1.0))
    worse, allowed = re.search(r"worse by (\S+?),? .*= (\S+)$", found.reason).groups()
    assert worse != allowed
    exact = Fraction(1 + third) - 1
    assert (found.state == "passed") == (exact <= Fraction("33.333333333333343") / 100)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1.0, 1.1, 5e-324, 1.7e308])
SHARES = st.sampled_from(["0%", "1%", "0.5%", "33.3%", "100%"])
AMOUNTS = st.sampled_from(["0", "0.01", "1e-300", "5", "1e3"])
TOLERANCES = st.one_of(SHARES, AMOUNTS, st.builds("max({},{})".format, SHARES, AMOUNTS), st.none())


@given(NUMBERS, NUMBERS, TOLERANCES, st.booleans(), st.booleans())
def test_verdicts_are_exact_arithmetic(value, baseline, tolerance, lower, strict):
    op = ("<" if lower else ">") + "=" * (not strict)
    text = f"rmse{op}baseline" + ("" if tolerance is None else f"{'+' if lower else '-'}{tolerance}")
    direction = "lower" if lower else "higher"
    found = verdict(text, result(value, direction=direction, baseline=baseline))
    worse = (Fraction(value) - Fraction(baseline)) * (1 if lower else -1)
    allowed = Fraction(0)
    for piece in re.findall(r"[\d.e-]+%?", tolerance or ""):
        if piece.endswith("%"):
            allowed = max(allowed, Fraction(piece[:-1]) / 100 * abs(Fraction(baseline)))
        else:
            allowed = max(allowed, Fraction(float(piece)))
    assert (found.state == "passed") == (worse < allowed or (worse == allowed and not strict))
    plain = verdict(f"rmse{op}{baseline!r}", result(value, direction=direction))
    assert (plain.state == "passed") == (worse < 0 or (worse == 0 and not strict))
    if plain.state == "failed" and worse:
        shown = re.search(r"= (\S+) [<>] (\S+) ", plain.reason).groups()
        assert shown[0] != shown[1]


# ----------------------------------------------------------------------------------------------------- fails closed


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_passes_no_gate(value):
    """B132"""
    assert verdict("rmse<=1e308", result(value)).state == "failed"
    assert verdict("rmse>=-1e308", result(value, direction="higher")).state == "failed"
    assert verdict("rmse<=baseline+100%", result(value, baseline=1.0)).state == "failed"
    assert verdict("rmse<=baseline+100%", result(1.0, baseline=value)).state == "failed"
    both = verdict("rmse<=baseline+100%", result(value, baseline=value))
    assert both.state == "failed" and "never passes a gate" in both.reason
    assert verdict("new/rmse<=old", result(1.0, "new"), result(value, "old")).state == "failed"


def test_what_is_missing_passes_no_gate():
    one = bound_to("rmse<=9", result(1.0))
    (lost,) = evaluate_gates(run_of(), one).gates
    assert (lost.state, lost.reason) == ("failed", "this run has no such number")
    (none,) = evaluate_gates(run_of(result(1.0)), bound_to("rmse<=9 by c", result(1.0), by=("c",))).gates
    assert (none.state, none.reason) == ("failed", "there is no slice by c")
    (other,) = evaluate_gates(
        run_of(result(1.0, "new")), bound_to("new/rmse<=old", result(1.0, "new"), result(1.0, "old"))
    ).gates
    assert (other.state, other.reason) == ("failed", "'old' has no such number")


def test_every_slice_is_judged_and_one_that_is_gone_fails():
    """Nothing stops at the first, and the whole run is no slice."""
    slices = [
        result(9.0, baseline=1.0),
        result(1.0, by={"c": "a"}, baseline=1.0),
        result(2.0, by={"c": "b"}, baseline=1.0),
    ]
    bound = bound_to("rmse<=baseline by c", *slices, by=("c",))
    judgement = evaluate_gates(
        run_of(*slices), bound, only_in_baseline=[result(1.0, by={"c": "z"}), result(1.0, spec="mae")]
    )
    assert [(g.by, g.state) for g in judgement.gates] == [
        ({"c": "a"}, "passed"), ({"c": "b"}, "failed"), ({"c": "z"}, "failed"),
    ]  # fmt: skip
    assert judgement.gates[-1].reason == "the baseline has c=z, this run has no row of it"
    assert judgement.status == "failed"
    # A plain limit knows of no slices that are gone.
    plain = evaluate_gates(
        run_of(*slices), bound_to("rmse<=5 by c", *slices, by=("c",)), only_in_baseline=[result(1.0, by={"c": "z"})]
    )
    assert [g.state for g in plain.gates] == ["passed", "passed"]


def test_without_a_baseline_gates_on_it_are_skipped_and_no_others():
    some = result(2.0)
    both = [*bound_to("rmse<=baseline", some), *bound_to("rmse<=1", some)]
    judgement = evaluate_gates(run_of(some, baseline=False), both)
    assert [g.state for g in judgement.gates] == ["skipped", "failed"]
    assert judgement.gates[0].passed is None
    assert evaluate_gates(run_of(some, baseline=False), both[:1]).status == "passed"


def test_a_number_that_the_baseline_lacks():
    """B137"""
    assert verdict("rmse<=baseline", result(1.0)).state == "error"
    assert verdict("rmse<=baseline", result(1.0), without_baseline="skipped").state == "skipped"
    assert evaluate_gates(run_of(result(1.0)), bound_to("rmse<=baseline", result(1.0))).status == "error"


def test_what_is_not_comparable_is_an_error_and_all_gates_are_judged():
    """B140"""
    some = result(2.0)
    bound = [*bound_to("rmse<=1", some), *bound_to("rmse<=baseline", some), *bound_to("rmse<=0.5", some)]
    judgement = evaluate_gates(
        run_of(some, incomparable=["3 rows, in the baseline 4"]), bound, without_baseline="skipped"
    )
    assert [g.state for g in judgement.gates] == ["failed", "error", "failed"]
    assert judgement.gates[1].reason == "not comparable: 3 rows, in the baseline 4"
    assert judgement.status == "error"
    assert evaluate_gates(run_of(some, incomparable=["x"]), []).status == "error"


# ----------------------------------------------------------------------------------------------------- significance


def compared(low, high, reference="old", spec="rmse", by=None, margins=()):
    return ComparisonResult(
        "new", reference, by or {}, spec, spec, "lower", 1.2, 1.0, (low + high) / 2, 3, "worse", 0.1, (low, high),
        margins=dict(margins),
    )  # fmt: skip


def significant(text, *comparisons, value=1.2, baseline=None):
    some = (result(value, "new", baseline=baseline), result(1.0, "old"))
    return verdict(text, *some, comparisons=comparisons)


def test_significant_fails_only_where_the_interval_leaves_no_doubt():
    assert significant("new/rmse<=old significant", compared(0.1, 0.3)).state == "failed"
    held = significant("new/rmse<=old significant", compared(-0.1, 0.5))
    assert (held.state, held.interval) == ("passed", (-0.1, 0.5))
    assert (
        held.reason
        == "rmse = 1.2, 'old' 1.0: the confidence interval of the change, [-0.1, 0.5], shows no significant "
        "worsening (one-sided p = 0.0957); not enough rows to tell"
    )
    assert significant("new/rmse<=old significant", compared(0.0, 0.5)).state == "passed"
    assert significant("new/rmse<=old significant", compared(5e-324, 0.5)).state == "failed"
    assert significant("new/rmse<=old significant", compared(-0.3, -0.1), value=0.8).state == "passed"


def test_significant_with_a_tolerance_is_a_loss_beyond_it():
    text = "new/rmse<=old+0.2 significant"
    assert significant(text, compared(0.1, 0.3)).state == "passed"
    lost = significant(text, compared(0.25, 0.3))
    assert lost.state == "failed"
    assert (
        lost.reason == "rmse = 1.2, 'old' 1.0: the confidence interval of the change, [0.25, 0.3], "
        "shows a significant worsening beyond 0.2 (one-sided p = 2.05e-09)"
    )


def test_a_relative_tolerance_is_tested_on_the_value_less_a_multiple_of_the_reference():
    """What the tolerance is a part of is as uncertain as the value itself."""
    text, margin = "new/rmse<=old+20% significant", Fraction(1, 5)
    held = significant(text, compared(0.25, 0.3, margins={margin: (-0.1, 0.2)}))
    assert (held.state, held.interval) == ("passed", (0.25, 0.3))
    assert (
        held.reason == "rmse = 1.2, 'old' 1.0: the confidence interval of the change less 20% of 'old', [-0.1, 0.2], "
        "shows no significant worsening beyond 20% (one-sided p = 0.2)"
    )
    assert significant(text, compared(-0.1, 0.3, margins={margin: (0.01, 0.2)})).state == "failed"
    assert "no confidence interval" in significant(text, compared(0.1, 0.3)).reason
    bound = bound_to(text, *(result(1.0, name) for name in ("new", "old")))
    assert relative_margins([*bound, *bound_to("rmse<=baseline+1%", result(1.0))]) == (margin,)


def test_beyond_the_larger_of_two_tolerances_is_beyond_both():
    text, margin = "new/rmse<=old+max(1%,0.2) significant", Fraction(1, 100)
    assert significant(text, compared(0.3, 0.5, margins={margin: (0.1, 0.4)})).state == "failed"
    assert significant(text, compared(0.1, 0.5, margins={margin: (0.1, 0.4)})).state == "passed"
    assert significant(text, compared(0.3, 0.5, margins={margin: (-0.1, 0.4)})).state == "passed"
    assert significant(text, compared(0.3, 0.5)).state == "failed"
    assert "the confidence interval of the change, [0.1, 0.5], shows no significant worsening beyond 0.2" in (
        significant(text, compared(0.1, 0.5, margins={margin: (0.1, 0.4)})).reason
    )


def test_significant_where_higher_is_better():
    high = (result(1.0, "new", direction="higher"), result(1.2, "old", direction="higher"))
    text = "new/rmse>=old-0.125 significant"
    assert verdict(text, *high, comparisons=[compared(-0.5, -0.1)]).state == "passed"
    assert verdict(text, *high, comparisons=[compared(-0.5, -0.125)]).state == "passed"
    assert verdict(text, *high, comparisons=[compared(-0.5, -0.2)]).state == "failed"
    assert verdict(text, *high, comparisons=[compared(0.2, 0.5)]).state == "passed"


def test_shown_passes_only_where_the_interval_lies_within_the_margin():
    high = (result(1.0, "new", direction="higher"), result(1.2, "old", direction="higher"))
    text = "new/rmse>=old-0.125 shown"
    assert verdict(text, *high, comparisons=[compared(-0.1, 0.05)]).state == "passed"
    assert verdict(text, *high, comparisons=[compared(-0.125, 0.05)]).state == "passed"
    assert verdict(text, *high, comparisons=[compared(-0.2, 0.05)]).state == "failed"
    assert verdict(text, *high, comparisons=[compared(0.2, 0.5)]).state == "passed"
    assert significant("new/rmse<=old shown", compared(-0.3, 0.0)).state == "passed"
    assert significant("new/rmse<old shown", compared(-0.3, 0.0)).state == "failed"
    assert significant("new/rmse<old shown", compared(-0.3, -0.1)).state == "passed"
    lost = significant("new/rmse<=old+0.2 shown", compared(0.1, 0.3))
    assert lost.reason == (
        "rmse = 1.2, 'old' 1.0: the confidence interval of the change, [0.1, 0.3], does not show that it is no worse "
        "than 0.2 (one-sided p = 0.5)"
    )
    assert lost.test.enough  # it is worse, if not by how much


@pytest.mark.parametrize(
    "comparisons",
    [(), (compared(math.nan, 1.0),), (compared(-math.inf, math.inf),), (compared(0, 0, reference="other"),),
     (compared(0, 0, spec="mae"),), (compared(0, 0, by={"c": "a"}),)],
)  # fmt: skip
def test_without_an_interval_nothing_is_shown(comparisons):
    for test in ("significant", "shown"):
        lost = significant(f"new/rmse<=old {test}", *comparisons, value=0.5)
        assert lost.state == "failed" and "the change has no confidence interval" in lost.reason


def test_significant_against_saved_rows():
    text = "new/rmse<=baseline significant"
    assert significant(text, compared(0.1, 0.3, BASELINE), baseline=1.0).state == "failed"
    assert significant(text, compared(-0.1, 0.3, BASELINE), baseline=1.0).state == "passed"
    assert significant(text, compared(-0.1, 0.3, BASELINE), baseline=math.nan).state == "failed"
    assert significant(text, compared(-0.1, 0.3, BASELINE)).state == "error"


def test_a_bound_gate_says_where_a_file_has_it():
    gate = parse_gate("rmse<=1", "losscli.toml", 7)
    (found,) = evaluate_gates(run_of(result(2.0)), [BoundGate(gate, model_loss(), None, Tolerance())]).gates
    assert (found.path, found.line, found.gate) == ("losscli.toml", 7, "rmse<=1")


def test_gates_of_slices_read_each_result_once_and_index_none(monkeypatch):
    class Read(tuple):
        times = 0

        def __iter__(self):
            Read.times += 1
            return super().__iter__()

    results = [result(1.0 + at, by={"s": str(at)} if at else None, baseline=1.5) for at in range(4)]
    run = run_of(*results)
    object.__setattr__(run, "results", Read(results))
    monkeypatch.setattr(verdicts, "_key", None)  # what an index of all slices is made with
    found = evaluate_gates(run, bound_to("rmse<=baseline by s", *results, by=("s",)))
    assert [one.state for one in found.gates] == ["failed"] * 3
    (whole,) = evaluate_gates(run, bound_to("rmse<=baseline", *results)).gates
    assert (whole.state, whole.value) == ("passed", 1.0)
    assert Read.times == 2
