"""Out-of-sample predictions of scikit-learn models: diabetes, breast cancer, digits."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import BayesianRidge, LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict, train_test_split
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from store import Column, Table, rounded, wide

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
HELD_OUT = 600
NEIGHBOURS = 9


@dataclass(frozen=True)
class Images:
    """The 8×8 digits with values from 0 to 1, split once into training and held-out rows for all models."""

    train: np.ndarray
    train_digit: np.ndarray
    test: np.ndarray
    test_digit: np.ndarray


def load_images() -> Images:
    """Load the digits, split with stratification, so that all ten digits are held out in equal numbers."""
    pixels, digit = load_digits(return_X_y=True)
    train, test, train_digit, test_digit = train_test_split(
        pixels / 16.0, digit, test_size=HELD_OUT, stratify=digit, random_state=0
    )
    return Images(train, train_digit, test, test_digit)


def diabetes() -> Table:
    """Disease progression after a year: predictions of four regressors, two of them with a predictive variance."""
    raw = load_diabetes(scaled=False).data
    features, target = load_diabetes(return_X_y=True)
    folds = KFold(5, shuffle=True, random_state=0)
    ridge = Ridge(alpha=0.05)
    forest = RandomForestRegressor(200, min_samples_leaf=3, random_state=0)
    boosting = GradientBoostingRegressor(n_estimators=80, max_depth=2, subsample=0.8, random_state=0)
    bayes, bayes_variance = _bayes(features, target, folds)
    return {
        "patient": [f"P{number:04d}" for number in range(1, len(target) + 1)],
        "progression": target,
        "sex": _sexes(raw[:, 1], hdl=raw[:, 6]),
        "age_group": np.array(["19-39", "40-59", "60-79"])[np.digitize(raw[:, 0], [40, 60])],
        "ridge": cross_val_predict(ridge, features, target, cv=folds),
        "forest": cross_val_predict(forest, features, target, cv=folds),
        "boosting": cross_val_predict(boosting, features, target, cv=folds),
        "ridge_variance": _ridge_variance(ridge, features, target, folds),
        "bayes": bayes,
        "bayes_variance": bayes_variance,
        "exposure": np.random.default_rng(0).integers(1, 13, len(target)),
    }


def _sexes(code: np.ndarray, hdl: np.ndarray) -> list[str]:
    """The data set has codes 1 and 2 without their meaning; HDL cholesterol, which is higher in women, decides."""
    female = 1.0 if hdl[code == 1.0].mean() > hdl[code == 2.0].mean() else 2.0
    return ["female" if value == female else "male" for value in code]


def _bayes(features: np.ndarray, target: np.ndarray, folds: KFold) -> tuple[np.ndarray, np.ndarray]:
    mean, variance = np.empty_like(target), np.empty_like(target)
    for train, test in folds.split(features):
        mean[test], deviation = BayesianRidge().fit(features[train], target[train]).predict(features[test], True)
        variance[test] = deviation**2
    return mean, variance


def _ridge_variance(ridge: Ridge, features: np.ndarray, target: np.ndarray, folds: KFold) -> np.ndarray:
    """Noise of the training residuals plus uncertainty of the coefficients at this row: σ²(1 + x'(X'X + αI)⁻¹x)."""
    variance = np.empty_like(target)
    for train, test in folds.split(features):
        ridge.fit(features[train], target[train])
        noise = np.var(target[train] - ridge.predict(features[train]), ddof=features.shape[1] + 1)
        centre = features[train].mean(axis=0)
        spread = (features[train] - centre).T @ (features[train] - centre) + ridge.alpha * np.eye(features.shape[1])
        away = features[test] - centre
        leverage = np.sum(away * np.linalg.solve(spread, away.T).T, axis=1)
        variance[test] = noise * (1.0 + 1.0 / len(train) + leverage)
    return variance


def cancer() -> Table:
    """Breast tumours, malignant or not: probabilities, their logits, and the margin of a linear SVM."""
    bundle = load_breast_cancer()
    features, malignant = bundle.data, 1 - bundle.target  # the data set counts benign as 1
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    logistic = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    svm = make_pipeline(StandardScaler(), LinearSVC(C=0.1, random_state=0))
    boosting = GradientBoostingClassifier(n_estimators=60, max_depth=2, subsample=0.8, random_state=0)
    # A forest often predicts exactly 0 or 1, where one wrong row makes the log loss infinite; Platt scaling avoids it.
    forest = CalibratedClassifierCV(RandomForestClassifier(100, random_state=0), method="sigmoid", cv=3)

    def out_of_fold(model: object, method: str) -> np.ndarray:
        return cross_val_predict(model, features, malignant, cv=folds, method=method)

    logistic_z, boosting_z = out_of_fold(logistic, "decision_function"), out_of_fold(boosting, "decision_function")
    return {
        "case": [f"C{number:03d}" for number in range(1, len(malignant) + 1)],
        "malignant": malignant,
        "diagnosis": np.array(["benign", "malignant"])[malignant],
        "logistic_p": expit(logistic_z),
        "logistic_z": logistic_z,
        "forest_p": out_of_fold(forest, "predict_proba")[:, 1],
        "boosting_p": expit(boosting_z),
        "boosting_z": boosting_z,
        "site": np.where(features[:, 0] < np.median(features[:, 0]), "small", "large"),
        "svm_score": out_of_fold(svm, "decision_function"),
        "side": 2 * malignant - 1,
    }


def digits(images: Images, model: LogisticRegression) -> tuple[dict[str, Column], dict[str, Column]]:
    """Ten classes: wide columns for any file format, and list columns for Parquet."""
    logits = rounded(model.decision_function(images.test))
    proba = softmax(logits, axis=1)
    flat = {
        "digit": [DIGITS[digit] for digit in images.test_digit],
        "digit_id": images.test_digit,
        **wide("p", DIGITS, proba),
        **wide("z", DIGITS, logits),
        **wide("t", DIGITS, _soft_targets(images)),
    }
    return flat, {"proba": proba, "logits": logits}


def fit_digits(images: Images) -> LogisticRegression:
    """Fit multinomial logistic regression: its decision function gives logits, its weights are a 10×64 matrix."""
    return LogisticRegression(C=2.0, max_iter=2000).fit(images.train, images.train_digit)


def weights(model: LogisticRegression) -> Table:
    """The fitted coefficients, one row per class."""
    pixels = [str(pixel) for pixel in range(model.coef_.shape[1])]
    return {"class": list(DIGITS), **wide("w", pixels, model.coef_)}


def _soft_targets(images: Images) -> np.ndarray:
    """Shares of ten votes, of the label and its nearest training images, smoothed by a hundredth per class.

    They are rounded to hundredths, so that a row is short text and sums to 1 except for the last bits.
    """
    nearest = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(images.train).kneighbors(images.test, return_distance=False)
    votes = (images.train_digit[nearest][:, :, None] == np.arange(10)).sum(axis=1)
    votes += images.test_digit[:, None] == np.arange(10)
    return np.round(0.01 + 0.9 * votes / (NEIGHBOURS + 1), 2)
