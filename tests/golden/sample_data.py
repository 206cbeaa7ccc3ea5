"""What `losscli eval <args> -q` has to print for sample_data/: the tables here, the vectors in sample_vectors.py."""

from __future__ import annotations

import sample_vectors
from commands import DIGITS, WEIGHTS, WEIGHTS_FILE, Sample, on

COLUMNS = ["args", "source", "value"]

DIABETES = "sample_data/diabetes.csv -t progression -p ridge"
RIDGE = {"d": "csv('diabetes.csv')", "p": "t(d.ridge)", "y": "t(d.progression)"}


def _diabetes() -> list[Sample]:
    score = on(DIABETES, **RIDGE)
    variance = on(f"{DIABETES} -c variance=ridge_variance", **RIDGE, v="t(d.ridge_variance)")
    return [
        score("torch", "mse", "torch.nn.MSELoss()(p, y)"),
        score("torch", "mae", "torch.nn.L1Loss()(p, y)"),
        score("sklearn", "rmse", "sklearn.metrics.root_mean_squared_error(d.progression, d.ridge)"),
        score("torch", "huber:delta=20", "torch.nn.HuberLoss(delta=20.0)(p, y)"),
        score("keras", "huber@keras", "keras.losses.Huber()(y, p)"),
        score("torch", "smooth_l1:beta=0.5", "torch.nn.SmoothL1Loss(beta=0.5)(p, y)"),
        score("keras", "log_cosh", "keras.losses.LogCosh()(y, p)"),
        score("sklearn", "pinball:q=0.9", "sklearn.metrics.mean_pinball_loss(d.progression, d.ridge, alpha=0.9)"),
        score("torch", "poisson_nll@torch", "torch.nn.PoissonNLLLoss(log_input=False)(p, y)"),
        score("keras", "poisson_nll@keras", "keras.losses.Poisson()(y, p)"),
        variance("torch", "gaussian_nll", "torch.nn.GaussianNLLLoss()(p, y, v)"),
        variance("torch", "gaussian_nll:full=true", "torch.nn.GaussianNLLLoss(full=True)(p, y, v)"),
    ]


def _relative() -> list[Sample]:
    score = on("sample_data/diabetes.csv -t progression -p forest", d="csv('diabetes.csv')")
    pair = "(d.progression, d.forest)"
    tensors = "(t(d.forest), t(d.progression))"
    return [
        score("sklearn", "mape", f"sklearn.metrics.mean_absolute_percentage_error{pair}"),
        score("torchmetrics", "smape", f"torchmetrics.functional.symmetric_mean_absolute_percentage_error{tensors}"),
        score("torchmetrics", "wmape", f"torchmetrics.functional.weighted_mean_absolute_percentage_error{tensors}"),
        score("sklearn", "msle", f"sklearn.metrics.mean_squared_log_error{pair}"),
        score("sklearn", "rmsle", f"sklearn.metrics.root_mean_squared_log_error{pair}"),
    ]


def _weighted() -> list[Sample]:
    given = {**RIDGE, "w": "t(d.exposure).double()"}
    score, count = on(f"{DIABETES} -w exposure", **given), on(f"{DIABETES} -w exposure --divide-by count", **given)
    sklearn = "sklearn.metrics.{}(d.progression, d.ridge, sample_weight=d.exposure)"
    return [
        score("torch", "mse", "torch.nn.functional.mse_loss(p, y, weight=w)"),
        score("sklearn", "mae", sklearn.format("mean_absolute_error")),
        score("sklearn", "rmse", sklearn.format("root_mean_squared_error")),
        score("torch", "huber:delta=20", "(w * F.huber_loss(p, y, delta=20.0, reduction='none')).sum() / w.sum()"),
        count("keras", "mse", "keras.losses.MeanSquaredError()(y[:, None], p[:, None], w)"),
        count("keras", "mae", "keras.losses.MeanAbsoluteError()(y[:, None], p[:, None], w)"),
    ]


def _choices() -> list[Sample]:
    """Rows chosen, summed, read from Parquet, and joined from two files that are in different orders."""
    pair = {"p": "t(d.ridge)", "y": "t(d.progression)"}
    women = on(f"{DIABETES} --where 'sex == \"female\"'", d="csv('diabetes.csv').query('sex == \"female\"')", **pair)
    some = on(
        f"{DIABETES} --where 'exposure >= 6 and not age_group in (\"40-59\")'",
        d="csv('diabetes.csv').query('exposure >= 6 and age_group != \"40-59\"')",
        **pair,
    )
    total = on(f"{DIABETES} --reduction sum", **RIDGE)
    stored = on("sample_data/diabetes.parquet -t progression -p ridge", d="parquet('diabetes.parquet')", **pair)
    joined = on(
        "sample_data/diabetes_predictions.csv --targets sample_data/diabetes_targets.csv --on patient"
        " -t progression -p ridge",
        d="csv('diabetes_predictions.csv').merge(csv('diabetes_targets.csv'), on='patient', validate='1:1')",
        **pair,
    )
    mse, mae = "torch.nn.MSELoss()(p, y)", "torch.nn.L1Loss()(p, y)"
    return [
        women("torch", "mse", mse),
        women("sklearn", "rmse", "sklearn.metrics.root_mean_squared_error(d.progression, d.ridge)"),
        some("torch", "mae", mae),
        total("torch", "mae", "torch.nn.L1Loss(reduction='sum')(p, y)"),
        stored("torch", "mse", mse),
        joined("torch", "mse", mse),
        joined("torch", "mae", mae),
    ]


