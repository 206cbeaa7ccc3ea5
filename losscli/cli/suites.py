"""A suite has the options of `losscli eval` for keys, and becomes the value that this command is made into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from losscli._version import __version__
from losscli.cli.config import Config, GateTable, Key, Suite, TextPosition, escaped, open_config
from losscli.cli.parameters import FROM_FILE
from losscli.errors import UsageError
from losscli.gates.dropped import DropLimit, parse_drop_limit
from losscli.gates.grammar import Gate, parse_gate
from losscli.results.directions import is_lower_better

if TYPE_CHECKING:
    from losscli.cli.option_values import EvalOptions, ExecutionOptions

Value = TypeVar("Value")
Answer = TypeVar("Answer")

# These options are about the whole command, so a suite has no such key.
_NOT_OF_A_SUITE = frozenset({
    "help", "error_format", "color", "no_color", "json", "format_", "quiet", "verbose", "plan", "exit_zero",
    "threads", "engine", "scheduler", "insecure_scheduler", "scheduler_file", "tls_ca", "tls_cert", "tls_key",
    "worker_timeout", "shard", "shard_plan", "state_out", "show", "worst", "shown_columns",
})  # fmt: skip


def config(path: str | None, start: str, *, trusted: bool) -> Config:
    """The configuration of this folder, or the one that is named, wholly read."""
    others = [_spellings(param)[0] for param in _parameters() if param.name in _NOT_OF_A_SUITE]
    return open_config(path, start, known_keys(), others, __version__, trusted=trusted)


def known_keys() -> list[Key]:
    """The keys that a suite may have."""
    return [_key(param) for param in _parameters() if param.name not in _NOT_OF_A_SUITE]


def _parameters() -> list[click.Parameter]:
    from losscli.cli.eval import command

    return command.params


def _spellings(param: click.Parameter) -> tuple[str, ...]:
    """The long option; where it may be repeated, also its plural."""
    plural = str(param.name).replace("_", "-")
    if isinstance(param, click.Argument):
        return (plural,)
    long = max(param.opts, key=len).lstrip("-")
    return tuple(dict.fromkeys((long, plural)))


def _key(param: click.Parameter) -> Key:
    name, spellings = str(param.name), _spellings(param)
    if name == "gates":
        return Key(name, spellings, "gates")
    if name == "max_dropped":
        return Key(name, spellings, "amount")
    if isinstance(param, click.Argument) or param.multiple:
        return Key(name, spellings, "texts", pairs="=" in (param.metavar or ""))
    if isinstance(param, click.Option) and param.is_flag:
        return Key(name, spellings, "flag")
    if isinstance(param.type, click.types.IntParamType):
        return Key(name, spellings, "whole")
    if isinstance(param.type, click.types.FloatParamType):
        return Key(name, spellings, "number")
    choices = param.type.choices if isinstance(param.type, click.Choice) else ()
    return Key(name, spellings, "text", tuple(map(str, choices)))


def options_of(
    config: Config, suite: Suite, execution: ExecutionOptions | None = None, *, quiet: bool = True,
    shown: str = "plain",
) -> EvalOptions:  # fmt: skip
    """What `eval` would be asked for by this suite, with its gates and what a report in the format `shown` needs."""
    from losscli.cli.read_options import eval_options

    def asked(one: Suite) -> EvalOptions:
        return eval_options(_given(config, one) | {"quiet": quiet, "format_": shown})

    _given(config, suite)  # its faults have their places
    _check_values(config, suite)
    options = located_in(config, suite, asked)
    if "-" in options.report.files:
        position = suite.settings["outputs"].position
        raise config.error(position, f"standard output is the report of all suites, not that of '{suite.name}' alone",
                           "write to a file")  # fmt: skip
    gates = replace(options.gates, gates=tuple(gates_of(config, suite)), max_dropped=drop_limit(config, suite))
    run = options.run if execution is None else replace(options.run, execution=execution)
    return replace(options, run=run, gates=gates)


def _given(config: Config, suite: Suite) -> dict[str, Any]:
    """The parameters of eval's command; the environment has no say in them."""
    from losscli.cli.eval import command

    options: list[str] = []
    sources: tuple[str, ...] = ()
    for param in command.params:
        setting = suite.settings.get(str(param.name))
        if setting is None or param.name == "gates":
            continue
        if isinstance(param, click.Argument):
            sources = setting.value
        elif isinstance(setting.value, bool):
            options += [max(param.opts, key=len)] * setting.value
        else:
            values = setting.value if isinstance(setting.value, tuple) else (setting.value,)
            options += [f"{max(param.opts, key=len)}={value}" for value in values]
    try:
        with command.make_context("eval", [*options, "--", *sources], obj=FROM_FILE) as context:
            return dict(context.params)
    except click.BadParameter as error:
        setting = suite.settings[str(error.param.name)] if error.param is not None else None
        name = _spellings(error.param)[0] if error.param is not None else ""
        position = suite.position if setting is None else setting.position
        raise config.error(position, f"'{name}': {error.message.rstrip('.')}") from None


