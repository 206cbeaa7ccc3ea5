"""losscli show: one loss, or the report's schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from losscli.cli import Command, completion, layout
from losscli.cli import options as shared
from losscli.errors import UsageError
from losscli.report import SCHEMAS

if TYPE_CHECKING:
    from losscli.contract.loss import Loss, Parameter
    from losscli.contract.presets import Preset

DISTRIBUTION = (
    "its cumulative distribution function (CDF) is known, so --show and HTML reports have its PIT histogram and the "
    "coverage of its central intervals"
)
"""What is said of a loss with `cdf=`, here and on its page of the documentation."""


@click.command("show", cls=Command, epilog="losscli show huber\nlosscli show bce@keras\nlosscli show --schema")
@click.argument("name", required=False, shell_complete=completion.losses)
@shared.text_or_json_options
@shared.option("--schema", is_flag=False, flag_value="report", type=click.Choice(SCHEMAS),
               help="The JSON Schema of a JSON report, of a check report, of --error-format json, of inspect, of "
                    "calibrate, of descend, or of a map.")  # fmt: skip
def command(name: str | None, format_: str, schema: str | None) -> int:
    """Show one loss: formula, inputs, parameters, gradient, library presets, source, example."""
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
    console.write_stdout(text(loss, layout.page_width()))
    return 0


def text(loss: Loss, width: int) -> str:
    """All that is known of a loss, in parts of a title and what stands below it."""
    from losscli.losses._catalogue import command_line

    also = f" (also called {', '.join(loss.aliases)})" if loss.aliases else ""
    scope = {"row": "each row by itself", "group": "all rows of a batch together", "table": "the whole table"}
    roles = [f"{r.name}: {' or '.join(k.says for k in r.kinds)}{' (optional)' if r.optional else ''}"
             for r in loss.roles.values()]  # fmt: skip
    params = [_parameter(p) for p in loss.params.values()]
    presets = [_preset(loss, library, preset) for library, preset in sorted(loss.same_as.items())]
    gradient = f"with respect to {', '.join(loss.gradients)}" if loss.gradients else "none: it is flat"
    example = layout.command_lines(command_line(loss), width)
    for line in loss.example.splitlines():
        example += layout.code_lines(line, width, "... ") if line.startswith(">>> ") else [f"  {line}"]
    formula = [part for line in loss.formula.splitlines() for part in layout.code_lines(line, width)]
    better = [f"{name}: higher is better" for name in loss.scores]
    better += [f"{loss.score_of.name}: lower is better"] if loss.score_of else []
    blocks = [
        layout.filled(loss.name + also, width) + layout.filled(loss.summary, width),
        layout.page(loss.notes, width).splitlines(),
        ["Formula (of one row)", *formula],
        _listed(f"Inputs ({scope[loss.scope]})", roles, width),
        _listed("Parameters", params, width),
        _listed("From the past of each series (--table history=FILE)", _of_history(loss), width),
        _listed("Gradient", [gradient], width),
        _listed(f"Library presets (write {loss.name}@LIBRARY)", presets, width),
        _listed("Best constant", [f"{role} = {text}" for role, text in loss.consistent_for.items()], width),
        _listed("Distribution", [DISTRIBUTION] if loss.cdf else [], width),
        _listed("Library presets", [f"none: {loss.no_library}"] if loss.no_library else [], width),
        _listed("Direction", ["nearer to 0 is better"] if loss.direction == "zero" else [], width),
        _listed("Score of" if loss.score_of else "Scores", better, width),
        _listed("Source", [loss.cite], width),
        ["Example", *example],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _of_history(loss: Loss) -> list[str]:
    """What a table of past values gives, and what says which naive forecast it is of."""
    means = {
        "absolute": "the mean of |y[t] - y[t - season]|",
        "squared": "the root of the mean of (y[t] - y[t - season])**2",
    }
    said = [f"{role}: {means[change]}" for role, change in loss.from_history.items()]
    if said:
        said.append("season (>= 1, default 1): how many steps before the naive forecast's value stands")
        said.append("cut_zeros (true or false, default false): a series begins at its first value other than 0")
    return said


def _listed(title: str, items: Sequence[str], width: int) -> list[str]:
    return [title, *layout.listed([(item, "") for item in items], width)] if items else []


def _preset(loss: Loss, library: str, preset: Preset) -> str:
    """A preset: its parameters, what it gives on the example, its rule for weights, what differs and is refused."""
    from losscli.cli.preset_examples import values

    said = [f"{library}: {loss.name}{':' if preset.settings else ''}{preset.settings}"]
    if (found := values(loss, library)) is not None:
        said += [f"gives {', '.join(f'{value:g}' for value in found)} on the example"]
    said += ["weighted values are divided by the number of rows"] * (preset.divide_by == "rows")
    said += [preset.notes] * bool(preset.notes)
    return "; ".join([*said, *(f"refuses {refused}" for refused in preset.refused)])


def _parameter(p: Parameter) -> str:
    from losscli.binding.spec import plain

    range_ = " or ".join(p.choices) if p.type == "choice" else p.param.range
    default = "required" if p.required else f"default {plain(p.default)}"
    about = ", ".join(filter(None, ["true or false" if p.type == "bool" else range_, default]))
    lifted = ", ".join(f"{role} is then {kind.__metadata__[0].says}" for role, kind in p.param.lifts)
    column = f"; {p.name}={{COL}} takes it from a column, row by row" if p.param.per_row else ""
    listed = p.type == "numbers"
    column += "; write them as 0.1|0.5|0.9" if listed else ""
    said = "the names of" if listed else "names of several"
    it = "them" if listed else "it"
    roles = "' and '".join((p.param.level_of or "").split())
    column += f"; {said} '{roles}' columns may say {it} (q_0.1, q10, lo-90)" if roles else ""
    return f"{p.name} ({about}): {p.param.help}{'; ' if lifted else ''}{lifted}{column}"
