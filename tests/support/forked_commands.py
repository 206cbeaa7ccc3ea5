"""The command `losscli` as a fork of one process that has imported its modules: most of a short run is their import.

What runs is a process of its own, with the arguments, folder, variables and open files of the one who typed it. Where a
variable would change how Python starts, Python is started.

>>> with ForkedCommands(folder) as commands:
...     subprocess.run(["losscli", "--version"], env={"PATH": str(commands.folder)})
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

# The client imports as little as it can (-I -S): it starts in 20 ms. Its exit code is that of the fork.
CLIENT = """\
#!{python} -IS
import os, socket, sys

started = {started!r}
if any(os.environ.get(name) != started.get(name) for name in {{*started, *os.environ}}
       if name.startswith(("PYTHON", "LC_", "LANG", "COVERAGE"))):
    os.execv({python!r}, [{python!r}, "-P", "-m", "losscli", *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
parts = [os.fsencode(text) for text in (os.getcwd(), str(len(sys.argv)), *sys.argv)]
parts += [name + b"=" + value for name, value in os.environb.items()]
message = b"\\0".join(parts)
socket.send_fds(server, [len(message).to_bytes(8, "little")], [0, 1, 2])
server.sendall(message)
code = server.recv(1)
if not code:
    sys.exit("the process of the tests is gone")
sys.exit(code[0])
"""


class ForkedCommands:
    """A folder with the command, to be put in front of PATH, and the process behind it."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        # An address of a socket is at most some hundred characters long.
        self._scratch = tempfile.TemporaryDirectory(prefix="losscli-")
        address = f"{self._scratch.name}/socket"
        folder.mkdir(parents=True, exist_ok=True)
        launcher = folder / "losscli"
        launcher.write_text(CLIENT.format(python=sys.executable, address=address, started=variables))
        launcher.chmod(0o755)
        read, write = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, address, str(write)],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[write],
        )
        os.close(write)
        os.read(read, 1)  # until it is closed
        os.close(read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._scratch.cleanup()


# ----------------------------------------------------------------------------------------------- inside of the process


def serve(address: str, ready: int) -> None:
    """Answer every client with a fork that becomes its command."""
    import gc
    import importlib
    import pkgutil

    import losscli

    for module in pkgutil.walk_packages(losscli.__path__, "losscli."):
        with contextlib.suppress(ImportError):  # of an extra
            importlib.import_module(module.name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those who answer are not waited for
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen(64)
    os.close(ready)
    while True:
        client, _ = server.accept()
        if not os.fork():
            server.close()
            _answer(client)
        client.close()


def _answer(client: socket.socket) -> None:
    """Run the command in a fork of this fork, and tell its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(client, 8, 3)
    message = bytearray()
    while len(message) < int.from_bytes(size, "little"):
        message += client.recv(1 << 16)
    if not (command := os.fork()):
        client.close()
        _become(bytes(message).split(b"\0"), files)
    _, status = os.waitpid(command, 0)
    code = os.waitstatus_to_exitcode(status)
    with contextlib.suppress(OSError):  # the client is gone
        client.sendall(bytes([code if code >= 0 else 128 - code]))
    os._exit(0)


def _become(parts: list[bytes], files: list[int]) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(parts[0])
    end = 2 + int(parts[1])
    sys.argv = [os.fsdecode(part) for part in parts[2:end]]
    os.environb.clear()
    os.environb.update(part.split(b"=", 1) for part in parts[end:])
    time.tzset()
    from losscli.__main__ import main

    main()  # and out, as a process ends


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
