"""Variables LOSSCLI_… of the environment: which of them took effect, and which are unknown or have no say."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import click

from losscli.errors import nearest
from losscli.lazy import dataclass

PREFIX = "LOSSCLI_"
# These set no option.
SETTINGS = ("LOSSCLI_CHUNK_ROWS", "LOSSCLI_COLOR", "LOSSCLI_DEBUG", "LOSSCLI_REMOTE_ANON", "LOSSCLI_REMOTE_RETRIES",
            "LOSSCLI_REMOTE_TIMEOUT")  # fmt: skip
# A variable left behind in a shell or in the settings of a build server would open every gate.
IGNORED = {"LOSSCLI_EXIT_ZERO": "--exit-zero counts on the command line only"}
# Parameters that change no number and no verdict: where results go and how, and what computes them.
_NEUTRAL = frozenset({
    "color", "engine", "error_format", "format_", "init", "insecure_scheduler", "json", "listing", "max_slices",
    "no_color", "output", "outputs", "plan", "quiet", "scheduler", "scheduler_file", "shard", "sort", "state_out",
    "threads", "tls_ca", "tls_cert", "tls_key", "trust_config", "verbose", "worker_timeout",
})  # fmt: skip


@dataclass(frozen=True)
class Environment:
    """The variables that took effect; those of them that may change numbers or verdicts; what is wrong with others."""

    effective: tuple[str, ...] = ()
    deciding: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_environment(ctx: click.Context) -> Environment:
    """What the environment said to a command whose parameters are read."""
    given = sorted(name for name, value in os.environ.items() if name.upper().startswith(PREFIX) and value)
    if not given:
        return Environment()
    used = {
        str(param.envvar): str(param.name) for param in ctx.command.params
        if ctx.get_parameter_source(str(param.name)) == click.core.ParameterSource.ENVIRONMENT
    }  # fmt: skip
    known = {*used, *SETTINGS, *IGNORED}
    if not known.issuperset(given):
        known |= every_variable()
    warnings = [f"{name} is ignored: {IGNORED[name]}" for name in given if name in IGNORED]
    warnings += [_unknown(name, known - IGNORED.keys()) for name in given if name not in known]
    deciding = tuple(name for name, param in used.items() if param not in _NEUTRAL)
    return Environment((*used, *_settings(ctx, given)), deciding, tuple(warnings))


def announce(ctx: click.Context) -> None:
    """Say which variables took effect, and what is wrong with others; the reports get what may decide."""
    from losscli.cli import console

    found = read_environment(ctx)
    if found.effective:
        console.print_notes([f"from the environment: {', '.join(found.effective)}"], bool(ctx.params.get("quiet")))
    for warning in () if ctx.params.get("quiet") else found.warnings:
        console.say("warning", warning)
    if "outputs" in ctx.params:
        ctx.params["environment"] = found.deciding


def every_variable() -> set[str]:
    """The variables of the options of all commands. This imports them all."""
    from losscli.cli import COMMANDS, cli

    context = click.Context(cli)
    commands = filter(None, (cli.get_command(context, name) for name in COMMANDS))
    found = (param.envvar for command in commands for param in command.params)
    return {str(name) for name in found if name}


def _settings(ctx: click.Context, given: Iterable[str]) -> Iterator[str]:
    """The variables that set no option and had an effect on how rows are read; the others are about what is shown."""
    name = "LOSSCLI_CHUNK_ROWS"
    if name in given and "sources" in ctx.params and os.environ[name].isdigit():
        yield name


def _unknown(name: str, known: Iterable[str]) -> str:
    """A misspelt variable is as if it was not set, so that a run may look right and be another."""
    close = nearest(name[len(PREFIX) :], sorted(one.removeprefix(PREFIX) for one in known))
    named = " or ".join(PREFIX + one for one in close)
    return f"{name} is no variable of losscli, and is ignored" + (f"; did you mean {named}?" if close else "")
