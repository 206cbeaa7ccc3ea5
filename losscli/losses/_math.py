"""Safe pieces that several families share: each keeps its digits where the textbook form loses them."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array
from losscli.contract.shared_arrays import shared

ROWS = 64  # rows a tile of a matrix product; a multiple of every BLAS micro-kernel's height


@shared
def residual(pred: Array, target: Array) -> Array:
    """pred - target. Losses share the array: it is not written into."""
    return np.asarray(pred - target)


@shared
def error_size(pred: Array, target: Array) -> Array:
    """|pred - target|. Losses share the array: it is not written into."""
    return np.asarray(np.abs(residual(pred, target)))


def any_infinite(values: Array) -> bool:
    """Whether one of some values that are not below 0 is infinite, in one pass."""
    return bool(np.maximum.reduce(values, axis=None, initial=0.0) == np.inf)


def log_one_plus(x: Array) -> Array:
    """log(1 + x) for -1 <= x <= 1, with all digits also near 0; far faster than log1p where NumPy has no vectors."""
    whole = 1.0 + x
    # What the sum lost is exact, and log(whole + lost) is log(whole) + lost / whole. The division is left out: lost is
    # at most 2^-53, and not 0 only for whole >= 0.5, so that changes the value by at most 2^-53 of itself.
    lost = np.subtract(whole, 1.0)
    np.subtract(x, lost, out=lost)
    np.log(whole, out=whole)
    return np.add(whole, lost, out=whole)


def tail(x: Array) -> Array:
    """e^-|x|: what softplus and sigmoid are made of, on both sides."""
    size = np.abs(x)
    np.negative(size, out=size)
    return np.exp(size, out=size)


def softplus(x: Array) -> Array:
    """log(1 + e^x), exact in both tails."""
    value = log_one_plus(tail(x))
    return np.add(value, np.maximum(x, 0.0), out=value)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x) without overflow; keeps its digits for very negative x."""
    small = tail(x)
    # The larger of e^-|x| and that of x >= 0 is the numerator; np.where takes its time where signs alternate.
    return np.maximum(small, x >= 0) / (1.0 + small)


def xlogy(x: Array, y: Array) -> Array:
    """x * log(y), and 0 where x is 0 whatever y is."""
    return np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, y)))


def xlog1py(x: Array, y: Array) -> Array:
    """x * log(1 + y), and 0 where x is 0 whatever y is."""
    return np.where(x == 0, 0.0, x * np.log1p(np.where(x == 0, 0.0, y)))


def power(base: Array, exponent: Array | float) -> Array:
    """base**exponent, where an exponent of a row gives the bits that it gives as the one number of all rows.

    NumPy has ways of its own for some numbers, and where the processor has AVX-512 they differ from the general one.
    """
    if np.ndim(exponent) == 0:
        return np.asarray(base**exponent)
    found = np.asarray(base**exponent)
    for number in (-1.0, 0.5, 2.0):
        same = np.broadcast_to(exponent == number, found.shape)
        if same.any():
            found[same] = (np.broadcast_to(base, found.shape)[same]) ** number
    return found


def times(weight: Array, values: Array) -> Array:
    """weight * values, and 0 where the weight is 0 though the value be infinite."""
    return np.where(weight == 0, 0.0, weight * values)


def over(weight: Array, values: Array) -> Array:
    """weight / values, and 0 where the weight is 0 whatever the value is."""
    return np.where(weight == 0, 0.0, weight / np.where(weight == 0, 1.0, values))


def dot(a: Array, b: Array) -> Array:
    """The inner product of each row of `a` with the same row of `b`; a row's bits do not depend on its neighbours."""
    return np.asarray((a * b).sum(axis=-1))


def norm(a: Array) -> Array:
    """The length of each vector; scaled first, so that squares neither overflow nor vanish."""
    # Two reductions; the array of sizes would take longer to write.
    scale = np.maximum(a.max(axis=-1, keepdims=True), -a.min(axis=-1, keepdims=True))
    safe = np.where(scale > 0, scale, 1.0)
    squares = a / safe
    np.square(squares, out=squares)
    return np.asarray((safe * np.sqrt(squares.sum(axis=-1, keepdims=True)) * (scale > 0))[..., 0])


