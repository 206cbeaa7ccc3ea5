"""A class of `losscli.lazy` is what the standard library makes of it, but later."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import os
import pickle
import pkgutil
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import pytest
from waiting import PATIENCE

import losscli
from losscli.lazy import complete
from losscli.lazy import dataclass as lazy

ROOT = Path(__file__).parent.parent
T = TypeVar("T")


def both(declare: Any) -> tuple[Any, Any]:
    """The class of a declaration, as the standard library makes it, and lazily."""
    return declare(dataclasses.dataclass), declare(lazy)


def plain(dataclass: Any) -> Any:
    @dataclass
    class Box:
        a: int
        b: str = "x"
        c: list[int] = field(default_factory=list)
        d: int | None = field(default=None, kw_only=True)
        kind: ClassVar[str] = "box"
        later: int = field(init=False)

        def __post_init__(self) -> None:
            self.later = self.a + 1

    return Box


def frozen(dataclass: Any) -> Any:
    @dataclass(frozen=True)
    class Box:
        a: float
        b: Mapping[str, int] = field(default_factory=dict, hash=False)
        c: int = field(default=3, compare=False, repr=False)
        d: tuple[int, ...] = field(default=(), init=False)

        def twice(self) -> float:
            return self.a * 2

    return Box


def derived(dataclass: Any) -> Any:
    @dataclass(frozen=True)
    class Base(Generic[T]):
        a: int
        b: int = 2

    @dataclass(frozen=True)
    class Box(Base[int]):
        c: int = 5
        b: int = 7

        def __hash__(self) -> int:
            return 11

    return Box


def raised(dataclass: Any) -> Any:
    @dataclass(eq=False)
    class Box(Exception):
        a: int
        hint: str | None = None

    return Box


def empty(dataclass: Any) -> Any:
    @dataclass(frozen=True, repr=False)
    class Box:
        """No field."""

    return Box


def single(dataclass: Any) -> Any:
    @dataclass(frozen=True)
    class Box:
        a: Any

        def __eq__(self, other: object) -> bool:
            return True

    return Box


def unequal(dataclass: Any) -> Any:
    @dataclass(frozen=True, eq=False)
    class Box:
        a: Any

    return Box


DECLARED = {plain: (1,), frozen: (1.5,), derived: (1,), raised: (1,), empty: (), single: (float("nan"),), unequal: (1,)}


def has_none(made: Any, args: Any) -> None:
    """Nothing was asked of the class so far."""


def has_many(made: Any, args: Any) -> None:
    """So many values that `__init__` is compiled."""
    for _ in range(100):
        made(*args)


def is_complete(made: Any, args: Any) -> None:
    complete(made)


def is_standard(made: Any, args: Any) -> None:
    """The standard library asked for its fields, before the first value."""
    assert dataclasses.is_dataclass(made)


STATES = [has_none, has_many, is_complete, is_standard]


@pytest.mark.parametrize("prepare", STATES)
@pytest.mark.parametrize("declare", DECLARED)
def test_a_class_is_that_of_the_standard_library(declare, prepare):
    args = DECLARED[declare]
    theirs, ours = both(declare)
    prepare(ours, args)
    one, other = theirs(*args), ours(*args)
    assert repr(other).split(" at 0x")[0] == repr(one).split(" at 0x")[0]
    assert vars(other) == vars(one)
    assert ours.__match_args__ == theirs.__match_args__
    assert [(each.name, each.type, each.init) for each in dataclasses.fields(ours)] == [
        (each.name, each.type, each.init) for each in dataclasses.fields(theirs)
    ]
    assert (other == ours(*args)) == (one == theirs(*args))
    assert (other == one, other == 3) == (one == other, one == 3)
    assert dataclasses.is_dataclass(ours)
    if args:
        assert vars(dataclasses.replace(other, a=4)) == vars(dataclasses.replace(one, a=4))
        assert (other == ours(4)) == (one == theirs(4))
        assert vars(ours(a=args[0])) == vars(theirs(a=args[0]))
    assert [vars(ours).get(name) for name in "abcd"] == [vars(theirs).get(name) for name in "abcd"]
    complete(ours)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert vars(ours(*args)) == vars(one)


@pytest.mark.parametrize("declare", DECLARED)
def test_hashes_and_assignments_are_those_of_the_standard_library(declare):
    values = [made(*DECLARED[declare]) for made in both(declare)]
    for act in (
        hash,
        lambda value: setattr(value, "a", 9),
        lambda value: setattr(value, "other", 9),
        lambda value: delattr(value, "a"),
        lambda value: delattr(value, "absent"),
    ):
        found = []
        for value in values:
            try:
                act(value)
                found.append(None)
            except Exception as error:
                found.append((type(error), str(error)))
        assert found[0] == found[1]
    if declare is not raised and declare is not unequal and declare is not plain:
        assert hash(values[0]) == hash(values[1])


@pytest.mark.parametrize("prepare", STATES)
@pytest.mark.parametrize(("args", "more"), [
    ((), {}), ((1, 2, 3, 4, 5), {}), ((1, "x", [], 3), {}), (("a", "b", [], "c", "d"), {}), ((), {"b": "x"}),
    ((1,), {"a": 1}), ((1,), {"e": 1}), ((1,), {"later": 1}), ((1,), {"kind": 1}), ((1, "x", [], 3), {"d": 1}),
])  # fmt: skip
def test_wrong_arguments_are_refused_as_by_the_standard_library(args, more, prepare):
    found = []
    theirs, ours = both(plain)
    prepare(ours, (1,))
    for made in (theirs, ours):
        with pytest.raises(TypeError) as error:
            made(*args, **more)
        found.append(str(error.value))
    assert found[0] == found[1]
    assert ours(1, d=2).d == 2


def test_a_default_is_made_anew_for_each_value():
    made = plain(lazy)
    boxes = [made(1) for _ in range(100)]
    assert len({id(box.c) for box in boxes}) == 100
    assert all(box.c == [] for box in boxes)


def test_a_field_that_was_never_set_is_absent():
    for made in both(plain):
        del made.__post_init__
        with pytest.raises(AttributeError):
            _ = made(1).later


def test_a_value_without_hash_has_none():
    for made in both(plain):
        with pytest.raises(TypeError, match="unhashable"):
            hash(made(1))


def test_a_subclass_that_is_no_dataclass_may_have_more():
    for made in both(frozen):
        more = type("More", (made,), {})(1.0)
        more.extra = 2
        assert more.extra == 2
        with pytest.raises(dataclasses.FrozenInstanceError):
            more.a = 3


def test_a_class_is_made_when_its_first_value_is():
    made = frozen(lazy)
    assert "__eq__" not in vars(made)
    made(1.0)
    assert "__eq__" in vars(made)


def test_what_the_standard_library_keeps_is_made_when_it_asks(monkeypatch):
    asked = []
    genuine = dataclasses.dataclass
    made = frozen(lazy)
    monkeypatch.setattr(dataclasses, "dataclass", lambda *args, **kwargs: asked.append(1) or genuine(*args, **kwargs))
    value = made(1.0)
    assert asked == []
    assert dataclasses.asdict(value) == {"a": 1.0, "b": {}, "c": 3, "d": ()}
    assert [each.name for each in dataclasses.fields(made)] == ["a", "b", "c", "d"]
    assert asked == [1]


def test_only_a_class_of_many_values_is_compiled():
    made = frozen(lazy)
    made(1.0)
    init = made.__init__
    made(1.0)
    assert made.__init__ is init
    has_many(made, (1.0,))
    compiled = made.__init__
    assert compiled is not init
    complete(made)
    has_many(made, (1.0,))
    assert made.__init__.__code__ == compiled.__code__


def test_threads_that_make_the_first_value_get_whole_ones():
    for _ in range(50):
        made, start, found = derived(lazy), threading.Barrier(4), []

        def build(made: Any = made, start: Any = start, found: Any = found) -> None:
            start.wait()
            found.append(made(1, c=2))

        threads = [threading.Thread(target=build) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [made(1, c=2)] * 4


FORKED = """
import os, signal, threading
from losscli import lazy

