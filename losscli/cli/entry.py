"""The entry point: every way to end has its own exit code, which click's own main cannot give."""

from __future__ import annotations

import atexit
import errno
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NoReturn

import click

from losscli.cli import argument_text, error_format, streams
from losscli.errors import Code, ExitCode, FileError, LosscliError, UsageError, system_code


def run(args: Sequence[str]) -> int:
    """Run one command line, and leave the process as it was; returns the exit code."""
    if sys.stderr is None:
        streams.open_stderr()
    terminal = sys.stderr is not None and sys.stderr.isatty()
    with error_format.speaking(error_format.wanted(args, os.environ, terminal)), _one_blas_thread():
        return _run(args)


def _one_blas_thread() -> AbstractContextManager[None]:
    """Where NumPy is loaded, nobody else does it: `losscli.__main__` sets variables, which count as it is loaded."""
    if "numpy" not in sys.modules:
        return nullcontext()
    from losscli.parallel import one_blas_thread

    return one_blas_thread()


def _run(args: Sequence[str]) -> int:
    if sys.stdout is None:
        return _told(FileError("standard output is closed", path="standard output"))
    _met.clear()
    with _answered_signals():
        try:
            return _guarded(args)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if error_format.spoken() == "text":
                _say("Interrupted.")
            return ExitCode.INTERRUPTED
        except _Terminated:
            return ExitCode.TERMINATED
        finally:
            _let_go()


def leave(code: int) -> NoReturn:
    """End the process without Python's own way out, which takes every module apart: a fifth of a short run.

    Nor would it end while a thread hangs in a read. What is written to standard output is flushed at once.
    """
    # Temporary files go, and what libraries registered is done. The name is private; CPython 3.11 to 3.14, on which the
    # tests run, have it. No public way ends at once: `sys.exit` waits for threads before it comes to these functions,
    # and one of our own that ended the process, registered first, would leave out those before it, such as coverage's.
    # The handlers are again those of `main`, which end the process: right for a second signal. A first one ends the
    # function that it meets and no other, so that temporary files go and the code stays that of the run.
    if code not in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
        _answer_signals()
    atexit._run_exitfuncs()
    streams.flush_stderr()
    os._exit(code)


def _guarded(args: Sequence[str]) -> int:
    from losscli.cli import ShortHelp

    try:
        return _invoked(args)
    except click.exceptions.Exit as done:
        return done.exit_code
    except ShortHelp as shown:
        if error_format.spoken() != "text":
            return _told(UsageError("no command was given", hint="run 'losscli --help'", code="USAGE_INCOMPLETE"))
        _say(shown.message)
        return ExitCode.USAGE
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as wrong:
        return _told(_from_click(wrong))
    except LosscliError as error:
        return _told(error)
    except MemoryError:
        return _told(FileError("out of memory", hint="score fewer columns or a smaller batch",
                               code="IO_MEMORY"))  # fmt: skip
    except OSError as error:
        return _os_error(error)
    except UnicodeEncodeError as error:
        argument = argument_text.culprit(error, args)
        return _bug() if argument is None else _told(argument)
    except (Exception, SystemExit, GeneratorExit):  # a library that ends the process would choose the exit code
        return _bug()


def _invoked(args: Sequence[str]) -> int:
    from losscli.cli import cli, completion

    try:
        if instruction := os.environ.get(completion.VARIABLE):
            return completion.answer(instruction)
        with cli.make_context("losscli", list(args), obj=tuple(args)) as context:
            code = cli.invoke(context)
        sys.stdout.flush()
        return int(code or 0)
    except Exception:
        if _met:  # a library made an error of its own of what a signal raised in it: the import of one, for example
            _signalled(_met[0], None)
        raise


class _Terminated(BaseException):
    """Somebody asked this process to end; temporary files go on its way up."""


_met: list[int] = []  # the signals that came


@contextmanager
def _answered_signals() -> Iterator[None]:
    """Raise an exception for each signal that asks for an end; afterwards the handlers are those of before."""
    before = _answer_signals()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _answer_signals() -> dict[int, Any]:
    """Let each signal that asks for an end raise an exception; gives the handlers of before."""
    return {
        number: signal.signal(number, _signalled)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN  # as a shell does for what it starts in the background
    }


def _signalled(number: int, _: Any) -> NoReturn:
    _met.append(number)
    raise KeyboardInterrupt if number == signal.SIGINT else _Terminated


def _os_error(error: OSError) -> int:
    if error.errno == errno.EPIPE:
        return ExitCode.PIPE  # the reader has gone
    if error.errno == errno.ENOENT and error.filename is None and not _has_working_directory():
        return _told(FileError("the working directory does not exist any more", hint="cd to a folder that exists",
                               code="IO_NOT_FOUND"))  # fmt: skip
    path = str(error.filename or "standard output")
    return _told(FileError(error.strerror or str(error), path=path, code=system_code(error)))


def _has_working_directory() -> bool:
    try:
        os.getcwd()  # noqa: PTH109
    except OSError:
        return False
    return True


def _let_go() -> None:
    """Bytes that could not be written are still held; Python's own try at shutdown would print a traceback."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        streams.silence(1)
    streams.flush_stderr()


def _from_click(error: click.ClickException) -> UsageError:
    """click's finding in our words: what is wrong, and the option it may have meant."""
    context = getattr(error, "ctx", None)
    hint = f"see '{context.command_path} --help'" if context is not None else None
    if isinstance(error, click.NoSuchOption):
        # Composed here, as each version of click has its own way to say what may have been meant.
        close = tuple(error.possibilities or ())[:3]
        listed = " or ".join(f"'{name}'" for name in close)
        return UsageError(f"unknown option '{error.option_name}'", suggestions=close,
                          hint=f"did you mean {listed}?" if close else hint, code="USAGE_UNKNOWN_OPTION")  # fmt: skip
    param = getattr(error, "param", None)
    source = context.get_parameter_source(param.name) if context is not None and param is not None else None
    if param is not None and source is click.core.ParameterSource.ENVIRONMENT:
        hint = f"it comes from the environment variable {param.envvar}"
    message = error.format_message().split("\n")[0]
    return UsageError(message[:1].lower() + message[1:].rstrip("."), hint=hint, code=_code(error))


def _code(error: click.ClickException) -> Code:
    if isinstance(error, click.MissingParameter | click.BadOptionUsage | click.BadArgumentUsage):
        return "USAGE_INCOMPLETE"
    return "USAGE_BAD_VALUE" if isinstance(error, click.BadParameter) else "USAGE"


def _told(error: LosscliError) -> int:
    from losscli.cli.console import print_error

    print_error(error)
    return int(error.exit_code)


def _bug() -> int:
    import traceback

    from losscli.cli.console import print_error, print_notes

    text = traceback.format_exc()
    last = text.strip().splitlines()[-1]
    debug = bool(os.environ.get("LOSSCLI_DEBUG"))
    hint = "run again with LOSSCLI_DEBUG=1 for the traceback, and report it"
    print_error(LosscliError(f"this is a bug in losscli: {last}", hint=None if debug else hint, code="INTERNAL_BUG"))
    if debug and error_format.spoken() == "text":
        from losscli.report.sanitized import sanitized

        _say("\n".join(sanitized(line, limit=1000) for line in text.splitlines()))
    elif debug:
        print_notes(text.splitlines())
    return ExitCode.INTERNAL


def _say(text: str) -> None:
    streams.write_stderr(text.rstrip("\n") + "\n")
