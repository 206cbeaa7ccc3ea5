"""Request validation: what can be refused before a file is opened."""

from __future__ import annotations

from fractions import Fraction
from typing import get_args

from losscli.binding.request import Adjust, BootstrapMethod, Inference, IntervalMethod, Request, read_slice
from losscli.binding.role_names import refuse_unknown_roles
from losscli.binding.table_roles import check_tables
from losscli.errors import UsageError, did_you_mean
from losscli.io.arrow.canonical import canonical_label

TESTS = ("auto", "t", "permutation", "wild", "mcnemar", "mcnemar-mid-p")
MOST_DRAWS = 1_000_000  # of a bootstrap, or of a permutation test


def check(request: Request) -> None:
    """A UsageError where settings contradict each other, or the losses."""
    if not request.losses:
        raise UsageError("no loss was given", hint="-l mse; 'losscli list' shows all", code="USAGE_INCOMPLETE")
    _check_inference(request)
    _check_interval_methods(request)
    if request.batch_by is not None and request.batch_size is not None:
        raise UsageError("--batch-by and --batch-size cannot be used together", code="USAGE_CONFLICT")
    if request.batch_size is not None and request.batch_size < 1:
        raise UsageError("--batch-size must be at least 1", code="USAGE_BAD_VALUE")
    _check_mean_of(request)
    _check_sort(request)
    _check_skill(request)
    _check_classes(request)
    if request.others != "error" and request.positive is None:
        raise UsageError("--others is about the labels beside the positive one, and there is none",
                         hint="--positive LABEL", code="USAGE_INCOMPLETE")  # fmt: skip
    loss_list = [part.loss for spec in request.losses for _, part in spec.parts]
    if (request.batch_by or request.batch_size) and not any(loss.batched for loss in loss_list):
        raise UsageError("--batch-by and --batch-size are for batch losses, and none was given",
                         hint=f"{loss_list[0].name} is of all rows; --by COL gives that of each slice, too"
                         if loss_list[0].sorted_by else f"{loss_list[0].name} is computed for each row separately",
                         code="USAGE_CONFLICT")  # fmt: skip
    _check_divisors_of_tables(request)
    refuse_unknown_roles(request)
    check_tables(request)
    for loss in loss_list:
        if request.reduction == "sum" and loss.own_combine:
            raise UsageError(
                f"'{loss.name}' is not a sum over rows, so --reduction sum does not apply", code="USAGE_CONFLICT"
            )


def _check_divisors_of_tables(request: Request) -> None:
    """In a loss of a whole table, a row of weight w counts as w rows: there is no other divisor."""
    for spec in request.losses:
        for _, part in spec.parts:
            if part.loss.sorted_by and request.weighted and request.divisor(part) != "weight":
                raise UsageError(f"'{part.text}' is not a mean of row values, so --divide-by does not apply",
                                 hint="--divide-by weight", code="USAGE_CONFLICT")  # fmt: skip


def _check_sort(request: Request) -> None:
    """Slices are sorted by what the run has."""
    if request.sort == "label":
        return
    if not request.by:
        raise UsageError("--sort is about slices, and there are none", hint="--by COL", code="USAGE_INCOMPLETE")
    names = [name for spec in request.losses for name in (spec.text, spec.name or spec.parts[0][1].loss.name)]
    known = list(dict.fromkeys(["loss", "count", "label", *names]))
    if request.sort not in known:
        raise UsageError(f"--sort '{request.sort}' is no loss of this run", value=request.sort,
                         hint=did_you_mean(request.sort, known, f"one of {', '.join(known)}"),
                         code="USAGE_BAD_VALUE")  # fmt: skip


def _check_mean_of(request: Request) -> None:
    """A mean over groups has the groups as units: what is about rows does not apply."""
    if request.mean_of is None:
        if request.group_weight is not None:
            raise UsageError("--group-weight is the weight of the groups of --mean-of, and there are none",
                             hint="--mean-of COL, or -w COL for weights of rows", code="USAGE_INCOMPLETE")  # fmt: skip
        return
    asked, default = request.inference, Inference()
    about_rows = {"--cluster": asked.cluster, "--time": asked.time, "--bootstrap": asked.bootstrap,
                  "--between": asked.between, "--sequential": asked.sequential, "--why": asked.why,
                  "--power": asked.power}  # fmt: skip
    found = [option for option, given in about_rows.items() if given]
    found += ["--interval-method"] * (asked.interval_method != default.interval_method)
    found += [f"--adjust {asked.adjust}"] * (asked.adjust != default.adjust)
    found += [f"--test {asked.test}"] * (asked.test not in ("auto", "t", "permutation"))
    if found:
        raise UsageError(f"{found[0]} is about rows, and the units of --mean-of '{request.mean_of}' are its groups",
                         hint="--interval gives the t interval of the mean over the groups",
                         code="USAGE_CONFLICT")  # fmt: skip


