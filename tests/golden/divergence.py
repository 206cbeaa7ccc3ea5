"""Numbers for the distances between distributions over classes."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy

SHARES: Inputs = {
    "pred": [[0.21, 0.43, 0.36], [0.07, 0.15, 0.78], [0.52, 0.37, 0.11], [0.33, 0.28, 0.39]],
    "target": [[0.17, 0.58, 0.25], [0.12, 0.09, 0.79], [0.44, 0.23, 0.33], [0.61, 0.08, 0.31]],
}
CLASSES: Inputs = {"pred": SHARES["pred"], "target": [1, 2, 0, 2]}
WEIGHTS = [1.3, 0.6, 2.75, 0.9]


def cases() -> list[Case]:
    middle = "((pred + target) / 2)"
    js = f"(torch.xlogy(pred, pred / {middle}) + torch.xlogy(target, target / {middle})).sum(1) / 2"
    steps, hard = "(pred - target).cumsum(1)[:, :-1]", "(pred - F.one_hot(target, 3)).cumsum(1)[:, :-1]"
    formulas = {
        "js_divergence": js,
        "total_variation_distance": "(pred - target).abs().sum(1) / 2",
        "hellinger": "((pred.sqrt() - target.sqrt())**2).sum(1).sqrt() / math.sqrt(2)",
        "rps": f"({steps}**2).sum(1)",
        "wasserstein_1d": f"{steps}.abs().sum(1)",
    }
    found = []
    for name, formula in formulas.items():
        found += [
            by_hand(name, f"({formula}).mean()", SHARES),
            by_hand(name, f"(w * ({formula})).sum() / w.sum()", SHARES, weights=WEIGHTS),
        ]
    each = "np.mean([{} for p, t in zip(pred, target)])"
    distance = "scipy.stats.wasserstein_distance(range(3), range(3), p, t)"
    energy = "scipy.stats.energy_distance(range(3), range(3), p, t)**2 / 2"
    amounts: Inputs = {
        "pred": [[2.1, 0.43, 3.6], [0.7, 1.5, 7.8], [5.2, 0.37, 1.1], [0.33, 2.8, 3.9]],
        "target": [[1.7, 0.58, 2.5], [1.2, 0.0, 7.9], [4.4, 2.3, 0.33], [0.61, 8.1, 3.1]],
    }
    generalized = "(F.kl_div(pred.log(), target, reduction='none') - target + pred).sum(1)"
    logits: Inputs = {
        "pred": [[2.1, -0.43, 0.6], [-0.7, 1.5, 2.8], [1.2, 0.37, -1.1], [0.33, -2.8, 0.9]],
        "teacher": [[1.7, 0.58, -0.5], [1.2, 0.4, 3.9], [0.4, 2.3, -0.33], [0.61, -1.1, 2.1]],
    }
    soft = "F.kl_div(F.log_softmax(pred / {0}, 1), F.softmax(teacher / {0}, 1), reduction='none').sum(1) * {0} ** 2"
    mixed = "(torch.xlogy({0}, {0} / ({2} * target + (1 - {2}) * pred))).sum(1) * {1}"
    jensen = f"{mixed.format('target', '{0}', '{0}')} + {mixed.format('pred', '(1 - {0})', '{0}')}"
    reverse = "(pred * (pred / target).log()).sum(1)"
    more = {
        "distillation": (soft.format(4.0), logits),
        "distillation:temperature=1.5": (soft.format(1.5), logits),
        "generalized_jsd:target_share=0.3": (jensen.format(0.3), SHARES),
        "generalized_jsd:target_share=0.8": (jensen.format(0.8), SHARES),
        "reverse_kl": (reverse, SHARES),
        "jensen_shannon_distance": (f"({js}).sqrt()", SHARES),
    }
    for spec, (formula, inputs) in more.items():
        found += [
            by_hand(spec, f"({formula}).mean()", inputs),
            by_hand(spec, f"(w * ({formula})).sum() / w.sum()", inputs, weights=WEIGHTS),
        ]
    return [
        *found,
        by_numpy("scipy", "jensen_shannon_distance",
                 each.format("scipy.spatial.distance.jensenshannon(p, t)"), SHARES),
        by_numpy("scipy", "reverse_kl", each.format("scipy.stats.entropy(p, t)"), SHARES),
        by_numpy("scipy", "generalized_kl", "scipy.special.kl_div(target, pred).sum() / 4", amounts),
        by_hand("generalized_kl", f"{generalized}.mean()", amounts),
        by_hand("generalized_kl", f"(w * {generalized}).sum() / w.sum()", amounts, weights=WEIGHTS),
        by_numpy("scipy", "js_divergence", each.format("scipy.spatial.distance.jensenshannon(p, t)**2"), SHARES),
        by_numpy("scipy", "wasserstein_1d", each.format(distance), SHARES),
        by_numpy("scipy", "rps", each.format(energy), SHARES),
        by_numpy(
            "scipy", "total_variation_distance", each.format("scipy.spatial.distance.cityblock(p, t) / 2"), SHARES
        ),
        by_hand("rps", f"({hard}**2).sum(1).mean()", CLASSES),
        by_hand("wasserstein_1d", f"{hard}.abs().sum(1).mean()", CLASSES),
    ]  # fmt: skip
