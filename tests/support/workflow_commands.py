"""What GitHub's runner reads: commands in the log, and files of outputs, by its own rules."""

from __future__ import annotations

import re


def runner(text: str) -> list[tuple[str, dict[str, str], str]]:
    """actions/runner, ActionCommand: what is a command in the log, its properties and its text, unescaped."""
    found = []
    for line in re.split("\r\n|\r|\n", text):
        if match := re.match(r"\s*::([^\s:]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)", line):
            name, properties, data = match[1], match[2] or "", match[3]
            pairs = dict(pair.split("=", 1) for pair in properties.split(",") if pair)
            found.append((name, {key: unescaped(value) for key, value in pairs.items()}, unescaped(data)))
        else:
            assert "##[" not in line
    return found


def unescaped(text: str) -> str:
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def read_outputs(text: str) -> dict[str, str]:
    """actions/runner, FileCommandManager: `name=value`, or `name<<DELIMITER` up to a line that is the delimiter."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, value = line.split("=", 1)
        else:
            name, delimiter = line.split("<<", 1)
            block = []
            for inner in lines:
                if inner == delimiter:
                    break
                block.append(inner)
            else:
                raise AssertionError(f"{delimiter} does not come again")
            value = "\n".join(block)
        assert re.fullmatch("[A-Za-z0-9_-]+", name) and name not in found
        found[name] = value
    return found