def _check_skill(request: Request) -> None:
    """Numbers have one reference, and a best constant is that of the rows of a slice."""
    if request.skill and request.skill_against is not None:
        raise UsageError("--skill and --skill-against cannot be used together",
                         hint="run it twice: a number has one reference", code="USAGE_CONFLICT")  # fmt: skip
    if request.skill and request.mean_of is not None:
        raise UsageError("no best constant is known for the means over groups of --mean-of",
                         hint="--skill-against MODEL, or --by COL", code="USAGE_CONFLICT")  # fmt: skip


def _check_divisor(request: Request) -> None:
    """Standard errors are those of means with one divisor for the whole run."""
    if not request.weighted:
        return
    parts = {part: request.divisor(part) for spec in request.losses for _, part in spec.parts if part.loss.source_roles}
    for part, divisor in parts.items():
        why = None
        if divisor != request.mean_divisor:
            why = "the means of this run have several divisors"
        elif divisor == "rows" and request.class_weight is not None:
            why = "rows of a class count in its mean whatever the weight of the class"
        elif divisor == "rows" and request.reduction == "sum":
            why = "a sum has no divisor"
        if why is not None:
            raise UsageError(f"'{part.text}' has no standard error: {why}",
                             hint="--divide-by weight, or --divide-by count, for all losses",
                             code="USAGE_CONFLICT")  # fmt: skip


def _check_classes(request: Request) -> None:
    names = list(map(canonical_label, request.classes))
    for name in names:
        if not name or names.count(name) > 1:
            what = f"class '{name}' twice" if name else "a class without a name"
            raise UsageError(f"--classes contains {what}", code="USAGE_BAD_VALUE")
    if names and request.first_class is not None:
        raise UsageError("--classes and --first-class cannot be used together",
                         hint="with --classes the targets are names, not indices", code="USAGE_CONFLICT")  # fmt: skip


def _check_between(request: Request) -> None:
    """Slices are compared with the rest, or with a slice of the same columns."""
    between = request.inference.between
    if between is None:
        return
    if not request.by:
        raise UsageError("--between compares slices, and there are none", hint="--by COL makes slices",
                         code="USAGE_INCOMPLETE")  # fmt: skip
    if request.inference.sequential:
        raise UsageError("there are no confidence sequences of differences between slices",
                         hint="--between without --sequential", code="USAGE_CONFLICT")  # fmt: skip
    if request.inference.time is not None:
        raise UsageError("--between takes rows of different slices as independent, which those of one time are not",
                         hint="without --time, or with --cluster COL for the column of times",
                         code="USAGE_CONFLICT")  # fmt: skip
    if between == "rest":
        return
    named = read_slice(between)
    for name in [*named, *request.by]:
        if name not in request.by or name not in named:
            what = f"'{name}' is not a column of --by" if name in named else f"it does not say which '{name}'"
            raise UsageError(f"--between {between}: {what}", code="USAGE_BAD_VALUE",
                             hint="rest, or COL=VALUE for each column of --by")  # fmt: skip


def _check_inference(request: Request) -> None:
    asked = request.inference
    if asked.interval or asked.pairs:
        _check_divisor(request)
    if not 0 < asked.level < 1:
        raise UsageError(
            f"the confidence level must be between 0 and 1, such as 0.95; got {asked.level:g}", code="USAGE_BAD_VALUE"
        )
    if asked.bootstrap is not None and not 2 <= asked.bootstrap <= MOST_DRAWS:
        raise UsageError(
            f"the number of bootstrap resamples must be 2 to {MOST_DRAWS:,}; got {asked.bootstrap:,}",
            code="USAGE_BAD_VALUE",
        )
    if not 0 <= asked.permutations <= MOST_DRAWS:
        raise UsageError(
            f"the number of permutations must be 0 to {MOST_DRAWS:,}; got {asked.permutations:,}",
            code="USAGE_BAD_VALUE",
        )
    if asked.adjust not in (methods := get_args(Adjust)):
        raise UsageError(f"p-values are adjusted by {', '.join(methods)}; got '{asked.adjust}'", code="USAGE_BAD_VALUE")
    _check_between(request)
    if asked.power is not None and not 1 - asked.level < asked.power < 1:
        raise UsageError(
            f"the power must be between {1 - asked.level:g} (1 - level) and 1, such as 0.8; got {asked.power:g}",
            code="USAGE_BAD_VALUE",
        )
    if asked.test not in TESTS:
        raise UsageError(f"'{asked.test}' is no test; the tests are: {', '.join(TESTS)}", code="USAGE_BAD_VALUE")
    if asked.test in ("permutation", "wild") and asked.time is not None:
        raise UsageError(f"--test {asked.test} and --time cannot be used together",
                         hint="rows of a series depend on those before, so that single ones cannot be exchanged",
                         code="USAGE_CONFLICT")  # fmt: skip
    if asked.permutations and Fraction(1, 1 + asked.permutations) >= 1 - Fraction(repr(asked.level)):
        raise UsageError(
            f"of {asked.permutations:,} permutations no p-value is below {1 - asked.level:.3g}",
            hint="--permutations with a larger number, or a lower --level", code="USAGE_BAD_VALUE",
        )  # fmt: skip
    if asked.seed < 0:
        raise UsageError("the seed must be a whole number of at least 0", code="USAGE_BAD_VALUE")
    _check_grouping(request)


