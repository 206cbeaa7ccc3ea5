"""Calibration: a small map of the predictions whose parameters lower a loss, found by gradient descent."""
