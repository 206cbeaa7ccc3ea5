"""What mkdocs asks while it builds the site: addresses from pyproject.toml, generated pages, links out of docs/.

`mkdocs build --strict` calls it (see mkdocs.yml). A generated page is never written to docs/: it would soon be stale.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# mkdocs has the folder of this file on the path while it is imported; what else is needed must be there at once, too.
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "golden")]

import reference_pages  # noqa: E402
import sources  # noqa: E402
from loss_pages import page as loss_page  # noqa: E402

from losscli.cli import COMMANDS  # noqa: E402
from losscli.cli.help import TOPICS  # noqa: E402
from losscli.losses._catalogue import matching  # noqa: E402
from losscli.losses._tasks import tasks  # noqa: E402

_LINK = re.compile(r"\]\((\.\./[^)\s]*)\)")
_WIDE = ("losses.md", "presets.md", "golden-numbers.md", "benchmarks.md")  # tables that need the room
_LOSS = re.compile(r"^\| `(\w+)`", re.MULTILINE)


@cache
def home() -> str:
    """The address of the project, which stands in pyproject.toml alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"]["Homepage"])


@cache
def generated() -> dict[str, Callable[[], str]]:
    """The pages that are made, by their place, and what makes each."""
    found: dict[str, Callable[[], str]] = {f"losses/{loss.name}.md": partial(_loss, loss) for loss in matching(())}
    found |= {f"commands/{name}.md": partial(reference_pages.command, name) for name in COMMANDS}
    found |= {f"topics/{name}.md": partial(reference_pages.help_topic, name) for name in TOPICS}
    return found | {"errors.md": reference_pages.errors, "json.md": reference_pages.json_keys}


def _loss(loss: Any) -> str:
    return loss_page(loss, ", ".join(sorted(_known().get(loss.name, ()))))


@cache
def _known() -> dict[str, set[str]]:
    """Who says the number of each loss too."""
    found: dict[str, set[str]] = sources.outside()
    return found


def _by_task() -> list[dict[str, Any]]:
    found: dict[str, list[Any]] = {}
    for loss in matching(()):
        found.setdefault(tasks(loss)[0].capitalize(), []).append({loss.name: f"losses/{loss.name}.md"})
    return [{task: pages} for task, pages in found.items()]


def on_config(config: Any) -> Any:
    """Complete the configuration: addresses, and what the generated pages add to the menu."""
    config.repo_url = home()
    config.repo_name = home().partition("//")[2].partition("/")[2]
    menu = {title: pages for section in config.nav for title, pages in section.items()}
    menu["Losses"] += _by_task()
    menu["Reference"] += [
        {"Commands": [path for path in generated() if path.startswith("commands/")]},
        {"Help topics": [{Path(path).stem: path} for path in generated() if path.startswith("topics/")]},
        {"Errors": "errors.md"},
        {"JSON": "json.md"},
    ]
    # A new page of docs/ has a place here before mkdocs.yml gives it one.
    named = set(_paths(config.nav))
    later = [path.relative_to(DOCS).as_posix() for path in sorted(DOCS.glob("*.md"))]
    menu["How to"] += [path for path in later if path not in named]
    return config


def _paths(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    for one in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from _paths(one)


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages."""
    from mkdocs.structure.files import File

    for path, text in generated().items():
        files.append(File.generated(config, path, content=text()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links out of docs/ lead to the repository, OWNER is its owner, and losses have links to their pages."""
    place = page.file.src_uri
    if place in _WIDE:
        page.meta["hide"] = ["toc"]
    if place in generated():
        return markdown
    depth = place.count("/")

    def outside(match: re.Match[str]) -> str:
        climbed = match[1].split("/").count("..")
        return match[0] if climbed <= depth else f"]({home()}/blob/main/{match[1].replace('../', '')})"

    markdown = _LINK.sub(outside, markdown).replace("OWNER/", home().rsplit("/", 2)[1] + "/")
    if place in ("losses.md", "golden-numbers.md"):
        markdown = _LOSS.sub(lambda match: _linked(match[0], match[1]), markdown)
    return markdown


def _linked(text: str, name: str) -> str:
    return f"| [`{name}`](losses/{name}.md)" if f"losses/{name}.md" in generated() else text
