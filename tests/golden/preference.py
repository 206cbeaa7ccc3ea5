"""Numbers for the losses of preferences and policies."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy, by_torch

REWARDS: Inputs = {"chosen": [0.31, -2.2, 1.74, -0.083, 4.61], "rejected": [0.9, -3.1, 2.4, -0.47, 1.2]}
ANSWERS: Inputs = {"chosen": [-31.2, -22.7, -17.4, -8.3, -46.9], "rejected": [-29.1, -25.2, -19.8, -8.9, -41.3]}
REFERENCE: Inputs = {
    **ANSWERS,
    "ref_chosen": [-33.7, -22.1, -17.9, -9.6, -44.2],
    "ref_rejected": [-28.3, -23.9, -21.5, -8.7, -42.6],
}
PER_TOKEN: Inputs = {"chosen": [-0.31, -1.2, -1.74, -0.083, -2.61], "rejected": [-0.9, -1.1, -2.4, -0.47, -1.2]}
TOKENS: Inputs = {
    "logprob": [-0.31, -1.2, -1.74, -0.083, -2.61],
    "old_logprob": [-0.9, -1.1, -1.4, -0.47, -2.4],
    "advantage": [1.3, -0.6, 0.75, -0.9, 0.4],
}
WEIGHTS = [1.3, 0.6, 2.75, 0.9, 1.85]


def cases() -> list[Case]:
    both, lead = "chosen rejected", "((chosen - ref_chosen) - (rejected - ref_rejected))"
    dpo = f"-(1 - {{1}}) * F.logsigmoid({{0}} * {lead}) - {{1}} * F.logsigmoid(-{{0}} * {lead})"
    robust = f"-(1 - {{1}}) * F.logsigmoid({{0}} * {lead}) + {{1}} * F.logsigmoid(-{{0}} * {lead})"
    ratio = "torch.exp(logprob - old_logprob)"
    ppo = f"-torch.minimum({ratio} * advantage, {ratio}.clamp(1 - {{0}}, 1 + {{1}}) * advantage)"
    kl = "{2} * (torch.exp(ref_logprob - logprob) - (ref_logprob - logprob) - 1)"
    reference = {**TOKENS, "ref_logprob": [-0.7, -1.5, -1.6, -0.11, -2.2]}
    return [
        by_hand("bradley_terry bpr", "-F.logsigmoid(chosen - rejected).mean()", REWARDS, by=both),
        by_torch("torch", "bradley_terry", "F.soft_margin_loss(chosen - rejected, torch.ones(n))", REWARDS, by=both),
        by_hand("bradley_terry:margin=0.7", "-(w * F.logsigmoid(chosen - rejected - 0.7)).sum() / w.sum()", REWARDS,
                by=both, weights=WEIGHTS),
        by_hand("dpo", f"({dpo.format(0.1, 0)}).mean()", REFERENCE, by=both),
        by_numpy("scipy", "dpo", f"-scipy.special.log_expit(0.1 * {lead}).mean()", REFERENCE),
        by_hand("dpo:scale=0.5,label_smoothing=0.2", f"(w * ({dpo.format(0.5, 0.2)})).sum() / w.sum()", REFERENCE,
                by=both, weights=WEIGHTS),
        by_hand("dpo", "-F.logsigmoid(0.1 * (chosen - rejected)).mean()", ANSWERS, by=both),
        by_hand("ipo", f"(({lead} - 1 / (2 * 0.1))**2).mean()", REFERENCE, by=both),
        by_hand("ipo:scale=0.5", f"(w * ({lead} - 1)**2).sum() / w.sum()", REFERENCE, by=both, weights=WEIGHTS),
        by_hand("simpo", "-F.logsigmoid(2 * (chosen - rejected) - 1).mean()", PER_TOKEN, by=both),
        by_hand("simpo:scale=0.1,margin=0.5", "-F.logsigmoid(0.1 * (chosen - rejected) - 0.5).mean()", PER_TOKEN,
                by=both),
        by_hand("slic", f"F.relu(1 - 0.1 * {lead}).mean()", REFERENCE, by=both),
        by_hand("slic:scale=0.5,margin=0.3", f"(w * F.relu(0.3 - 0.5 * {lead})).sum() / w.sum()", REFERENCE, by=both,
                weights=WEIGHTS),
        by_hand("robust_dpo", f"(({robust.format(0.1, 0.1)}) / 0.8).mean()", REFERENCE, by=both),
        by_hand("robust_dpo:scale=0.5,label_smoothing=0.25",
                f"(w * ({robust.format(0.5, 0.25)}) / 0.5).sum() / w.sum()", REFERENCE, by=both, weights=WEIGHTS),
        by_hand("ppo_clip", f"({ppo.format(0.2, 0.2)}).mean()", TOKENS, by="logprob"),
        by_hand("ppo_clip:clip_low=0.1,clip_high=0.3", f"(w * {ppo.format(0.1, 0.3)}).sum() / w.sum()", TOKENS,
                by="logprob", weights=WEIGHTS),
        by_hand("grpo", f"({ppo.format(0.2, 0.2)}).mean()", TOKENS, by="logprob"),
        by_hand("grpo", f"({ppo.format(0.2, 0.2)} + {kl.format(0, 0, 0.04)}).mean()", reference, by="logprob"),
        by_hand("grpo:kl_weight=0.5,clip_high=0.28", f"({ppo.format(0.2, 0.28)} + {kl.format(0, 0, 0.5)}).mean()",
                reference, by="logprob"),
    ]  # fmt: skip
