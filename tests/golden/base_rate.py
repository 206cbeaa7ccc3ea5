"""Numbers for the losses of probabilities beside the share of class 1, or the cost of decisions."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy

PROBS: Inputs = {
    "pred": [0.81, 0.43, 0.27, 0.66, 0.12, 0.71, 0.06],
    "target": [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25]


def cases() -> list[Case]:
    rate = "((w * target).sum() / w.sum())"
    entropy = "F.binary_cross_entropy(pred, target, weight=w, reduction='sum') / w.sum()"
    base = f"-({rate} * {rate}.log() + (1 - {rate}) * (1 - {rate}).log())"
    skill = "sklearn.metrics.d2_log_loss_score(target, pred{})"
    own = "torch.where(target > 0, pred, 1 - pred)"
    poly = f"(1 - {own}) ** {{0}} * -{own}.log() + {{1}} * (1 - {own}) ** ({{0}} + 1)"
    confusion = "sklearn.metrics.confusion_matrix(target, pred > {0})"
    net = f"({confusion}[1, 1] - {confusion}[0, 1] * {{0}} / (1 - {{0}})) / 7"
    return [
        by_hand("normalized_entropy", f"{entropy} / ({base})", PROBS, weights=WEIGHTS),
        by_numpy("sklearn", "normalized_entropy", f"1 - {skill.format('')}", PROBS),
        by_numpy("sklearn", "d2_log_loss d2_log_loss@sklearn", skill.format(""), PROBS),
        by_numpy("sklearn", "d2_log_loss", skill.format(", sample_weight=w"), PROBS, weights=WEIGHTS),
        by_hand("d2_log_loss", f"1 - {entropy} / ({base})", PROBS, weights=WEIGHTS),
        by_numpy("sklearn", "net_benefit", net.format(0.5), PROBS),
        by_numpy("sklearn", "net_benefit:threshold=0.2", net.format(0.2), PROBS),
        by_numpy("sklearn", "net_benefit_loss:threshold=0.2", f"-{net.format(0.2)}", PROBS),
        by_hand("poly1_bce", f"({poly.format(0.0, 2.0)}).mean()", PROBS),
        by_hand("poly1_bce:gamma=1.5,coefficient=-0.6", f"(w * ({poly.format(1.5, -0.6)})).sum() / w.sum()", PROBS,
                weights=WEIGHTS),
    ]  # fmt: skip