@lazy.dataclass(frozen=True)
class Made:
    x: int

held, forked = threading.Event(), threading.Event()

def hold():
    with lazy._lock:
        held.set()
        forked.wait(0.1)  # a fork waits for the lock, so this is not set before

threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if not child:
    signal.alarm({patience})
    Made(1)
    os._exit(0)
forked.set()
print(os.waitpid(child, 0)[1], Made(1))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_may_make_classes_when_another_thread_was_about_to():
    code = FORKED.replace("{patience}", str(PATIENCE))
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode() == "0 Made(x=1)\n"


def test_a_class_is_compiled_once(monkeypatch):
    from losscli import lazy as module

    compiled: list[Any] = []
    genuine = module._init
    monkeypatch.setattr(module, "_init", lambda cls, *args: compiled.append(cls) or genuine(cls, *args))
    made = derived(lazy)
    few = made.__init__
    value = made(1)
    with pytest.raises(TypeError):
        made()
    few(value, 1)  # a reference from before
    complete(made)
    assert sorted(each.__name__ for each in compiled) == ["Base", "Box"]


def test_a_default_of_a_base_is_one_of_the_field():
    class Base:
        a: Any = 3

    for dataclass in (dataclasses.dataclass, lazy):
        made = dataclass(type("Box", (Base,), {"__annotations__": {"a": "int"}}))
        assert (repr(made()), repr(made(4))) == ("Box(a=3)", "Box(a=4)")


