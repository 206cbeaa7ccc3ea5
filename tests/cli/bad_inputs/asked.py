"""F and H: command lines, environment, and the places that reports go to."""

from __future__ import annotations

from pathlib import Path

from bad_inputs.case import Here, case

GOOD = "y,p\n1,2\n3,3\n"
SCORE = ("-t", "y", "-p", "p", "-l", "mae", "-q")


def scored(here: Here, *more: str) -> list[str]:
    return [here.file(GOOD), *SCORE, *more]


@case("B122", 2, "unknown option '--los'", "did you mean '--loss'")
def option_nearly_right(here: Here):
    return scored(here, "--los", "mse")


@case("B122", 2, "unknown option '--log'", "did you mean '--loss'")
def option_that_nobody_knows(here: Here):
    return scored(here, "--log", "mse")


@case("B122", 2, "unknown option '--miss'", "did you mean '--missing'")
def option_cut_short(here: Here):
    return scored(here, "--miss", "drop")  # no abbreviation is taken for the whole


@case("B122", 2, "unknown loss 'maee'", "did you mean 'mae'")
def loss_nearly_right(here: Here):
    return scored(here, "-l", "maee")


@case("B122", 2, "'huber' has no parameter 'dleta'", "did you mean 'delta'")
def parameter_nearly_right(here: Here):
    return scored(here, "-l", "huber:dleta=2")


@case("B122", 3, "no column 'w2'", "the columns are: y, p")
def column_unknown(here: Here):
    return scored(here, "-w", "w2")


@case("B123", 0, "note: mae is given more than once; it is scored once", shows=("p\tmae\t0.5\t2\n",))
def loss_twice(here: Here):
    return [here.file(GOOD), *SCORE[:-1], "-l", "mae"]


@case("B123", 0, "note: mae is given more than once", shows=("p\tmae\t0.5\t2\n",))
def loss_by_two_of_its_names(here: Here):
    return [here.file(GOOD), *SCORE[:-1], "-l", "mean_absolute_error"]


for _name, _value, _says in (
    ("choice", "LOSSCLI_MISSING=ignore", "invalid value for '--missing': 'ignore'"),
    ("number", "LOSSCLI_BATCH_SIZE=abc", "invalid value for '--batch-size': 'abc'"),
    ("range", "LOSSCLI_THREADS=0", "invalid value for '--threads': 0"),
    ("flag", "LOSSCLI_NO_HEADER=perhaps", "invalid value for '--no-header': 'perhaps'"),
    ("error_format", "LOSSCLI_ERROR_FORMAT=xml", "invalid value for '--error-format': 'xml'"),
):

    def _wrong(here: Here, variable=_value):
        name, _, value = variable.partition("=")
        here.patch.setenv(name, value)
        return scored(here)

    _wrong.__name__ = f"environment_{_name}"
    case("B128", 2, _says, f"it comes from the environment variable {_value.partition('=')[0]}")(_wrong)


@case("B128", 2, "unknown format 'jsno'")
def environment_format_unknown(here: Here):
    here.patch.setenv("LOSSCLI_FORMAT", "jsno")
    return scored(here)


@case("B128", value=0.5)
def environment_empty(here: Here):
    for name in ("FORMAT", "MISSING", "THREADS", "WEIGHT", "OUTPUT", "LOSS", "ERROR_FORMAT", "BASELINE", "GATE"):
        here.patch.setenv(f"LOSSCLI_{name}", "")
    return scored(here)


# In these the input is bad too, so an error about the output shows that it was found before the run.


@case("B142", 4, "could not write", "in: none/report.json")
def folder_of_the_report_is_missing(here: Here):
    return [here.file("y,p\n1,x\n"), *SCORE, "-o", "none/report.json"]


@case("B142", 4, "could not write", "it is a folder")
def report_is_a_folder(here: Here):
    (here.path / "report.json").mkdir()
    return [here.file("y,p\n1,x\n"), *SCORE, "-o", "report.json"]


@case("B142", 4, "could not write", "in: p.csv/report.json")
def report_in_a_file(here: Here):
    return [here.file("y,p\n1,x\n"), *SCORE, "-o", "p.csv/report.json"]


@case("B143", 4, "No space left on device", "in: /dev/full")
def disk_is_full(here: Here):
    return scored(here, "-o", "json=/dev/full")


@case("B146", shows=('"schema": "losscli.report/1"',))
def report_to_standard_output_by_its_device(here: Here):
    return [here.file(GOOD), *SCORE[:-1], "-o", "json=/dev/stdout"]


@case("B146", value=0.5)
def report_to_nowhere(here: Here):
    return scored(here, "-o", "json=/dev/null")


@case("B146", value=0.5)
def report_behind_a_link(here: Here):
    (here.path / "there").mkdir()
    (here.path / "report.json").symlink_to("there/real.json")

    def look() -> None:
        assert (here.path / "report.json").readlink() == Path("there/real.json")
        assert (here.path / "there" / "real.json").read_text().startswith("{")

    here.after.callback(look)
    return scored(here, "-o", "report.json")


@case("B147", 2, "'../p.csv' is an input")
def report_over_the_input_by_another_name(here: Here):
    (here.path / "deep").mkdir()
    here.file(GOOD)
    here.patch.chdir(here.path / "deep")
    return ["../p.csv", *SCORE, "-o", "json=../p.csv"]


@case("B147", 2, "'link.json' is an input")
def report_over_the_input_by_a_link(here: Here):
    (here.path / "link.json").symlink_to("p.csv")
    return scored(here, "-o", "link.json")


@case("B147", 2, "two reports would be written to 'a.json'")
def two_reports_in_one_file(here: Here):
    return scored(here, "-o", "a.json", "-o", "json=a.json")
