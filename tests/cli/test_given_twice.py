"""An option that takes one value takes no second one: whichever option it is, and of whichever command."""

from __future__ import annotations

import click
import pytest

from losscli.cli import COMMANDS, cli
from losscli.errors import UsageError

GROUP = click.Context(cli, info_name="losscli")


def options(name: str) -> list[click.Option]:
    command = cli.get_command(GROUP, name)
    assert command is not None
    return [param for param in command.params if isinstance(param, click.Option)]


def parsed(name: str, args: list[str], **settings: bool) -> click.Context:
    command = cli.get_command(GROUP, name)
    assert command is not None
    return command.make_context(name, args, parent=GROUP, **settings)


def values(option: click.Option) -> tuple[str, str]:
    """Two values of an option."""
    if isinstance(option.type, click.Choice):
        first, second, *_ = map(str, option.type.choices)
        return first, second
    return ("4", "5") if isinstance(option.type, click.types.IntParamType | click.types.FloatParamType) else ("a", "b")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_one_value(name: str) -> None:
    single = [one for one in options(name) if not (one.is_flag or one.multiple or one.count)]
    assert single  # --error-format at least
    for option in single:
        first, second = values(option)
        for spelled in option.opts:
            with pytest.raises(UsageError) as caught:
                parsed(name, [option.opts[0], first, "x", spelled, second])
            long = max(option.opts, key=len)
            assert caught.value.message == f"{long} was given twice: '{first}' and '{second}'"
            assert caught.value.code == "USAGE_CONFLICT"


def test_the_same_value_flags_and_repeatable_options_may_be_given_again() -> None:
    args = ["x.csv", "-t", "y", "--target=y", "-ty", "-p", "p", "-p", "q", "--by", "a", "--by", "b", "-q", "-q"]
    params = parsed("eval", args).params
    assert (params["target"], params["preds"], params["by"], params["quiet"]) == ("y", ("p", "q"), ("a", "b"), True)
    assert parsed("show", ["--schema", "--schema"]).params["schema"] == "report"
    assert parsed("show", ["huber"]).params["schema"] is None


def test_a_shell_that_completes_a_command_line_is_told_no_error() -> None:
    assert parsed("eval", ["-t", "y", "-t", "z"], resilient_parsing=True).params["target"] == "z"


def test_a_variable_is_a_default_that_the_command_line_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSCLI_TARGET", "z")
    assert parsed("eval", ["x.csv", "-t", "y"]).params["target"] == "y"
    assert parsed("eval", ["x.csv"]).params["target"] == "z"
