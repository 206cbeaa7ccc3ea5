"""losscli show: one loss, or the report's schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from losscli.cli import Command, completion
from losscli.cli import options as shared
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.contract.loss import Loss, Parameter


@click.command("show", cls=Command, epilog="\b\nlosscli show huber\nlosscli show bce@keras\nlosscli show --schema")
@click.argument("name", required=False, shell_complete=completion.losses)
@shared.option(
    "-f",
    "--format",
    "format_",
    envvar="LOSSCLI_LIST_FORMAT",
    default="text",
    metavar="text|json",
    help="text or json.  [default: text]",
)
@shared.option("--schema", is_flag=False, flag_value="report", type=click.Choice(["report", "check", "error"]),
               help="The JSON Schema of the JSON report, of that of a check, or of --error-format json.")  # fmt: skip
def command(name: str | None, format_: str, schema: str | None) -> int:
    """One loss: formula, inputs, parameters, gradient, how others compute it, source, example."""
    from losscli.cli import console

    if schema:
        from losscli.report import schema as report_schema

        console.write_stdout(report_schema(schema))
        return 0
    if name is None:
        raise UsageError("name a loss", hint="'losscli list' shows all", code="USAGE_INCOMPLETE")
    from losscli.binding.spec import parse_loss
    from losscli.losses._catalogue import entry

    loss = parse_loss(name).loss
    if format_ == "json":
        console.write_stdout(json.dumps(entry(loss, whole=True), indent=2, ensure_ascii=False) + "\n")
        return 0
    if format_ != "text":
        raise UsageError(f"there is no format '{format_}' here", hint="formats: text, json", code="USAGE_BAD_VALUE")
    console.write_stdout(_text(loss))
    return 0


def _text(loss: Loss) -> str:
    from losscli.losses._catalogue import command_line

    also = f"  (also called {', '.join(loss.aliases)})" if loss.aliases else ""
    scope = {"row": "each row by itself", "group": "all rows of a batch together", "table": "the whole table"}
    blocks = [f"{loss.name}{also}\n{loss.summary}"]
    if loss.notes:
        blocks.append(loss.notes)
    blocks.append("Formula (of one row)\n" + _indented(loss.formula))
    roles = [f"{r.name}: {' or '.join(k.says for k in r.kinds)}{' (optional)' if r.optional else ''}"
             for r in loss.roles.values()]  # fmt: skip
    blocks.append(f"Inputs, {scope[loss.scope]}\n" + _indented("\n".join(roles)))
    if loss.params:
        blocks.append("Parameters\n" + _indented("\n".join(_parameter(p) for p in loss.params.values())))
    blocks.append("Gradient\n" + _indented(f"by {', '.join(loss.gradients)}" if loss.gradients else "none: it is flat"))
    if loss.same_as:
        same = [f"{peer}: {loss.name}{':' if text else ''}{text}" for peer, text in sorted(loss.same_as.items())]
        blocks.append(f"How others compute it (write {loss.name}@peer)\n" + _indented("\n".join(same)))
    if loss.no_library:
        blocks.append("How others compute it\n" + _indented(f"no library does: {loss.no_library}"))
    blocks.append("Source\n" + _indented(loss.cite))
    blocks.append("Example\n" + _indented(command_line(loss) + "\n" + loss.example))
    return "\n\n".join(blocks) + "\n"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.splitlines())


def _parameter(p: Parameter) -> str:
    from losscli.binding.spec import plain

    range_ = " or ".join(p.choices) if p.type == "choice" else p.param.range
    about = ", ".join(filter(None, ["true or false" if p.type == "bool" else range_, f"default {plain(p.default)}"]))
    return f"{p.name} ({about}): {p.param.help}"
