"""Help to the width of the screen: no broken word, no wide line, and options in sections."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from generate import run
from processes import losscli, on_terminal

from losscli.cli import COMMANDS, SECTIONS, SECTIONS_FROM, cli, help, layout, messages, section_of
from losscli.cli import list as list_command
from losscli.cli import show as show_command
from losscli.cli.preset_examples import values
from losscli.losses import REGISTRY
from losscli.losses._catalogue import matching

WIDTHS = (60, 80, 100, 140)
COMMANDS_OF = {name: cli.get_command(None, name) for name in COMMANDS}
LONG = ("eval", "rows", "grad", "calibrate", "descend", "compare")


def words(text):
    """The words of a page; a backslash that ends a line, and dots that begin one, are the layout's."""
    return re.sub(r" \\$", "", re.sub(r"^  \.\.\. ", "", text, flags=re.MULTILINE), flags=re.MULTILINE).split()


def wide(text, width, verbatim=()):
    """The lines that are longer than the width, and neither one long word nor code that stays as it is."""
    return [line for line in text.splitlines()
            if layout.cells(line) > width and " " in line.strip() and line.strip() not in verbatim]  # fmt: skip


def command_help(name, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    command = cli if name is None else COMMANDS_OF[name]
    with command.make_context("losscli", [], resilient_parsing=True) as context:
        return command.get_help(context) + "\n"


# ------------------------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("topic", help.TOPICS)
def test_a_topic_fits_and_breaks_no_word(topic, width):
    source = help.read(topic)[1]
    page = layout.page(source, width)
    code = {line.strip() for line in source.splitlines() if line.startswith("    ")}
    assert words(page) == words(source)
    assert wide(page, width, code) == []
    if width >= 80:
        assert wide(page, width) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_loss_fits_and_breaks_no_word(name, width):
    page = show_command.text(REGISTRY[name], width)
    assert words(page) == words(show_command.text(REGISTRY[name], 10_000))
    assert wide(page, width, REGISTRY[name].example.splitlines()) == []
    if width >= 80:
        assert wide(page, width) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_fits_and_breaks_no_word(width):
    losses = matching(())
    page = list_command.text(losses, width)
    assert words(page) == words(list_command.text(losses, 10_000))
    assert wide(page, width) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_the_help_of_a_command_fits_and_breaks_no_word(name, width, monkeypatch):
    page = command_help(name, width, monkeypatch)
    assert words(page) == words(command_help(name, 10_000, monkeypatch))
    assert wide(page, min(width, layout.MAX_WIDTH)) == []
    assert "\x00" not in page


@pytest.mark.parametrize("width", WIDTHS)
def test_a_command_can_be_pasted_at_every_width(width):
    for topic in help.TOPICS:
        source = help.read(topic)[1]
        page = re.sub(r"\\\n +", "", layout.page(source, width))
        shown = [shlex.split(line) for line in page.splitlines() if line.startswith("  losscli ")]
        assert shown == [shlex.split(command) for command in layout.commands(source)]


def test_the_parts_of_a_page():
    text = (
        "one two\nthree\n\n  a  first\n     more\n  bbb  second\n  no definition\n\n    x  =  1\n\n    losscli a -b c\n"
    )
    assert layout.page(text, 20) == (
        "one two three\n\n  a    first more\n  bbb  second\n  no definition\n\n  x  =  1\n\n  losscli a -b c\n"
    )
    assert layout.page(text, 14) == (
        "one two three\n\n  a    first\n       more\n  bbb  second\n  no\n    definition\n\n  x  =  1\n\n"
        "  losscli a \\\n      -b c\n"
    )


def test_wide_characters_take_two_columns():
    assert layout.filled("日本 日本 e\u0301e\u0301e\u0301", 9) == ["日本 日本", "e\u0301e\u0301e\u0301"]


# ----------------------------------------------------------------------------------------------------------- screens


@pytest.mark.parametrize(
    ("columns", "expected"), [(None, 80), ("", 80), ("60", 60), ("0", 80), ("19", 80), ("x", 80), ("²", 80)]
)
def test_the_width_without_a_terminal(columns, expected, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    assert layout.screen_width(-1) == expected


def test_help_in_a_pipe_is_the_same_everywhere(tmp_path):
    piped = losscli("help", "gates", folder=tmp_path)
    assert 70 < max(map(len, piped.stdout.splitlines())) <= 80
    assert max(map(len, losscli("help", "gates", folder=tmp_path, COLUMNS="60").stdout.splitlines())) <= 60
    code, shown, err = on_terminal("help", "gates", folder=tmp_path)  # of a size that nobody has set
    assert (code, shown, err) == (0, piped.stdout, "")


def test_a_page_is_as_wide_as_the_terminal_up_to_a_measure(tmp_path):
    assert 80 < max(map(len, run("losscli help gates", tmp_path).splitlines())) <= layout.MAX_WIDTH
    assert layout.MAX_WIDTH < max(map(len, run("losscli list", tmp_path).splitlines())) <= 110


def test_messages_are_cut_for_a_person_and_whole_in_a_log(tmp_path):
    names = [f"a_column_with_a_long_name_{number}" for number in range(20)]
    (tmp_path / "x.csv").write_text(",".join(names) + "\n" + ",".join("1" * 20) + "\n")
    command = ("eval", "x.csv", "-t", "none", "-p", names[0], "-l", "mse")
    lines = losscli(*command, folder=tmp_path).stderr.splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) > 300
    shown = run(shlex.join(["losscli", *command]), tmp_path)
    assert max(map(len, shown.splitlines())) <= 110
    assert shown.split() == " ".join(lines).split()
    assert [line[:7] for line in shown.splitlines() if line[:7].strip()] == ["error: ", "   in: ", " hint: "]


def test_the_mark_below_a_filter_stays_below_it():
    lines = ["error: --where: " + "word " * 30, "     " + "a == 1 and " * 20, "     " + " " * 200 + "^"]
    shown = [part for line in lines for part in messages.on_screen(line, 60)]
    assert shown[-2:] == lines[1:]
    assert len(shown) == 6
    assert max(map(len, shown[:-2])) <= 60


# ---------------------------------------------------------------------------------------------------------- sections


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_stands_in_one_section(name):
    command = COMMANDS_OF[name]
    with command.make_context("losscli", [], resilient_parsing=True) as context:
        shown = command.sections(context)
        options = [param for param in command.get_params(context) if isinstance(param, click.Option)]
    listed = [param.opts for params in shown.values() for param in params if isinstance(param, click.Option)]
    assert sorted(listed) == sorted(option.opts for option in options)
    assert len({tuple(opts) for opts in listed}) == len(listed)
    if name in (*LONG, "inspect", "check"):
        assert len(options) >= SECTIONS_FROM
        assert [*shown] == [title for title in SECTIONS if title in shown]
        assert {section_of(option) for option in options} == shown.keys()
    else:
        assert [*shown] == ["Options"]


@pytest.mark.parametrize("name", LONG)
def test_the_first_screen_is_enough_for_the_main_job(name, monkeypatch):
    page = command_help(name, 80, monkeypatch)
    first = page[: page.index("\n\n", page.index(f"\n{SECTIONS[0]}:\n"))].splitlines()
    assert first[0].startswith("Usage: ")
    assert len(first) <= 30
    for option in ("SOURCE…", "-l, ", "-t, ", "-p, ", *(["-o, "] if name != "descend" else [])):  # it only prints
        assert [line for line in first if line.startswith(f"  {option}")], option
    assert 1 <= len([line for line in first if line.startswith("  losscli ") or "| losscli " in line]) <= 3


@pytest.mark.parametrize(
    ("name", "library", "found"),
    [("huber", "torch", [1.5, 0.02]), ("huber", "lightgbm", [1.395, 0.02]), ("rmse", "sklearn", None),
     ("cohen_kappa", "sklearn", None)],
)  # fmt: skip
def test_what_presets_give_on_the_example(name, library, found):
    assert values(REGISTRY[name], library) == found
    said = "" if found is None else f"gives {', '.join(map(str, found))} on the example"
    assert said in " ".join(show_command.text(REGISTRY[name], 200).split())