def _blends() -> list[Sample]:
    score = on(DIABETES, **RIDGE)
    penalized = on(f"{DIABETES} {WEIGHTS_FILE}", **RIDGE, m=WEIGHTS)
    return [
        score("torch", "total=0.7*mse+0.3*mae", "0.7 * torch.nn.MSELoss()(p, y) + 0.3 * torch.nn.L1Loss()(p, y)"),
        penalized(
            "keras",
            "total=0.7*mse+0.3*huber:delta=20+l2_penalty:strength=0.01",
            "0.7 * keras.losses.MeanSquaredError()(y, p) + 0.3 * keras.losses.Huber(delta=20.0)(y, p)"
            " + keras.regularizers.L2(0.01)(m)",
        ),
    ]


CANCER = {"d": "csv('cancer.csv')", "p": "t(d.logistic_p)", "y": "t(d.malignant).double()"}


def _cancer() -> list[Sample]:
    score = on("sample_data/cancer.csv -t malignant -p logistic_p", **CANCER)
    named = "sample_data/cancer.csv -t diagnosis --positive malignant -p logistic_p"
    weighted = on(f"{named} --class-weight malignant=2.5,benign=0.75", **CANCER)
    balanced = on(f"{named} --class-weight balanced", **CANCER)
    sklearn = "sklearn.metrics.log_loss(d.malignant, d.logistic_p{})"
    weights = ", sample_weight=sklearn.utils.class_weight.compute_sample_weight({}, d.malignant)"
    focal = "keras.losses.BinaryFocalCrossentropy({})(y, p)"
    return [
        score("torch", "bce@torch", "torch.nn.BCELoss()(p, y)"),
        score("sklearn", "bce@sklearn", sklearn.format("")),
        score("keras", "bce@keras", "keras.losses.BinaryCrossentropy()(y, p)"),
        score("keras", "focal@keras", focal.format("")),
        score("keras", "focal@keras:alpha=0.25", focal.format("apply_class_balancing=True")),
        score("sklearn", "brier", "sklearn.metrics.brier_score_loss(d.malignant, d.logistic_p)"),
        score("sklearn", "zero_one", "sklearn.metrics.zero_one_loss(d.malignant, 1 * (d.logistic_p > 0.5))"),
        on(named, **CANCER)("torch", "bce", "torch.nn.BCELoss()(p, y)"),
        weighted("sklearn", "bce", sklearn.format(weights.format("{0: 0.75, 1: 2.5}"))),
        balanced("sklearn", "bce", sklearn.format(weights.format("'balanced'"))),
        balanced(
            "sklearn", "brier", sklearn.replace("log_loss", "brier_score_loss").format(weights.format("'balanced'"))
        ),
    ]


def _logits() -> list[Sample]:
    score = on("sample_data/cancer.csv -t malignant -p logistic_z", **(CANCER | {"p": "t(d.logistic_z)"}))
    boosted = on("sample_data/cancer.csv -t malignant -p boosting_z", **(CANCER | {"p": "t(d.boosting_z)"}))
    bce = "torch.nn.BCEWithLogitsLoss({})(p, y)"
    factor = "(1 - (p * (2 * y - 1)).sigmoid()) ** 2 * F.binary_cross_entropy_with_logits(p, y, reduction='none')"
    focal = "keras.losses.BinaryFocalCrossentropy(from_logits=True{})(y, p)"
    return [
        score("torch", "bce_with_logits", bce.format("")),
        score("torch", "bce_with_logits:pos_weight=2.5", bce.format("pos_weight=torch.tensor(2.5)")),
        score("keras", "bce_with_logits", "keras.losses.BinaryCrossentropy(from_logits=True)(y, p)"),
        score("torch", "focal_with_logits", f"({factor}).mean()"),
        score("optax", "focal_with_logits:alpha=0.25",
              "optax.sigmoid_focal_loss(jnp.array(p), jnp.array(y), alpha=0.25).mean()"),
        boosted("keras", "focal_with_logits", focal.format("")),
        boosted("keras", "focal_with_logits:alpha=0.25", focal.format(", apply_class_balancing=True")),
    ]  # fmt: skip


def _scores() -> list[Sample]:
    score = on("sample_data/cancer.csv -t side -p svm_score", d="csv('cancer.csv')")
    return [
        score("sklearn", "hinge", "sklearn.metrics.hinge_loss(d.side, d.svm_score)"),
        score("keras", "squared_hinge", "keras.losses.SquaredHinge()(t(d.side).double(), t(d.svm_score))"),
    ]


