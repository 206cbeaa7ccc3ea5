"""Pages in a headless Chromium, told what to do over a pipe: its DevTools protocol needs no port and no library.

>>> with Browser(folder) as browser:
...     page = browser.open(path, width=400, dark=True)
...     page.value("document.title"), page.complaints(), page.axe()
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from waiting import PATIENCE

CHROMIUM = None if sys.platform == "win32" else shutil.which("chromium") or shutil.which("google-chrome")
"""The browser; on Windows it takes no commands from a pipe."""

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip

# Chromium reads commands from file 3 and writes answers to file 4.
PIPES = "import os, sys; [os.dup2(int(sys.argv[at]), at + 2) for at in (1, 2)]; os.execv(sys.argv[3], sys.argv[3:])"


def axe_source() -> str | None:
    """The script of axe-core, which checks rules of accessibility, where it is installed."""
    found = importlib.util.find_spec("axe_core_python")
    if found is None or found.origin is None:
        return None
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


class Browser:
    """One Chromium with a new profile, which opens nothing but files."""

    def __init__(self, folder: Path) -> None:
        import fcntl  # not on Windows

        assert CHROMIUM is not None
        commands, self._write = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in os.pipe())
        self._read, answers = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in os.pipe())
        started = [sys.executable, "-c", PIPES, str(commands), str(answers), CHROMIUM, *FLAGS]
        self._process = subprocess.Popen(
            [*started, f"--user-data-dir={folder / 'profile'}", "about:blank"], pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self._rest, self._count, self.events = b"", 0, list[dict[str, Any]]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def call(self, method: str, session: str | None = None, **given: Any) -> dict[str, Any]:
        """What Chromium answers to a command; events before the answer are kept."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": given}
        if session is not None:
            message["sessionId"] = session
        whole = json.dumps(message).encode() + b"\0"
        while whole:
            whole = whole[os.write(self._write, whole) :]
        while True:
            found = self.next()
            if found.get("id") == self._count:
                assert "error" not in found, (method, found["error"])
                return dict(found["result"])
            self.events.append(found)

    def next(self) -> dict[str, Any]:
        """The next answer or event."""
        while b"\0" not in self._rest:
            part = os.read(self._read, 1 << 20)
            assert part, "Chromium has ended"
            self._rest += part
        found, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(found))

    def open(self, path: Path, *, width: int = 1100, dark: bool = False) -> Page:
        """A file in a tab of its own, laid out in so many pixels, once it has been loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, target, session)
        for domain in ("Page", "Log", "Runtime"):
            page.call(f"{domain}.enable")
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        page.call("Emulation.setEmulatedMedia", features=scheme)
        page.call("Page.navigate", url=path.resolve().as_uri())
        page.event("Page.loadEventFired")
        return page


class Page:
    """A tab."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self.browser, self.target, self.session = browser, target, session

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.browser.call("Target.closeTarget", targetId=self.target)

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        """What the tab answers to a command."""
        return self.browser.call(method, self.session, **given)

    def event(self, method: str) -> dict[str, Any]:
        """The first event of a kind, waited for."""
        while True:
            for at, found in enumerate(self.browser.events):
                if found.get("sessionId") == self.session and found["method"] == method:
                    return dict(self.browser.events.pop(at)["params"])
            self.browser.events.append(self.browser.next())

    def value(self, script: str) -> Any:
        """What an expression gives, also a promise; the content security policy of the page does not bind us."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True,
                          timeout=1000 * PATIENCE)  # fmt: skip
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def complaints(self) -> list[str]:
        """What stands in the console of the page so far, and errors of scripts."""
        kinds = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return [json.dumps(found["params"]) for found in self.browser.events
                if found.get("sessionId") == self.session and found["method"] in kinds]  # fmt: skip

    def axe(self) -> list[str]:
        """What axe finds: each rule that is broken, and where. What it cannot decide is no finding."""
        source = axe_source()
        assert source is not None
        self.value(source + ";0")
        return list(self.value(
            "axe.run({resultTypes: ['violations']}).then(found => found.violations.map(rule => rule.id + ': '"
            " + rule.help + ': ' + rule.nodes.map(node => node.target + ' ' + node.failureSummary).join('; ')))"
        ))  # fmt: skip

    def pdf(self) -> bytes:
        """The page on paper."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(found["data"])