def _check_values(config: Config, suite: Suite) -> None:
    """What can be found wrong in values without a file is found here, where its line is known."""
    from losscli.binding.expressions import parse as parse_filter
    from losscli.binding.expressions import read_lets
    from losscli.binding.spec import parse
    from losscli.cli import reports
    from losscli.cli.class_weights import read_class_weight

    checks: dict[str, Callable[[str], object]] = {
        "losses": parse, "class_weight": read_class_weight, "where": parse_filter,
        "lets": lambda text: read_lets((text,)), "max_dropped": parse_drop_limit,
        "outputs": lambda text: reports.wanted((text,), "plain", rows=True),
    }  # fmt: skip
    for name, check in checks.items():
        if name in suite.settings:
            setting = suite.settings[name]
            values = setting.value if isinstance(setting.value, tuple) else (setting.value,)
            for value, position in zip(values, setting.items or (setting.position,), strict=True):
                located(config, position, check, value)


def located(config: Config, position: TextPosition, function: Callable[[Value], Answer], value: Value) -> Answer:
    """The function's answer; where it finds a fault, the fault is at this place."""
    try:
        return function(value)
    except UsageError as error:
        error.path, error.line, error.character = config.shown, position.line, position.column
        raise


def located_in(config: Config, suite: Suite, function: Callable[[Suite], Answer]) -> Answer:
    """The function's answer; a fault that it finds is at the setting, or its item, without which there is none.

    Where there are several of these, as they contradict each other, it is the last one of the file.
    """
    try:
        return function(suite)
    except UsageError as error:
        place = next((at for at, rest in _shorter(suite) if _is_accepted(function, rest)), suite.position)
        error.path, error.line, error.character = config.shown, place.line, place.column
        raise


def _shorter(suite: Suite) -> Iterator[tuple[TextPosition, Suite]]:
    """The suite without one item, or without one setting, and the place of that; the last of the file first."""
    order = sorted(suite.settings, key=lambda name: suite.settings[name].position.line, reverse=True)
    for name in order:
        setting = suite.settings[name]
        if len(setting.items) > 1:
            for index in reversed(range(len(setting.items))):
                kept = replace(setting, value=_without(setting.value, index), items=_without(setting.items, index))
                yield setting.items[index], replace(suite, settings={**suite.settings, name: kept})
        settings = {other: suite.settings[other] for other in suite.settings if other != name}
        yield setting.items[0] if len(setting.items) == 1 else setting.position, replace(suite, settings=settings)


def _without(values: tuple[Value, ...], index: int) -> tuple[Value, ...]:
    return (*values[:index], *values[index + 1 :])


def _is_accepted(function: Callable[[Suite], object], suite: Suite) -> bool:
    try:
        function(suite)
    except UsageError:
        return False
    return True


def drop_limit(config: Config, suite: Suite) -> DropLimit | None:
    """The suite's limit on dropped predictions, with its place in the file."""
    setting = suite.settings.get("max_dropped")
    return None if setting is None else parse_drop_limit(setting.value, config.label, setting.position.line)


def gates_of(config: Config, suite: Suite) -> list[Gate]:
    """The suite's gates, each with the place in the file that has it; a table becomes one gate a limit."""
    setting = suite.settings.get("gates")
    if setting is None:
        return []
    found: list[Gate] = []
    for value, position in zip(setting.value, setting.items, strict=True):
        for text in texts_of(value, suite) if isinstance(value, GateTable) else [value]:
            try:
                found.append(parse_gate(text, config.label, position.line))
            except UsageError as error:
                error.path, error.character = config.shown, position.column
                raise
    return found


def texts_of(table: GateTable, suite: Suite) -> list[str]:
    """A table as gates are typed."""
    about = table.loss if table.model is None else f"{table.model}/{table.loss}"
    by = f" by {','.join(map(escaped, table.by))}" if table.by else ""
    limits = [] if table.max is None else [f"<={table.max!r}"]
    limits += [] if table.min is None else [f">={table.min!r}"]
    test = " significant" if table.significant else " shown" if table.shown else ""
    test += " if-enough" if table.if_enough else ""
    if table.max_regression is not None:
        worse = "<=baseline+" if _lower_is_better(table.loss, suite) else ">=baseline-"
        return [f"{about}{limit}{by}" for limit in limits] + [f"{about}{worse}{table.max_regression}{test}{by}"]
    return [f"{about}{limit}{test}{by}" for limit in limits]


def _lower_is_better(loss: str, suite: Suite) -> bool:
    """The direction of a loss by its name or spec; a composite loss is known by its name among those of the suite."""
    from losscli.binding.spec import Spec, parse

    specs: list[Spec] = [parse(text) for text in suite.settings["losses"].value] if "losses" in suite.settings else []
    composite = next((spec for spec in specs if spec.name == loss), None) or parse(loss)
    return is_lower_better(composite.direction)