def measured(a: Array) -> tuple[Array, Array]:
    """The vectors and their lengths, with an axis more; one that is longer than any double is made 2**-64 as long."""
    length = norm(a)[..., None]
    beyond = np.isinf(length) & np.isfinite(a).all(axis=-1, keepdims=True)
    if beyond.any():
        a = a * np.where(beyond, 2.0**-64, 1.0)
        length = norm(a)[..., None]
    return a, length


def unit(a: Array) -> Array:
    """Each vector divided by its length; a zero vector stays zero, so its cosine with anything is 0."""
    a, length = measured(a)
    return a / np.where(length > 0, length, 1.0)


def unit_slope(a: Array, slope: Array) -> Array:
    """The slope by `a` of something whose slope by unit(a) is `slope`; 0 at the zero vector."""
    long = np.isinf(norm(a))[..., None]
    a, length = measured(a)
    u = a / np.where(length > 0, length, 1.0)
    across = slope - u * (u * slope).sum(axis=-1, keepdims=True)
    return np.where(length > 0, across / np.where(length > 0, length, 1.0), 0.0) * np.where(long, 2.0**-64, 1.0)


def log_sum_exp(x: Array) -> Array:
    """log of the sum of e^x over the last axis."""
    top = x.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    return np.asarray(np.log(np.exp(x - top).sum(axis=-1)) + top[..., 0])


def log_softmax(x: Array) -> Array:
    """Log class probabilities. The largest entry is taken out of the sum, so a confident row keeps its digits."""
    top = x.argmax(axis=-1)[..., None]
    shifted = x - np.take_along_axis(x, top, axis=-1)
    grown = np.exp(shifted)
    np.put_along_axis(grown, top, 0.0, axis=-1)
    return np.asarray(shifted - np.log1p(grown.sum(axis=-1, keepdims=True)))


def softmax(x: Array) -> Array:
    """Class probabilities of each row of logits."""
    grown = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def distribution(target: Array, classes: int) -> Array:
    """`target` as one row of class shares each: one-hot where it holds positions."""
    if target.ndim == 2:
        return target
    shares = np.zeros((len(target), classes))
    shares[np.arange(len(target)), target] = 1.0
    return shares


def rows_times(rows: Array, matrix: Array) -> Array:
    """rows @ matrix.T in padded tiles of one shape, so that a row's bits do not depend on where it was cut."""
    count, width = rows.shape
    out = np.empty((count, len(matrix)))
    tile = np.zeros((ROWS, width))
    for start in range(0, count, ROWS):
        part = rows[start : start + ROWS]
        tile[: len(part)] = part
        tile[len(part) :] = 0.0
        out[start : start + len(part)] = (tile @ matrix.T)[: len(part)]
    return out


def log_shortfall(u: Array) -> Array:
    """u - log1p(u), never negative, with all digits also near 0; for -0.5 <= u <= 1."""
    s = u / (2 + u)
    square = s * s
    series = np.zeros_like(s)
    # log1p(u) = 2 atanh(s) = 2 (s + s^3/3 + s^5/5 + ...) and u - 2 s = u s; at s = 1/3 the 17th part is below 1e-17.
    for k in range(17, 0, -1):
        series = (series + 1 / (2 * k + 1)) * square
    return u * s - 2 * s * series


# log Gamma(2 + x) = (1 - Euler's constant) x + sum over k >= 2 of (-1)^k (zeta(k) - 1) x^k / k
_LOG_GAMMA_AT_2 = (
    0.42278433509846713, 0.3224670334241132, -0.0673523010531981, 0.020580808427784546, -0.007385551028673986,
    0.0028905103307415234, -0.001192753911703261, 0.0005096695247430425, -0.00022315475845357939,
    9.945751278180853e-05, -4.492623673813314e-05, 2.050721277567069e-05, -9.439488275268397e-06,
    4.374866789907488e-06, -2.039215753801366e-06, 9.55141213040742e-07, -4.492469198764566e-07,
    2.1207184805554665e-07, -1.0043224823968099e-07, 4.7698101693639804e-08, -2.2711094608943164e-08,
    1.0838659214896955e-08, -5.183475041970047e-09, 2.4836745438024785e-09, -1.1921401405860912e-09,
    5.731367241678862e-10, -2.7595228851242334e-10,
)  # fmt: skip
# Bernoulli(2k) / (2k (2k - 1))
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)