PROBS = {"d": "csv('digits.csv')", "p": "t(d[of('p')])", "y": "t(d.digit_id)"}
ONE_HOT = "F.one_hot(y, 10).double()"
GIVEN = [2.5, 0.5, 1.0, 1.25, 0.75, 3.0, 1.5, 0.25, 2.0, 1.75]


def _digits() -> list[Sample]:
    score = on("sample_data/digits.csv -t digit -p 'p_*'", **PROBS)
    soft = on("sample_data/digits.csv -t 't_*' -p 'p_*'", **(PROBS | {"y": "t(d[of('t')])"}))
    balanced = on("sample_data/digits.csv -t digit -p 'p_*' --class-weight balanced", **PROBS)
    sklearn = "sklearn.metrics.{}(d.digit_id, d[of('p')]{})"
    weights = ", sample_weight=sklearn.utils.class_weight.compute_sample_weight('balanced', d.digit_id)"
    focal = f"keras.losses.CategoricalFocalCrossentropy({{}})({ONE_HOT}, p)"
    return [
        score("torch", "cross_entropy", "torch.nn.NLLLoss()(p.log(), y)"),
        score("sklearn", "cross_entropy@sklearn", sklearn.format("log_loss", "")),
        score("keras", "cross_entropy@keras", f"keras.losses.CategoricalCrossentropy()({ONE_HOT}, p)"),
        score("keras", "categorical_focal@keras", focal.format("")),
        score("keras", "categorical_focal@keras:alpha=1,gamma=3", focal.format("alpha=1.0, gamma=3.0")),
        score("sklearn", "brier", sklearn.format("brier_score_loss", "")),
        score("sklearn", "brier:halve=true", sklearn.format("brier_score_loss", ", scale_by_half=True")),
        score("sklearn", "zero_one", "sklearn.metrics.zero_one_loss(d.digit_id, p.argmax(1).numpy())"),
        balanced("sklearn", "cross_entropy", sklearn.format("log_loss", weights)),
        soft("torch", "kl_divergence", "torch.nn.KLDivLoss(reduction='batchmean')(p.log(), y)"),
        soft("torchmetrics", "kl_divergence@torchmetrics", "torchmetrics.functional.kl_divergence(y, p)"),
        soft("keras", "cross_entropy@keras", "keras.losses.CategoricalCrossentropy()(y, p)"),
    ]


def _digit_logits() -> list[Sample]:
    args, logits = "sample_data/digits.csv -t digit -p 'z_*'", PROBS | {"p": "t(d[of('z')])"}
    score, balanced = on(args, **logits), on(f"{args} --class-weight balanced", **logits)
    given = on(f"{args} --class-weight {','.join(f'{d}={w}' for d, w in zip(DIGITS, GIVEN, strict=True))}", **logits)
    soft = on("sample_data/digits.csv -t 't_*' -p 'z_*'", **(logits | {"y": "t(d[of('t')])"}))
    name, torch_ce = "cross_entropy_with_logits", "torch.nn.CrossEntropyLoss({})(p, y)"
    keras = f"keras.losses.{{}}(from_logits=True{{}})({ONE_HOT}, p)"
    focal = "CategoricalFocalCrossentropy"
    return [
        score("torch", name, torch_ce.format("")),
        score("torch", f"{name}:label_smoothing=0.1", torch_ce.format("label_smoothing=0.1")),
        score("keras", name, keras.format("CategoricalCrossentropy", "")),
        score("keras", "categorical_focal_with_logits", keras.format(focal, ", alpha=1.0")),
        score("keras", "categorical_focal_with_logits:alpha=0.25,gamma=3", keras.format(focal, ", gamma=3.0")),
        soft("torch", name, torch_ce.format("")),
        given("torch", name, torch_ce.format(f"weight=torch.tensor({GIVEN})")),
        balanced("torch", name, torch_ce.format("weight=len(d) / (10 * torch.bincount(y))")),
    ]


def _digit_lists() -> list[Sample]:
    given = {"d": "parquet('digits.parquet')", "y": "t(d.digit_id)"}
    proba = on("sample_data/digits.parquet -t digit_id -p proba", **given, p="t(d.proba)")
    logits = on("sample_data/digits.parquet -t digit_id -p logits", **given, p="t(d.logits)")
    return [
        proba("torch", "cross_entropy", "torch.nn.NLLLoss()(p.log(), y)"),
        logits("torch", "cross_entropy_with_logits", "torch.nn.CrossEntropyLoss()(p, y)"),
    ]


def cases() -> list[Sample]:
    """(arguments of `losscli eval`, the peer and what it ran, what it said)."""
    return [
        *_diabetes(), *_relative(), *_weighted(), *_choices(), *_blends(), *_cancer(), *_logits(), *_scores(),
        *_digits(), *_digit_logits(), *_digit_lists(), *sample_vectors.cases(),
    ]  # fmt: skip
