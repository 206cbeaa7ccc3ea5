"""Numbers for the losses of a policy."""

from __future__ import annotations

from peers import Case, Inputs, by_hand
from preference import PER_TOKEN, REFERENCE, TOKENS, WEIGHTS

SINGLE: Inputs = {
    "logprob": REFERENCE["chosen"],
    "ref_logprob": REFERENCE["ref_chosen"],
    "desirable": [1.0, 0.0, 1.0, 1.0, 0.0],
}
WITH_KL: Inputs = {**SINGLE, "kl": [0.4, 1.3, -0.2, 0.9, 0.1]}
BELOW: Inputs = {**SINGLE, "kl": [0.4, -1.3, -0.2, -0.9, 0.1]}


def cases() -> list[Case]:
    both, weighted = "chosen rejected", "(w * ({})).sum() / w.sum()"
    odds = "({0} - torch.log1p(-torch.exp({0})))"
    orpo = f"-chosen - {{}} * F.logsigmoid({odds.format('chosen')} - {odds.format('rejected')})"
    cpo = "-F.logsigmoid({} * (chosen - rejected)) - {} * chosen"
    apo = "1 - torch.sigmoid({0} * (chosen - ref_chosen)) + torch.sigmoid({0} * (rejected - ref_rejected))"
    gain = "(logprob - ref_logprob - {})"
    kto = "torch.where(desirable == 1, {1} * (1 - torch.sigmoid({0})), {2} * (1 - torch.sigmoid(-{0})))"
    point = "kl.mean().clamp(min=0)"
    return [
        by_hand("orpo", f"({orpo.format(0.1)}).mean()", PER_TOKEN, by=both),
        by_hand("orpo:scale=0.5", weighted.format(orpo.format(0.5)), PER_TOKEN, by=both, weights=WEIGHTS),
        by_hand("cpo", f"({cpo.format(0.1, 1)}).mean()", REFERENCE_FREE, by=both),
        by_hand("cpo:scale=0.5,nll_weight=0.2", weighted.format(cpo.format(0.5, 0.2)), REFERENCE_FREE, by=both,
                weights=WEIGHTS),
        by_hand("apo_zero", f"({apo.format(0.1)}).mean()", REFERENCE, by=both),
        by_hand("apo_zero:scale=0.5", weighted.format(apo.format(0.5)), REFERENCE, by=both, weights=WEIGHTS),
        by_hand("kto", kto.format(f"(0.1 * {gain.format(0)})", 1, 1) + ".mean()", SINGLE, by="logprob"),
        by_hand("kto", kto.format(f"(0.1 * {gain.format(point)})", 1, 1) + ".mean()", WITH_KL, by="logprob"),
        by_hand("kto", kto.format(f"(0.1 * {gain.format(point)})", 1, 1) + ".mean()", BELOW, by="logprob"),
        by_hand("kto:scale=0.3,desirable_weight=1.5,undesirable_weight=0.5",
                kto.format(f"(0.3 * {gain.format(point)})", 1.5, 0.5) + ".mean()", WITH_KL, by="logprob"),
        by_hand("policy_gradient reinforce", "(-advantage * logprob).mean()", PLAIN, by="logprob"),
        by_hand("policy_gradient", weighted.format("-advantage * logprob"), PLAIN, by="logprob", weights=WEIGHTS),
    ]  # fmt: skip


REFERENCE_FREE: Inputs = {role: REFERENCE[role] for role in ("chosen", "rejected")}
PLAIN: Inputs = {role: TOKENS[role] for role in ("logprob", "advantage")}
