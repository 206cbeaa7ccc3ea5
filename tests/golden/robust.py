"""Numbers for the losses in which large errors have little pull, or small ones cost nothing."""

from __future__ import annotations

from peers import Case, by_hand, by_lightgbm, by_numpy
from regression import BINARY_FRACTIONS, HALVES, OUTPUTS, PLAIN, WEIGHTS


def cases() -> list[Case]:
    return [*_bent(), *_barron(), *_tolerant()]


def _bent() -> list[Case]:
    tukey = (
        "torch.where((pred - target).abs() <= {0}, {0}**2 / 6 * (1 - (1 - ((pred - target) / {0})**2)**3), {0}**2/6)"
    )
    biweight = "statsmodels.robust.norms.TukeyBiweight(c={})"
    weighted = "np.average({}.rho(pred - target), weights=w)"
    fair = "{0}**2 * ((pred - target).abs() / {0} - torch.log1p((pred - target).abs() / {0}))"
    squared = "((pred - target) / {0})**2"
    found = [
        by_numpy("statsmodels", "tukey_biweight", f"{biweight.format(4.685)}.rho(pred - target).mean()", PLAIN),
        by_numpy("statsmodels", "tukey_biweight:delta=1.5", f"{biweight.format(1.5)}.rho(pred - target).mean()", PLAIN),
        by_numpy("statsmodels", "tukey_biweight:delta=2.5", weighted.format(biweight.format(2.5)), PLAIN,
                 weights=WEIGHTS),
        by_hand("tukey_biweight:delta=1.5", f"{tukey.format(1.5)}.mean()", PLAIN),
        by_lightgbm("fair fair@lightgbm", {"objective": "fair", "metric": "fair"}, BINARY_FRACTIONS, weights=HALVES),
        by_lightgbm("fair:delta=2.5", {"objective": "fair", "metric": "fair", "fair_c": 2.5}, BINARY_FRACTIONS),
        by_hand("fair:delta=0.4", f"({fair.format(0.4)}).mean()", OUTPUTS),
        by_numpy("scipy", "cauchy", "(scipy.special.log1p((pred - target)**2) / 2).mean()", PLAIN),
    ]  # fmt: skip
    for name, formula in (
        ("cauchy", "{0}**2 / 2 * torch.log1p(%s)"),
        ("welsch", "-{0}**2 / 2 * torch.expm1(-%s)"),
        ("geman_mcclure", "{0}**2 / 2 * (pred - target)**2 / ((pred - target)**2 + {0}**2)"),
    ):
        text = formula.replace("%s", squared)
        found += [
            by_hand(name, f"({text.format(1.0)}).mean()", PLAIN),
            by_hand(f"{name}:delta=2.5", f"(w * {text.format(2.5)}).sum() / w.sum()", PLAIN, weights=WEIGHTS),
        ]
    kornia = {
        "cauchy:delta=1.4142135623730951": "torch.log1p((pred - target)**2 / 2).mean()",
        "welsch:delta=1.4142135623730951": "(1 - torch.exp(-(pred - target)**2 / 2)).mean()",
        "geman_mcclure:delta=2": "(2 * (pred - target)**2 / ((pred - target)**2 + 4)).mean()",
    }
    return [*found, *(by_hand(spec, call, PLAIN) for spec, call in kornia.items())]


def _barron() -> list[Case]:
    general = "({1} / {0} * ((((pred - target) / {2})**2 / {1} + 1)**({0} / 2) - 1)).mean()"
    wing = "torch.where(({0}) < {1}, {1} * torch.log1p(({0}) / {2}), {0} - ({1} - {1} * math.log1p({1} / {2}))).mean()"
    size = "(pred - target).abs()"
    return [
        by_numpy("scipy", "barron", "scipy.special.pseudo_huber(1.0, pred - target).mean()", PLAIN),
        by_numpy("scipy", "barron:delta=0.4", "(scipy.special.pseudo_huber(0.4, pred - target) / 0.16).mean()", PLAIN),
        by_hand("barron:exponent=2,delta=1.5", "(((pred - target) / 1.5)**2 / 2).mean()", OUTPUTS),
        by_hand("barron:exponent=0,delta=1.5", "torch.log1p(((pred - target) / 1.5)**2 / 2).mean()", PLAIN),
        *(
            by_hand(f"barron:exponent={shape},delta={delta}", general.format(shape, abs(shape - 2), delta), PLAIN)
            for shape, delta in ((-2.0, 1.0), (0.5, 2.5), (1.0, 0.4), (4.0, 3.0))
        ),
        by_hand("charbonnier", "((pred - target) ** 2 + 1e-6).sqrt().mean()", PLAIN),
        by_hand("charbonnier:eps=0.6", "(w * ((pred - target) ** 2 + 0.36).sqrt()).sum() / w.sum()", PLAIN,
                weights=WEIGHTS),
        by_numpy("scipy", "charbonnier:eps=1", "1 + scipy.special.pseudo_huber(1.0, pred - target).mean()", PLAIN),
        by_hand("wing", wing.format(size, 5.0, 0.5), PLAIN),
        by_hand("wing:width=10,curvature=2", wing.format(size, 10.0, 2.0), OUTPUTS),
        by_hand("wing:width=0.5,curvature=0.2", wing.format(size, 0.5, 0.2), PLAIN),
    ]  # fmt: skip


def _tolerant() -> list[Case]:
    found = []
    for name, square in (("EpsilonInsensitive", ""), ("SquaredEpsilonInsensitive", "**2")):
        spec = {"": "epsilon_insensitive", "**2": "squared_epsilon_insensitive"}[square]
        call = (
            f"np.average([sklearn.linear_model._sgd_fast.{name}({{}}).py_loss(y, p) for y, p in zip(target, pred)]{{}})"
        )
        formula = f"(torch.relu((pred - target).abs() - 0.6){square}).mean()"
        found += [
            by_numpy("sklearn", spec, call.format(0.1, ""), PLAIN),
            by_numpy("sklearn", f"{spec}:tolerance=0.8", call.format(0.8, ", weights=w"), PLAIN, weights=WEIGHTS),
            by_hand(f"{spec}:tolerance=0.6", formula, OUTPUTS),
        ]
    return found
