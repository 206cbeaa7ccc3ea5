"""Numbers for the losses from log-probabilities of tokens and texts."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_torch

TOKENS: Inputs = {"logprob": [-0.31, -2.2, -1.74, -0.083, -4.61, -0.9]}
TEXTS: Inputs = {"logprob": [-31.2, -220.7, -17.4, -8.3, -461.9], "tokens": [11.0, 94.0, 7.0, 3.0, 171.0]}
BYTES: Inputs = {"logprob": TEXTS["logprob"], "bytes": [52.0, 410.0, 31.0, 12.0, 806.0]}
WEIGHTS = [1.3, 0.6, 2.75, 0.9, 1.85]


def cases() -> list[Case]:
    zeros = "torch.zeros(n, dtype=torch.long)"
    two = "torch.stack([logprob, torch.log1p(-torch.exp(logprob))], -1)[None]"
    by = "logprob"
    return [
        by_torch("torch", "token_nll", f"F.nll_loss(logprob[:, None], {zeros})", TOKENS, by=by),
        by_hand("token_nll", "-(w * logprob).sum() / w.sum()", {"logprob": TEXTS["logprob"]}, by=by, weights=WEIGHTS),
        by_torch("torchmetrics", "perplexity", f"torchmetrics.functional.text.perplexity({two}, {zeros}[None])", TOKENS,
                 by=by),
        by_hand("perplexity word_perplexity", "torch.exp(-logprob.sum() / tokens.sum())", TEXTS, by=by),
        by_hand("perplexity", "torch.exp(-(w * logprob).sum() / (w * tokens).sum())", TEXTS, by=by, weights=WEIGHTS),
        by_hand("bits_per_byte", "-logprob.sum() / bytes.sum() / math.log(2)", BYTES, by=by),
        by_hand("bits_per_byte", "-(w * logprob).sum() / (w * bytes).sum() / math.log(2)", BYTES, by=by,
                weights=WEIGHTS),
    ]  # fmt: skip
