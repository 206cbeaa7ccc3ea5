"""Terms a class in formulas: the mean of each class, and the words with which a value line makes a number of them."""

from __future__ import annotations

import operator

import mpmath as mp


class PerClass(dict):
    """One number a class; arithmetic is class by class."""

    def _with(self, other, operation):
        if isinstance(other, PerClass):
            return PerClass({c: operation(self.get(c, 0), other.get(c, 0)) for c in {**self, **other}})
        return PerClass({c: operation(value, other) for c, value in self.items()})

    def __add__(self, other):
        return self._with(other, operator.add)

    def __sub__(self, other):
        return self._with(other, operator.sub)

    def __mul__(self, other):
        return self._with(other, operator.mul)

    def __rsub__(self, other):
        return PerClass({c: other - value for c, value in self.items()})

    def map(self, function):
        """The function of each number."""
        return PerClass({c: function(value) for c, value in self.items()})

    __radd__, __rmul__ = __add__, __mul__


def by_class(value):
    """A term's value with classes as whole numbers where they are numbers."""
    return PerClass({key(c): one for c, one in value.items()})


def key(c):
    """A class as both sides call it: a number as its size, anything else as its text."""
    try:
        return float(c)
    except (TypeError, ValueError):
        return str(c)


def class_means(rows, weights, skip, count=None):
    """Term -> the mean of each class: what its values add up to, over the weight of all rows that are in any term.

    With a `count`, over that.
    """
    inside = [(w, row) for w, row in zip(weights, rows, strict=True) if any(v is not skip for v in row.values())]
    total = mp.fsum(w for w, _ in inside) if count is None else count
    terms = {term for row in rows for term, value in row.items() if isinstance(value, PerClass)}
    found = {}
    for term in terms:
        sums = PerClass()
        for w, row in inside:
            for c, value in row[term].items() if w and row[term] is not skip else ():
                sums[c] = sums.get(c, 0) + w * value / total
        found[term] = sums
    return found


def decision(pred, threshold):
    """The class with the largest probability, the first at a tie; of one probability by the threshold."""
    return pred.index(max(pred)) if isinstance(pred, list) else 1 if pred > threshold else 0


def averaged(average, over, under, weight, undefined=None, among=None):
    """The ratio of each class as one number; see losscli.contract.class_terms."""
    if average == "micro":
        return mp.fsum(over.values()) / mp.fsum(under.values())
    ratios, weights = [], []
    among = weight if among is None else among
    for c in {**over, **under, **among}:
        if under.get(c, 0):
            ratios.append(over.get(c, 0) / under[c])
        elif undefined is not None and among.get(c, 0):
            ratios.append(undefined)
        else:
            continue
        weights.append(weight.get(c, 0) if average == "weighted" else 1)
    return mp.fsum(map(operator.mul, ratios, weights)) / mp.fsum(weights)


def sum_of(values):
    """The sum over classes."""
    return mp.fsum(values.values())


def absolute(values):
    """The absolute value of each."""
    return PerClass({c: abs(value) for c, value in values.items()})


def if_several(value, per_class):
    """The value where at least two classes have something."""
    return value if sum(1 for one in per_class.values() if one) > 1 else mp.nan


def largest(values):
    """The largest."""
    return max(values.values())


def ratios(over, under):
    """over / under, 0 where there is nothing below."""
    return PerClass({c: value / under[c] if under.get(c, 0) else mp.mpf(0) for c, value in over.items()})


CLASS_WORDS = {word.__name__: word for word in (decision, averaged, sum_of, absolute, if_several, largest, ratios)}
