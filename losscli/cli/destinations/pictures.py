"""`-o plot:NAME=FILE`: the pictures of one kind in a file."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.cli.destinations import Destination
from losscli.errors import UsageError
from losscli.io.write.atomic import refuse_read_only, replaced
from losscli.lazy import dataclass
from losscli.report.page.drawings import NAMES, ROW_PICTURES
from losscli.report.picture_files import Pictures, check_name, check_suffix, pictures_of
from losscli.report.suites import evaluated
from losscli.results import SuiteResult

PREFIX = "plot:"


@dataclass(frozen=True)
class PictureFile(Destination):
    """The pictures of a kind, and the file."""

    name: str
    path: str

    @property
    def like(self) -> str:
        """A page has pictures of rows, lines have results."""
        return "html" if self.name in ROW_PICTURES else "plain"

    def write(self, suites: Sequence[SuiteResult]) -> list[str]:
        """Write the file."""
        self.draw(pictures_of((evaluation for _, evaluation in evaluated(suites)), self.name))
        return []

    def draw(self, pictures: Pictures) -> None:
        """Write these pictures."""
        content = pictures.content(self.path)
        with replaced(self.path) as file:
            file.write(content)


def destination(text: str) -> PictureFile:
    """What `plot:NAME=FILE` names."""
    return picture_file(text, tuple(NAMES))


def picture_file(text: str, known: Sequence[str]) -> PictureFile:
    """The same where these kinds of pictures are known."""
    name, _, path = text.removeprefix("plot").removeprefix(":").partition("=")
    if not name or not path:
        raise UsageError(f"-o {text} names no picture or no file",
                         hint=f"-o plot:NAME=FILE; pictures: {', '.join(known)}",
                         code="USAGE_INCOMPLETE")  # fmt: skip
    check_name(name, known)
    check_suffix(path)
    refuse_read_only(path)
    return PictureFile(name, path)
