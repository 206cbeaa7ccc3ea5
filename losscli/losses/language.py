"""Losses of language models, from the log-probabilities that they gave to tokens or to whole texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from losscli.contract.kinds import Array, LogProb, Positive
from losscli.contract.loss import Term, loss
from losscli.contract.presets import without_weights

TASKS = ("language models",)

_JELINEK = "Jelinek, Mercer, Bahl & Baker 1977, doi:10.1121/1.2016299"


@loss(
    formula="-logprob",
    cite="Bengio, Ducharme, Vincent & Jauvin 2003, JMLR 3:1137-1155",
)
def token_nll(logprob: LogProb) -> Array:
    """Negative log-likelihood of tokens: the mean of minus their log-probabilities, in nats.

    A row is a token. Of texts, give their lengths as weights and their mean log-probabilities, or see perplexity.

    >>> token_nll([-0.5, -2.0])
    array([0.5, 2. ])
    """
    return np.abs(logprob)


@token_nll.gradient("logprob")
def _(logprob: Array) -> Array:
    return np.full_like(logprob, -1.0)


@loss(
    formula="""
    nll: -logprob
    size: 1 if tokens is None else tokens
    value: exp(nll / size)
    """,
    cite=_JELINEK,
    same_as={"lm_eval": without_weights()},
    optimum=1.0,
    aliases=("word_perplexity",),
    first=True,
)
def perplexity(logprob: LogProb, tokens: Positive | None = None) -> Any:
    """Perplexity: the exponential of the mean negative log-likelihood per token.

    A row is a token, or a text with the sum of its log-probabilities and its number of `tokens`; with its number of
    words, this is the word perplexity. It is that of all rows together, not the mean of the perplexities of texts, so
    rows have no value of their own.

    >>> perplexity([-3.0, -1.0], [2.0, 2.0])["nll"].values
    array([3., 1.])
    """
    return {"nll": Term(np.abs(logprob)), "size": Term(np.ones_like(logprob) if tokens is None else tokens)}


@perplexity.value
def _(nll: Any, size: Any) -> Any:
    return np.exp(nll / size)


@perplexity.gradient("logprob")
def _(logprob: Array, tokens: Array | None) -> dict[str, Array]:
    return {"nll": np.full_like(logprob, -1.0), "size": np.zeros_like(logprob)}


@loss(
    formula="""
    nll: -logprob
    size: bytes
    value: nll / size / log(2)
    """,
    cite="Gao et al. 2020, The Pile, arXiv:2101.00027",
    same_as={"lm_eval": without_weights()},
)
def bits_per_byte(logprob: LogProb, bytes: Positive) -> Any:
    """Bits per byte: the negative log-likelihood of texts in bits, over their length in bytes.

    It compares models whatever their tokens are. A row is a text, with the sum of its log-probabilities (natural
    logarithms). With the number of characters instead of bytes, this is bits per character.

    >>> bits_per_byte([-3.0, -1.0], [2.0, 2.0])["size"].values
    array([2., 2.])
    """
    return {"nll": Term(np.abs(logprob)), "size": Term(bytes)}


@bits_per_byte.value
def _(nll: Any, size: Any) -> Any:
    return nll / size / np.log(2.0)


@bits_per_byte.gradient("logprob")
def _(logprob: Array, bytes: Array) -> dict[str, Array]:
    return {"nll": np.full_like(logprob, -1.0), "size": np.zeros_like(logprob)}
