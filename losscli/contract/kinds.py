"""The kinds of column that a role may ask for: shape, domain, and the words for both.

The domain stands in the kind so that the check on entry, the help and the test data are drawn from one place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from losscli.lazy import dataclass

Array: TypeAlias = npt.NDArray[Any]
KnownBounds: TypeAlias = dict[int, tuple[Array, Any, Any]]
"""Arrays by their ids, each with its least and its largest number. The arrays are held, so that no other gets an id."""


# A probability may miss its bounds by this much (set to the bound, counted); class probabilities may miss 1 by NEAR
# silently and by FAR with a counted warning.
NEAR = 1e-6
FAR = 1e-2


@dataclass(frozen=True)
class Kind:
    """What a column must be: `shape` of one row's entry, and the values it may take.

    Shapes: "number" (several columns are several outputs), "vector", "vectors" (K vectors a row), "matrix" (read
    whole from its own file) and "class" (a name or whole number, given to the kernel as a position).
    """

    name: str
    says: str
    shape: Literal["number", "vector", "vectors", "matrix", "class"] = "number"
    low: float = -np.inf
    high: float = np.inf
    open_low: bool = False
    open_high: bool = False
    nonzero: bool = False
    slack: float = 0.0
    labels: tuple[tuple[str, float], ...] = ()
    classes: bool = False
    total: float | None = None
    divided: bool = False  # a row is divided by its sum, which must be above 0
    shortest: float = 0.0  # the least length of a vector other than 0
    size: int | None = None  # numbers a row, where the kind has so many
    multiple: int = 1  # numbers a row are a multiple of it: those of one point
    own_width: bool = False  # it has as many numbers as its loss says, whatever other vectors and tables have
    share: int = 1  # there is one number for so many of the other vectors of a row: one a point
    ordered: tuple[tuple[int, int], ...] = ()  # of each pair of entries the second is not below the first
    at_least_zero: tuple[int, ...] = ()  # entries that are not below 0
    sides: tuple[float, float] | None = None  # what a label means: (any other, the positive one)
    triangular: bool = False  # a lower triangular matrix, its diagonal above 0; what is above that is not read
    hint: str | None = None
    link: str | None = None  # the function that makes such values of logits
    logit: bool = False
    whole: bool = False
    last: int | None = None  # it counts the numbers of its row's vector, or of a list: the largest is so many and this
    members: bool = False  # its numbers are members of an ensemble, of which the order tells nothing
    single: bool = False  # a number that is one column: several would be no outputs of a row

    @property
    def allowed(self) -> tuple[float, ...]:
        """The only values there are, where the kind is a closed set."""
        return tuple(dict.fromkeys(value for _, value in self.labels))

    @property
    def any_number(self) -> bool:
        """Whether every finite number is in the domain."""
        return self.low == -np.inf and self.high == np.inf and not (self.nonzero or self.whole or self.labels)

    def array(self, values: Any) -> Array:
        """`values` from a Python caller, as the kernel wants them."""
        if self.shape == "class":
            array = np.asarray(values)
            if array.ndim != 1:
                raise ValueError("expected one class per row")
            if array.dtype.kind in "iu" or (array.dtype.kind == "f" and (array == np.floor(array)).all()):
                return array.astype(np.int64)
            if array.dtype.kind == "f":
                raise ValueError("a class must be a whole number or a name")
            return np.unique(array, return_inverse=True)[1].astype(np.int64)
        array = np.ascontiguousarray(values, dtype=np.float64)
        numbers = (1,) if self.single else (1, 2)
        wanted = {"number": numbers, "vector": (2,), "vectors": (3,), "matrix": (2,)}[self.shape]
        if array.ndim not in wanted:
            raise ValueError(f"expected {self.says}: {wanted[0]} dimension(s), got {array.ndim}")
        if self.shape == "vector" and (problem := self.width_problem(array.shape[1])):
            raise ValueError(problem)
        if self.triangular and array.shape[1] != array.shape[2]:
            raise ValueError(f"expected {self.says}: as many rows as columns, got {array.shape[1]} x {array.shape[2]}")
        return array

    def width_problem(self, width: int) -> str | None:
        """What is wrong with so many numbers a row (None: nothing)."""
        if self.size is not None and width != self.size:
            return f"expected {self.says}: {self.size} numbers per row, got {width}"
        if width % self.multiple:
            return f"expected {self.says}: a multiple of {self.multiple} numbers per row, got {width}"
        return None

    def outside(self, values: Array, bounds: KnownBounds | None = None) -> Array | None:
        """Which entries lie outside the domain (None: no entry does); NaN and infinities do.

        `bounds` has the least and the largest of some arrays, and gets those of `values`.
        """
        if self.labels:
            good = np.zeros(values.shape, dtype=bool)
            for allowed in self.allowed:
                good |= values == allowed
            return None if good.all() else ~good
        if values.size == 0:
            return None
        # Two reductions settle the common case without a temporary; NaN fails the comparisons.
        known = {} if bounds is None else bounds
        if id(values) not in known:
            known[id(values)] = values, values.min(), values.max()
        _, low, high = known[id(values)]
        inside = (low > self.low if self.open_low else low >= self.low) and (
            high < self.high if self.open_high else high <= self.high
        )
        whole = not self.whole or bool((values == np.floor(values)).all())
        if inside and whole and np.isfinite(low) and np.isfinite(high) and not (self.nonzero and low <= 0 <= high):
            return None
        above = values > self.low if self.open_low else values >= self.low
        below = values < self.high if self.open_high else values <= self.high
        good = above & below & np.isfinite(values)
        if self.nonzero:
            good &= values != 0
        if self.whole:
            good &= values == np.floor(values)
        return None if good.all() else ~good

    def first_bad(self, values: Array) -> tuple[int, Any] | None:
        """The row and the value of the first entry outside the domain."""
        if self.shape == "class":
            return None
        bad = self.outside(values)
        if bad is not None:
            flat = int(np.argmax(bad))
            return flat // int(np.prod(values.shape[1:], dtype=int)), values.ravel()[flat]
        if self.total is not None and len(values):
            off = np.abs(values.sum(axis=-1) - self.total) > FAR
            if off.any():
                row = int(np.argmax(off))
                return row, f"a row that sums to {float(values[row].sum()):g}"
        return self.bad_row(values)

    def bad_row(self, values: Array) -> tuple[int, str] | None:
        """The first row that is outside as a whole, and what it is."""
        if not len(values) or (values.ndim > 1 and self.width_problem(values.shape[1])):
            return None
        for bad, what in self._bad_rows(values):
            if bad.any():
                return int(np.argmax(bad)), what
        return None

    def _bad_rows(self, values: Array) -> Iterator[tuple[Array, str]]:
        if self.divided:
            yield np.asarray(~(values > 0).any(axis=-1)), "a row that sums to 0"
        if self.shortest:
            yield values.any(axis=-1) & (np.sqrt(np.square(values).sum(axis=-1)) < self.shortest), "a shorter vector"
        for first, second in self.ordered:
            yield values[:, second] < values[:, first], f"a row whose number {second + 1} is below number {first + 1}"
        if self.triangular:
            flat = values.reshape(len(values), -1)
            diagonal = flat[:, :: math.isqrt(flat.shape[1]) + 1]
            yield np.asarray((diagonal <= 0).any(axis=-1)), "a matrix whose diagonal is not above 0"
        for entry in self.at_least_zero:
            yield values[:, entry] < 0, f"a row whose number {entry + 1} is below 0"


_BINARY = (("0", 0.0), ("1", 1.0), ("false", 0.0), ("true", 1.0))
_POSITIVE_HINT = "name the positive class label with --positive LABEL"

Real: TypeAlias = Annotated[Array, Kind("Real", "a real number")]
Logit: TypeAlias = Annotated[Array, Kind("Logit", "a logit: any real number", logit=True)]
NonNegative: TypeAlias = Annotated[Array, Kind("NonNegative", "a number of at least 0", low=0.0)]
Score: TypeAlias = Annotated[Array, Kind("Score", "one score: a real number", single=True)]
PositiveScore: TypeAlias = Annotated[
    Array, Kind("PositiveScore", "a score above 0", low=0.0, open_low=True, single=True)
]
Time: TypeAlias = Annotated[Array, Kind("Time", "a time: a number above 0", low=0.0, open_low=True, single=True)]
Event: TypeAlias = Annotated[
    Array, Kind("Event", "whether the event was seen: 0 or 1", low=0.0, high=1.0, single=True,
                labels=(("0", 0.0), ("1", 1.0), ("false", 0.0), ("true", 1.0)), sides=(0.0, 1.0))
]  # fmt: skip
BinNumber: TypeAlias = Annotated[
    Array, Kind("BinNumber", "the number of a bin, counted from 0", low=0.0, single=True, whole=True, last=-1)
]
Relevance: TypeAlias = Annotated[
    Array, Kind("Relevance", "how relevant a row is: a number of at least 0", low=0.0, single=True)
]
LogProb: TypeAlias = Annotated[Array, Kind("LogProb", "a log-probability: a number of at most 0", high=0.0)]
Positive: TypeAlias = Annotated[Array, Kind("Positive", "a number above 0", low=0.0, open_low=True)]
Negative: TypeAlias = Annotated[Array, Kind("Negative", "a number below 0", high=0.0, open_high=True)]
NonZero: TypeAlias = Annotated[
    Array, Kind("NonZero", "a number other than 0", nonzero=True,
                hint="leave rows with a target of 0 out with --where 'TARGET != 0', or use smape or wmape")
]  # fmt: skip
AboveMinusOne: TypeAlias = Annotated[
    Array, Kind("AboveMinusOne", "a number above -1 (its log1p is taken)", low=-1.0, open_low=True)
]
Prob: TypeAlias = Annotated[
    Array, Kind("Prob", "a probability in [0, 1]", low=0.0, high=1.0, slack=NEAR, link="sigmoid")
]
OpenProb: TypeAlias = Annotated[
    Array,
    Kind("OpenProb", "a number between 0 and 1, neither of them", low=0.0, high=1.0, open_low=True, open_high=True),
]
SoftBinary: TypeAlias = Annotated[
    Array,
    Kind(
        "SoftBinary",
        "0 or 1, or a probability between",
        low=0.0,
        high=1.0,
        slack=NEAR,
        sides=(0.0, 1.0),
        hint=_POSITIVE_HINT,
    ),
]
Binary: TypeAlias = Annotated[
    Array,
    Kind("Binary", "0 or 1", low=0.0, high=1.0, labels=_BINARY, sides=(0.0, 1.0), hint=_POSITIVE_HINT),
]
Sign: TypeAlias = Annotated[
    Array,
    Kind("Sign", "-1 or 1", low=-1.0, high=1.0, labels=(("-1", -1.0), ("1", 1.0)), sides=(-1.0, 1.0),
         hint="for targets coded 0 and 1, or as text, name the positive class label with --positive LABEL"),
]  # fmt: skip
Side: TypeAlias = Annotated[
    Array,
    Kind("Side", "the domain, x or y", low=0.0, high=1.0,
         labels=(("x", 0.0), ("y", 1.0), ("X", 0.0), ("Y", 1.0), ("a", 0.0), ("b", 1.0), ("A", 0.0), ("B", 1.0))),
]  # fmt: skip
ClassId: TypeAlias = Annotated[Array, Kind("ClassId", "a class: its name or number", shape="class")]
Vector: TypeAlias = Annotated[Array, Kind("Vector", "a vector of real numbers", shape="vector")]


def vector_of(shortest: float) -> Any:
    """The kind of vectors of length 0, or of at least so much."""
    says = f"a vector of length 0, or of at least {shortest:g}"
    return Annotated[Array, Kind("Vector", says, shape="vector", shortest=shortest)]


Quantiles: TypeAlias = Annotated[Array, Kind("Quantiles", "predicted quantiles, one for each level", shape="vector")]
Ensemble: TypeAlias = Annotated[
    Array, Kind("Ensemble", "the members of an ensemble, in any order", shape="vector", members=True)
]
Mixture: TypeAlias = Annotated[
    Array, Kind("Mixture", "weights of the components of a mixture, which sum to 1", shape="vector", low=0.0, high=1.0,
                slack=NEAR, total=1.0)
]  # fmt: skip
PositiveVector: TypeAlias = Annotated[
    Array, Kind("PositiveVector", "a vector of numbers above 0", shape="vector", low=0.0, open_low=True)
]
Cumulative: TypeAlias = Annotated[
    Array, Kind("Cumulative", "cumulative probabilities in [0, 1], one for each number of a grid", shape="vector",
                low=0.0, high=1.0, slack=NEAR, own_width=True)
]  # fmt: skip
Vectors: TypeAlias = Annotated[Array, Kind("Vectors", "K vectors, one after the other", shape="vectors")]
ProbVector: TypeAlias = Annotated[
    Array,
    Kind("ProbVector", "class probabilities that sum to 1", shape="vector", low=0.0, high=1.0, slack=NEAR,
         classes=True, total=1.0, link="softmax"),
]  # fmt: skip
CholeskyFactor: TypeAlias = Annotated[
    Array,
    Kind("CholeskyFactor", "a lower triangular matrix, row by row, with a diagonal above 0", shape="vectors",
         triangular=True),
]  # fmt: skip
Shares: TypeAlias = Annotated[
    Array, Kind("Shares", "class shares: numbers of at least 0, divided by their sum", shape="vector", low=0.0,
                slack=NEAR, classes=True, divided=True, link="softmax")
]  # fmt: skip
LogitVector: TypeAlias = Annotated[
    Array, Kind("LogitVector", "class logits: any real numbers", shape="vector", classes=True, logit=True)
]
Rank: TypeAlias = Annotated[
    Array, Kind("Rank", "the number of an ordered class: a whole number from 0", low=0.0, whole=True, last=0)
]
LogProbVector: TypeAlias = Annotated[
    Array,
    Kind("LogProbVector", "class log-probabilities: numbers of at most 0", shape="vector", high=0.0, classes=True),
]
ClassSizes: TypeAlias = Annotated[
    Array, Kind("ClassSizes", "the size of each class: counts or shares above 0", shape="vector", low=0.0,
                open_low=True, classes=True)
]  # fmt: skip
LabelSet: TypeAlias = Annotated[
    Array, Kind("LabelSet", "0 or 1 for each label", shape="vector", low=0.0, high=1.0,
                labels=(("0", 0.0), ("1", 1.0)), classes=True)
]  # fmt: skip
LabelProbs: TypeAlias = Annotated[
    Array, Kind("LabelProbs", "a probability in [0, 1] for each label", shape="vector", low=0.0, high=1.0, slack=NEAR,
                classes=True, link="sigmoid")
]  # fmt: skip
Amounts: TypeAlias = Annotated[Array, Kind("Amounts", "a vector of numbers of at least 0", shape="vector", low=0.0)]
Matrix: TypeAlias = Annotated[Array, Kind("Matrix", "a table of numbers, read whole", shape="matrix")]
Prototypes: TypeAlias = Annotated[
    Array, Kind("Prototypes", "a table with one row a class, read whole", shape="matrix", classes=True)
]
