"""What hatchling runs while it builds a wheel: the manual pages are written, and go to share/man/man1."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManualPages(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the manual pages to a wheel; a source distribution has what makes them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the pages into a folder that is there until the wheel is built."""
        if self.target_name != "wheel":
            return
        sys.path[:0] = [self.root, str(Path(self.root) / "docs" / "generated_pages")]
        import man_pages

        self._folder = tempfile.TemporaryDirectory()
        for name, text in man_pages.pages().items():
            path = Path(self._folder.name) / name
            path.write_text(text, encoding="utf-8", newline="\n")
            build_data["shared_data"][str(path)] = f"share/man/man1/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder."""
        if self.target_name == "wheel":
            self._folder.cleanup()
