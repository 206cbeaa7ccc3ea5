"""What differs between what two checkouts wrote, each difference with its kind.

Numbers of reports, exit codes, fields and files that are gone are faults. What a newer checkout may do is told, and is
none: new fields and files, other words, help, and pages for people (HTML, SVG), where numbers are also coordinates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple

FAULTS = ("exit code", "number", "number in words", "lost field", "lost file", "lost text")
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")
ADDRESS = re.compile(r"0x[0-9a-f]+|/tmp/\S+")
_HELP = re.compile(r"--help|losscli (help|show|list|completion)\b| -h\b|--version|losscli$")
_PAGE = re.compile(r"^\s*<(!doctype html|svg)", re.IGNORECASE)


@dataclass(frozen=True)
class Outcome:
    """What one command left: its exit code, its streams, and the files that it wrote."""

    exit: int
    texts: dict[str, bytes]


class Difference(NamedTuple):
    """One difference: its kind, the command and the place in what it wrote, and both sides."""

    kind: str
    where: str
    old: str
    new: str


def differences(where: str, old: Outcome, new: Outcome) -> Iterator[Difference]:
    """All that differs between what one command left in each checkout."""
    if old.exit != new.exit:
        said = [outcome.texts.get("standard error", b"").decode("utf-8", "replace") for outcome in (old, new)]
        yield Difference("exit code", where, f"{old.exit} {said[0]}", f"{new.exit} {said[1]}")
        return
    for name in sorted(old.texts.keys() | new.texts.keys()):
        if name not in new.texts or name not in old.texts:
            yield Difference("lost file" if name in old.texts else "new file", where, name, "")
        elif old.texts[name] != new.texts[name]:
            before, after = (texts[name].decode("utf-8", "replace") for texts in (old.texts, new.texts))
            yield from in_texts(f"{where} [{name}]", before, after)


def in_texts(where: str, old: str, new: str) -> Iterator[Difference]:
    """What differs between two texts: JSON by its fields, others by lines."""
    parsed = as_json(old), as_json(new)
    if None not in parsed:
        yield from in_json(where, parsed[0], parsed[1])
    elif _PAGE.match(old) and _PAGE.match(new):
        yield Difference("page", where, "", "")
    else:
        before, after = old.splitlines(), new.splitlines()
        for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if tag != "equal":
                yield in_words(where, "\n".join(before[a:b]), "\n".join(after[c:d]))


def in_words(where: str, old: str, new: str) -> Difference:
    """Two texts that differ: a number that the newer one lacks is a fault, and so is a text that is gone."""
    if _HELP.search(where.partition(" [")[0]):
        return Difference("help", where, old, new)
    if old.split() == new.split():
        return Difference("layout", where, old, new)
    if not new.strip():
        return Difference("lost text", where, old, new)
    numbers = [NUMBER.findall(ADDRESS.sub("", text)) for text in (old, new)]
    lacking = [number for number in numbers[0] if number not in numbers[1]]
    return Difference("number in words" if lacking else "words" if old else "new text", where, old, new)


def as_json(text: str) -> Any:
    """The document, or the list of the documents of its lines; None where it is something else.

    Floats keep their digits.
    """
    lines = [line for line in text.splitlines() if line]
    for documents in ([text], lines):
        try:
            found = [json.loads(document, parse_float=lambda digits: f"#{digits}") for document in documents]
        except ValueError:
            continue
        return found or None
    return None


def in_json(where: str, old: Any, new: Any) -> Iterator[Difference]:
    """What differs between two documents, field by field."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old:
            if "versions" in old and key in ("versions", "sha256"):
                continue  # the state of a shard holds the times of its files
            if key in new:
                yield from in_json(f"{where}.{key}", old[key], new[key])
            else:
                yield Difference("lost field", f"{where}.{key}", _short(old[key]), "")
        for key in new.keys() - old.keys():
            yield Difference("new field", f"{where}.{key}", "", _short(new[key]))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from in_json(f"{where}[{at}]", one, other)
    elif old != new:
        if isinstance(old, str) and isinstance(new, str) and not old.startswith("#"):
            yield in_words(where, old, new)
        else:
            yield Difference("number", where, _short(old), _short(new))


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:300]