def stirling_rest(y: Array) -> Array:
    """log(y!) less y log y - y + log(2 pi y) / 2; for y >= 10, where the first parts left out are below 1e-17."""
    inverse, series = 1 / y, np.zeros_like(y)
    for part in reversed(_STIRLING):
        series = series * inverse * inverse + part
    return series * inverse


def stirling_growth(y: Array, log: Array) -> Array:
    """stirling_rest(y e^log) less stirling_rest(y), with all digits also where `log` is small."""
    parts = [part * np.expm1(-(2 * k + 1) * log) / y ** (2 * k + 1) for k, part in enumerate(_STIRLING)]
    return np.asarray(sum(reversed(parts)))


def log_factorial(y: Array) -> Array:
    """log Gamma(y + 1) for y >= 0, with all digits also near its zeros at 0 and 1."""
    large = y >= 10
    big, rest, product = np.where(large, y, 10.0), np.where(large, 1.0, y), np.ones_like(y)
    for _ in range(9):  # y! = y (y - 1)!, down to 0.5 < rest <= 1.5; the differences are exact
        product = np.where(rest > 1.5, product * rest, product)
        rest = np.where(rest > 1.5, rest - 1, rest)
    below = rest <= 0.5
    x, series = np.where(below, rest, rest - 1), np.zeros_like(y)
    for part in reversed(_LOG_GAMMA_AT_2):
        series = (series + part) * x
    small = np.log(product) + series - np.where(below, np.log1p(rest), 0.0)
    return np.where(large, big * (np.log(big) - 1) + 0.5 * np.log(2 * np.pi * big) + stirling_rest(big), small)


def expm1_beyond(x: Array) -> Array:
    """e^x - 1 - x, never negative, with all digits also near 0."""
    near = np.abs(x) < 0.5
    small = np.where(near, x, 0.0)
    # x^2 / 2 (1 + x / 3 (1 + x / 4 (1 + ...))); at 0.5 the 15th part is below 1e-17.
    series = np.ones_like(small)
    for k in range(16, 2, -1):
        series = 1 + small / k * series
    return np.where(near, 0.5 * small * small * series, np.expm1(x) - x)


def log_quotient(a: Array, b: Array) -> Array:
    """log(a / b) of numbers above 0, with all digits also where they are near or far apart."""
    ratio = a / b
    gap = (a - b) / b
    value = np.where(np.abs(gap) < 0.5, np.log1p(np.clip(gap, -0.5, 0.5)), np.log(ratio))
    lost = ~((ratio > 1e-300) & (ratio < 1e300))
    if lost.any():
        value[lost] = np.log(a[lost]) - np.log(b[lost])
    return np.asarray(value)


def log1p_square(ratio: Array, b: float) -> Array:
    """log(1 + ratio^2 / b), where the square may overflow."""
    value = np.log1p(np.square(ratio) / b)
    far = np.isinf(value) & np.isfinite(ratio)
    if far.any():
        value[far] = 2 * np.log(ratio[far]) - np.log(b)
    return np.asarray(value)


def poisson_part(plain: Array, target: Array, growth: Array, added: float = 0.0) -> Array:
    """rate - y log(rate + added) + log(y!), where `plain` is the first part and growth = (rate + added - y) / y.

    Near the target the terms of a large count cancel to a few digits. There log(y!) is taken apart by Stirling and
    y log y - y goes into the first part: y * (growth - log1p(growth)), a sum of non-negative parts.
    """
    near = (target >= 10) & (growth > -0.5) & (growth < 1)
    y, u = np.where(near, target, 10.0), np.where(near, growth, 0.0)
    close = y * log_shortfall(u) - added + 0.5 * np.log(2 * np.pi * y) + stirling_rest(y)
    return np.where(near, close, plain + log_factorial(target))
