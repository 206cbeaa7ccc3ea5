"""Docstrings in NumPy form, read: sections and their entries."""

from __future__ import annotations

import re


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next one."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def entries(text: str) -> dict[str, str]:
    """Name -> description, of a section whose entries are `name : type`."""
    found = re.findall(r"^(\S[^:\n]*?)(?: : [^\n]*)?\n((?:    [^\n]*\n?|\n)+)", text + "\n", re.MULTILINE)
    return {name.strip(): " ".join(words.split()) for names, words in found for name in names.split(",")}
