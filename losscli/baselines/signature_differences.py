"""Two signatures side by side, word by word: in what the computation of two numbers differs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# What a word of the signature is called in a reason. The first and the third have no name of their own.
_CALLED = {
    "spec": "the loss", "rev": "the revision of the loss", "reduction": "--reduction", "w": "-w",
    "cw": "--class-weight", "by": "--divide-by", "batch": "the batches", "where": "--where", "missing": "--missing",
    "nan": "--nan", "let": "--let", "positive": "--positive", "others": "--others",
    "classes": "the order of the classes", "first-class": "--first-class", "slices": "--by",
}  # fmt: skip
_SINCE = "where"  # no signature lacks this word, but those of versions that did not record which rows are used
_WITHOUT = {"nan": "error", "slices": "columns"}  # what it means that a word is not there
_FEWEST = 4  # words
_SHOWN = 200  # characters of a value in a reason


def difference(spec: str, here: str, there: str) -> str | None:
    """Why the signature `there`, of the baseline, is not the signature `here`; None if it is."""
    if here == there:
        return None
    ours, theirs = _words(here), _words(there)
    different = [name for name in dict.fromkeys([*ours, *theirs]) if _value(ours, name) != _value(theirs, name)]
    if not different or min(len(ours), len(theirs)) < _FEWEST:
        return f"{spec} is computed as {here} here and as {there} in the baseline"
    older = {"the baseline": theirs, "this report": ours}
    unknown: list[str] = []
    reasons = []
    for whose, words in older.items():
        lacking = [name for name in different if name not in words and name not in _WITHOUT]
        if _SINCE in lacking:
            unknown += lacking
            reasons.append(f"{whose} is of an older version of losscli, which did not record {_listed(lacking)}")
    known = [f"{_CALLED.get(name, name)} is {_shown(ours, name)} here, {_shown(theirs, name)} in the baseline"
             for name in different if name not in unknown]  # fmt: skip
    if known:
        reasons.insert(0, f"{spec} is computed differently: {'; '.join(known)}")
    return "; ".join(reasons)


def _words(signature: str) -> dict[str, str]:
    """The values of the words by their names, escaped as they are in the signature."""
    found: dict[str, str] = {}
    for place, word in enumerate(re.findall(r"(?:[^|\\]|\\.)+", signature, re.DOTALL)):
        name, sign, value = word.partition("=")
        if not place:
            name, value = "spec", word
        elif word.startswith("by-"):
            name, value = "by", word.removeprefix("by-")
        elif not sign:
            name, value = ("rev", word.removeprefix("rev")) if word.startswith("rev") else ("reduction", word)
        found[name] = value
    return found


def _value(words: Mapping[str, str], name: str) -> str:
    return words.get(name, _WITHOUT.get(name, "not given"))


def _shown(words: Mapping[str, str], name: str) -> str:
    text = re.sub(r"\\(.)", r"\1", _value(words, name), flags=re.DOTALL)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_CALLED.get(name, name) for name in names)