@pytest.mark.parametrize("body", [{"a": []}, {"a": 1, "__annotations__": {"a": "int", "b": "int"}}])
def test_what_the_standard_library_refuses_is_refused_where_all_classes_are_made(body):
    made = lazy(type("Box", (), {"__annotations__": {"a": "list"}, **body}))
    with pytest.raises((ValueError, SyntaxError)):
        complete(made)


def test_a_first_value_out_of_a_pickle_is_whole():
    from losscli.binding.request import RoleBinding

    text = pickle.dumps((RoleBinding("pred", "m", ("a",)), ValueError()))
    code = (
        "import pickle, sys, dataclasses; value = pickle.loads(sys.stdin.buffer.read())[0]; "
        "print(value, hash(value) == hash(value), dataclasses.replace(value, model=None))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=text, cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().startswith("RoleBinding(role='pred', model='m', columns=")
    value = pickle.loads(text)[0]
    assert copy.copy(value) == copy.deepcopy(value) == value


def test_what_copy_replace_of_later_pythons_calls_is_there_with_the_first_value():
    @lazy(frozen=True)
    class Made:
        x: int
        y: int = 2

    value: Any = Made(1)
    assert value.__replace__(x=3) == Made(3) and type(value.__replace__(y=4)) is Made


def declared() -> list[Any]:
    """All dataclasses of losscli, complete."""
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(losscli.__path__, "losscli.")
               if not found.name.endswith("__main__")]  # fmt: skip
    found = {each for module in modules for each in vars(module).values()
             if isinstance(each, type) and each.__module__ == module.__name__}  # fmt: skip
    for each in found:
        complete(each)
    return [each for each in found if dataclasses.is_dataclass(each)]


def test_every_class_of_losscli_has_the_signature_that_the_standard_library_gives():
    found = declared()
    assert len(found) > 250
    for made in found:
        spelled = []
        for each in dataclasses.fields(made):
            asked = {"default": each.default, "default_factory": each.default_factory, "init": each.init,
                     "kw_only": each.kw_only}  # fmt: skip
            spelled.append((each.name, each.type, field(**asked)))
        theirs = inspect.signature(dataclasses.make_dataclass(made.__name__, spelled).__init__).parameters
        ours = inspect.signature(made.__init__).parameters
        assert [*map(str, ours.values())][1:] == [*map(str, theirs.values())][1:], made


def test_every_class_of_losscli_is_lazy():
    text = {path: path.read_text(encoding="utf-8") for path in (ROOT / "losscli").rglob("*.py")}
    eager = [path for path, code in text.items()
             if re.search(r"^from dataclasses import .*\bdataclass\b|^import dataclasses", code, re.M)]  # fmt: skip
    assert eager == [ROOT / "losscli" / "lazy.py"]


def test_public_classes_are_dataclasses_at_once():
    code = (
        "import dataclasses, losscli; print(len(dataclasses.fields(losscli.ReadOptions))); losscli.Report; "
        "from losscli import results; print(all(map(dataclasses.fields, map(results.__dict__.get, results.__all__))))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split("\n")[1:] == ["True", ""]
    assert int(done.stdout.split()[0]) > 10
