"""Pages to look things up: commands with their options, help topics, errors, keys of JSON."""

from __future__ import annotations

import inspect
import json
from html import escape
from itertools import groupby
from typing import Any

import click

from losscli.cli import cli, layout
from losscli.cli import help as topics
from losscli.errors import CODES, ExitCode
from losscli.report import SCHEMAS, schema

_SCHEMAS = {
    "report": "report",
    "check": "check report",
    "error": "line of --error-format json",
    "calibration": "document of calibrate",
    "descent": "document of descend",
    "map": "file of a map",
    "inspect": "document of inspect",
}


def command(name: str) -> str:
    """The page of a command: what its help says, with a link to each section."""
    parent = click.Context(cli, info_name="losscli", **cli.context_settings)
    found: Any = cli.get_command(parent, name)
    context = click.Context(found, info_name=name, parent=parent, max_content_width=1000)
    usage = f"{context.command_path} {' '.join(found.collect_usage_pieces(context))}"
    parts = [f"# losscli {name}", f"```text\n{usage}\n```", markdown(inspect.cleandoc(found.help or ""))]
    if found.epilog:
        parts.append(f"```sh\n{found.epilog}\n```")
    for title, rows in found.tables(context).items():
        parts.append(f"## {title}")
        parts += [f"`{option}`\n:   {_text(text)}" for option, text in rows]
    return "\n\n".join(parts) + "\n"


def help_topic(name: str) -> str:
    """The page of a help topic."""
    title, text = topics.read(name)
    return f"# {title[:1].upper()}{title[1:]}\n\n`losscli help {name}` shows the same.\n\n{markdown(text)}"


def errors() -> str:
    """All codes of errors: what each means, and what to do."""
    text = topics.read("errors")[1]
    rows = ["| code | exit | meaning | fix |", "|---|---:|---|---|"]
    for code in CODES:
        said = " ".join(topics._below(text, code).split())
        meaning, _, fix = said.partition(" Fix: ")
        rows.append(f"| `{code}` | {_exit(code)} | {_cell(meaning)} | {_cell(fix)} |")
    about = "Each error has a code, which is never renamed. `--error-format json` prints it."
    return f"# Errors\n\n{about} `losscli help CODE` says what stands here.\n\n" + "\n".join(rows) + "\n"


def _exit(code: str) -> int:
    names = {"USAGE": ExitCode.USAGE, "DATA": ExitCode.DATA, "IO": ExitCode.IO, "EMPTY": ExitCode.EMPTY}
    return int(names.get(code.partition("_")[0], ExitCode.INTERNAL))


def json_keys() -> str:
    """The keys of what is written as JSON, from the schemas that the package has."""
    about = "`losscli show --schema` prints the JSON Schema of a report, `--schema NAME` those of the others."
    parts = ["# JSON", about]
    for name in SCHEMAS:
        document = json.loads(schema(name))
        parts.append(f"## The {_SCHEMAS.get(name, name)}")
        parts.append(_cell(document.get("description", "")))
        parts.append(_keys(document))
        for key, value in document.get("$defs", {}).items():
            if value.get("properties"):
                parts += [f"### {key}", _cell(value.get("description", "")), _keys(value)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _keys(document: dict[str, Any]) -> str:
    required = document.get("required", ())
    rows = ["| key | type | what it is |", "|---|---|---|"]
    for key, value in document.get("properties", {}).items():
        absent = "" if key in required else " (may be absent)"
        rows.append(f"| `{key}`{absent} | {_cell(_type(value))} | {_cell(value.get('description', ''))} |")
    return "\n".join(rows) if len(rows) > 2 else ""


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2]
    if "enum" in value:
        return ", ".join(json.dumps(one) for one in value["enum"])
    if "const" in value:
        return json.dumps(value["const"])
    if "items" in value and isinstance(value["items"], dict):
        return f"array of {_type(value['items'])}"
    for word in ("anyOf", "oneOf", "allOf"):
        if word in value:
            return " or ".join(map(_type, value[word]))
    found = value.get("type", "any")
    return " or ".join(found) if isinstance(found, list) else str(found)


def markdown(text: str) -> str:
    """A page of help in Markdown: its paragraphs, lists of terms and code."""
    found: list[str] = []
    for kind, parts in groupby(layout._parts(text), key=lambda part: part[0]):
        texts = [content for _, content in parts]
        if kind == "prose":
            found += [_text(content) for content in texts]
        elif kind == "code":
            found.append("```text\n" + "\n".join(texts) + "\n```")
        elif kind == "item":
            items = [layout._item(content) for content in texts]
            lines = [f"- `{term}`: {_text(about)}" if about else f"- {_text(term)}" for term, about in items]
            found.append("\n".join(lines))
    return "\n\n".join(found) + "\n"


def _text(text: str) -> str:
    shown = escape(text, quote=False)
    for sign in "\\`*_[]":
        shown = shown.replace(sign, "\\" + sign)
    return shown


def _cell(text: str) -> str:
    return _text(" ".join(text.split())).replace("|", "\\|")