def _check_grouping(request: Request) -> None:
    """Rows are units by clusters or by times, not by both."""
    asked = request.inference
    if asked.sequential and (asked.time is not None or asked.bootstrap is not None):
        other = "--bootstrap" if asked.time is None else "--time"
        raise UsageError(f"--sequential and {other} cannot be used together",
                         hint="confidence sequences are of independent rows or clusters",
                         code="USAGE_CONFLICT")  # fmt: skip
    for option, given in (("--sequential", asked.sequential), ("--time", asked.time is not None)):
        joint = "--between" if asked.between is not None else "--adjust max-t" if asked.adjust == "max-t" else None
        if given and joint is not None:
            raise UsageError(f"{option} and {joint} cannot be used together",
                             hint=f"{joint} is for one look at independent rows or clusters",
                             code="USAGE_CONFLICT")  # fmt: skip
    if asked.sequential and asked.power is not None:
        raise UsageError("--sequential and --power cannot be used together",
                         hint="power is that of one look at a number of rows fixed before",
                         code="USAGE_CONFLICT")  # fmt: skip
    if asked.cluster is not None and asked.time is not None:
        raise UsageError("--cluster and --time cannot be used together",
                         hint="with --time the rows of one time are one unit, whatever their cluster",
                         code="USAGE_CONFLICT")  # fmt: skip
    if asked.horizon is not None and asked.time is None:
        raise UsageError("--horizon is about the order of rows, and there is none", hint="--time COL",
                         code="USAGE_INCOMPLETE")  # fmt: skip
    if asked.horizon is not None and asked.horizon < 1:
        raise UsageError(f"the horizon must be at least 1; got {asked.horizon}", code="USAGE_BAD_VALUE")
    if asked.horizon is not None and asked.bootstrap is not None:
        raise UsageError("--horizon and --bootstrap cannot be used together",
                         hint="the bootstrap finds from the data how far rows depend on each other",
                         code="USAGE_CONFLICT")  # fmt: skip
    if asked.grouping is None:
        return
    option = "--cluster" if asked.time is None else "--time"
    for spec in request.losses:
        for _, part in spec.parts:
            if part.loss.batched and part.loss.source_roles:
                raise UsageError(f"'{part.loss.name}' is a batch loss, and its batches are the clusters",
                                 hint=f"remove {option}; --batch-by defines the batches",
                                 code="USAGE_CONFLICT")  # fmt: skip


def _check_interval_methods(request: Request) -> None:
    """Methods that do not fit what is asked are refused before a row is read."""
    asked, method = request.inference, request.inference.interval_method
    _check_known("interval_method", method, get_args(IntervalMethod))
    _check_bootstrap_method(asked)
    if method == "auto":
        return
    if asked.bootstrap is not None:
        raise UsageError("--interval-method and --bootstrap cannot be used together",
                         hint="--bootstrap-method sets the bootstrap interval", code="USAGE_CONFLICT")  # fmt: skip
    if method not in ("wilson", "clopper-pearson"):
        return
    for spec in request.losses:
        if spec.is_composite or not spec.parts[0][1].loss.binary:
            raise UsageError(f"{method} is an interval of losses that are 0 or 1, and '{spec.text}' is not one of them",
                             hint="--interval-method auto uses it where it fits", code="USAGE_CONFLICT")  # fmt: skip
    if request.reduction == "sum":
        raise UsageError(f"{method} is an interval of a mean, not of a sum", hint="remove --reduction sum",
                         code="USAGE_CONFLICT")  # fmt: skip


def _check_bootstrap_method(asked: Inference) -> None:
    """Of resamples of blocks of times there is one interval only."""
    if asked.bootstrap_method is None:
        return
    _check_known("bootstrap_method", asked.bootstrap_method, get_args(BootstrapMethod))
    if asked.bootstrap is None:
        raise UsageError("--bootstrap-method is about bootstrap resamples, and there are none",
                         hint="--bootstrap 2000", code="USAGE_INCOMPLETE")  # fmt: skip
    if asked.time is not None:
        raise UsageError("--bootstrap-method and --time cannot be used together",
                         hint="blocks of times have the expanded percentile interval",
                         code="USAGE_CONFLICT")  # fmt: skip


def _check_known(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"there is no {name} '{value}'", hint=did_you_mean(value, known, f"one of {', '.join(known)}"),
                         code="USAGE_BAD_VALUE")  # fmt: skip
