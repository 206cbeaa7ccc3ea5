"""Writes sklearn.json: what CalibratedClassifierCV of scikit-learn finds on the sample data.

    python tests/execution/calibration/make_sklearn.py     # with scikit-learn 1.8 or later, and pandas

The classifier is frozen: its decision function is a column of the file, so only the calibration is fitted. Sigmoid
calibration moves its targets off 0 and 1 (Platt's prior correction); they stand in the file, so that a loss can take
them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

HERE = Path(__file__).parent
SAMPLE = HERE.parents[2] / "sample_data"


class Column(ClassifierMixin, BaseEstimator):
    """A classifier whose decision function are the columns that it is given."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, x):
        return x[:, 0] if x.shape[1] == 1 else x

    def predict(self, x):
        scores = self.decision_function(x)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]


def calibrated(x, y, method):
    model = CalibratedClassifierCV(FrozenEstimator(Column().fit(x, y)), method=method).fit(x, y)
    (found,) = model.calibrated_classifiers_
    return found.calibrators[0]


def main():
    cancer, digits = (pd.read_csv(SAMPLE / name, float_precision="round_trip") for name in ("cancer.csv", "digits.csv"))
    y = cancer["malignant"].to_numpy()
    sigmoid = calibrated(cancer[["svm_score"]].to_numpy(), y, "sigmoid")
    steps = calibrated(cancer[["boosting_p"]].to_numpy(), y, "isotonic")
    logits = digits.filter(regex="^z_")
    names = [name.removeprefix("z_") for name in logits]
    classes = np.array([names.index(name) for name in digits["digit"]])
    temperature = calibrated(logits.to_numpy(), classes, "temperature")
    positive, negative = (y == 1).sum(), (y == 0).sum()
    found = {
        "scikit-learn": sklearn.__version__,
        # p = 1 / (1 + exp(a * score + b)): the slope and the bias of the logit are -a and -b
        "sigmoid": {"slope": -sigmoid.a_, "bias": -sigmoid.b_},
        "sigmoid_targets": {"0": 1 / (negative + 2), "1": (positive + 1) / (positive + 2)},
        "temperature": float(1 / temperature.beta_),
        "isotonic_knots": [steps.X_thresholds_.tolist(), steps.y_thresholds_.tolist()],
    }  # fmt: skip
    (HERE / "sklearn.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
