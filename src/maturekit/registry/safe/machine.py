"""A pickle machine that builds data, and nothing that the allow-list does not name."""

from __future__ import annotations

import _compat_pickle
import pickle
import struct
from collections.abc import Callable
from typing import Any

from maturekit._core.hashing import Buffer
from maturekit.errors import FormatError, UntrustedError
from maturekit.registry.safe.session import Draft, Session, Stranger, plain_key

__all__ = ["Machine"]

_PROTOCOLS = range(2, 6)
_DEEPEST = 8
"""Object arrays within object arrays; fitted models need three."""

_LONGEST_LINE = 4096


class Machine:
    """Run one pickle stream over bytes in memory, from `at` to its STOP.

    It knows only the operations that joblib writes. Classes and functions are found by `Session`, which also decides
    what each may be used for. The rules, in the order in which an attacker would try them:

    * a call (REDUCE) reaches only a `Maker` of ours, which checks its arguments;
    * an instance (NEWOBJ) is made without arguments, of a class that the allow-list names for that;
    * state (BUILD) is given once, to an instance that this very stream has made: never to a class, a function or
      anything shared;
    * items go only into dictionaries, lists and sets that are exactly that, and keys are plain values;
    * a size is believed only as far as bytes are left to fill it;
    * any other operation is refused.

    Parameters
    ----------
    data : bytes, bytearray or memoryview of bytes
        The whole file. Large arrays are laid over it, if it is writable.
    session : Session
        What the streams of one file share.
    at : int
        Where this stream begins.
    depth : int
        How many streams stand around this one.

    Examples
    --------
    >>> Machine(pickle.dumps({"a": [1, 2.5]}, protocol=4), Session()).run()
    {'a': [1, 2.5]}
    """

    def __init__(self, data: Buffer, session: Session, *, at: int = 0, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise FormatError(f"object arrays are nested more than {_DEEPEST} deep")
        self.data = data
        self.session = session
        self.at = at
        self.depth = depth
        self.protocol = _PROTOCOLS[-1]
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Return what the stream describes; `at` then points behind it."""
        if self.data[self.at : self.at + 1] != pickle.PROTO:
            raise FormatError("this is no uncompressed joblib file", hint="compressed ones are not read.")
        data, operations, stop = self.data, _OPERATIONS, pickle.STOP[0]
        while True:
            code = data[self.at]
            self.at += 1
            if code == stop:
                return self.stack.pop()
            operation = operations.get(code)
            if operation is None:
                raise UntrustedError(f"byte {self.at - 1} asks for an operation ({code:#04x}) that joblib never writes")
            operation(self)

    def take(self, size: int) -> bytes:
        """Return the next bytes; refuse to promise more than there are."""
        start = self._step(size)
        return bytes(self.data[start : self.at])

    def window(self, size: int) -> memoryview:
        """Return the next bytes as `take` does, without copying them."""
        start = self._step(size)
        return memoryview(self.data)[start : self.at]

    def _step(self, size: int) -> int:
        start, self.at = self.at, self.at + size
        if self.at > len(self.data):
            raise FormatError(f"byte {start} announces {size} bytes, but only {len(self.data) - start} are left")
        return start

    def line(self) -> str:
        """Return the text up to the end of the line, which no name of an allowed class or function is far from."""
        line, end, _ = bytes(self.data[self.at : self.at + _LONGEST_LINE]).partition(b"\n")
        if not end:
            raise FormatError(f"the line at byte {self.at} does not end")
        self.at += len(line) + 1
        return line.decode()

    def nested(self) -> Any:
        """Run the stream that begins here, which belongs to an object array, and go on behind it."""
        inner = Machine(self.data, self.session, at=self.at, depth=self.depth + 1)
        value = inner.run()
        self.at = inner.at
        return value

    def since_mark(self) -> list[Any]:
        """Take everything above the last mark from the stack."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def remember(self, key: int) -> None:
        """Put the top of the stack under a key."""
        top = self.stack[-1]
        self.memo[key] = top
        if type(top) is Draft:
            top.keys.append(key)


Operation = Callable[[Machine], None]
_OPERATIONS: dict[int, Operation] = {}


def _operation(*codes: bytes) -> Callable[[Operation], Operation]:
    def keep(function: Operation) -> Operation:
        _OPERATIONS.update(dict.fromkeys((code[0] for code in codes), function))
        return function

    return keep


def _constant(code: bytes, make: Callable[[], Any]) -> None:
    _OPERATIONS[code[0]] = lambda machine: machine.stack.append(make())


def _number(code: bytes, form: str) -> None:
    reader = struct.Struct(form)

    def push(machine: Machine) -> None:
        machine.stack.append(reader.unpack_from(machine.data, machine.at)[0])
        machine.at += reader.size

    _OPERATIONS[code[0]] = push


def _sized(code: bytes, width: int, make: Callable[[bytes], Any]) -> None:
    def push(machine: Machine) -> None:
        size = int.from_bytes(machine.take(width), "little")
        machine.stack.append(make(machine.take(size)))

    _OPERATIONS[code[0]] = push


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _integer(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


_constant(pickle.NONE, lambda: None)
_constant(pickle.NEWTRUE, lambda: True)
_constant(pickle.NEWFALSE, lambda: False)
_constant(pickle.EMPTY_TUPLE, tuple)
_constant(pickle.EMPTY_LIST, list)
_constant(pickle.EMPTY_DICT, dict)
_constant(pickle.EMPTY_SET, set)
_number(pickle.BININT, "<i")
_number(pickle.BININT1, "<B")
_number(pickle.BININT2, "<H")
_number(pickle.BINFLOAT, ">d")
_sized(pickle.LONG1, 1, _integer)
_sized(pickle.SHORT_BINUNICODE, 1, _text)
_sized(pickle.BINUNICODE, 4, _text)
_sized(pickle.BINUNICODE8, 8, _text)
_sized(pickle.SHORT_BINBYTES, 1, bytes)
_sized(pickle.BINBYTES, 4, bytes)
_sized(pickle.BINBYTES8, 8, bytes)
_sized(pickle.BYTEARRAY8, 8, bytearray)


@_operation(pickle.PROTO)
def _protocol(machine: Machine) -> None:
    machine.protocol = machine.take(1)[0]
    if machine.protocol not in _PROTOCOLS:
        raise FormatError(f"pickle protocol {machine.protocol} is not read")


@_operation(pickle.FRAME)
def _frame(machine: Machine) -> None:
    machine.take(8)  # frames help readers of slow files; all bytes are here already


@_operation(pickle.MARK)
def _mark(machine: Machine) -> None:
    machine.marks.append(len(machine.stack))


@_operation(pickle.POP)
def _pop(machine: Machine) -> None:
    machine.stack.pop()


@_operation(pickle.POP_MARK)
def _pop_mark(machine: Machine) -> None:
    machine.since_mark()


@_operation(pickle.TUPLE)
def _tuple(machine: Machine) -> None:
    machine.stack.append(tuple(machine.since_mark()))


def _short_tuple(code: bytes, size: int) -> None:
    def push(machine: Machine) -> None:
        machine.stack[-size:] = [tuple(machine.stack[-size:])]

    _OPERATIONS[code[0]] = push


_short_tuple(pickle.TUPLE1, 1)
_short_tuple(pickle.TUPLE2, 2)
_short_tuple(pickle.TUPLE3, 3)


@_operation(pickle.APPEND)
def _append(machine: Machine) -> None:
    item = machine.stack.pop()
    _container(machine, list).append(item)


@_operation(pickle.APPENDS)
def _appends(machine: Machine) -> None:
    items = machine.since_mark()
    _container(machine, list).extend(items)


@_operation(pickle.SETITEM)
def _setitem(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _container(machine, *machine.session.mappings)[plain_key(key)] = value


@_operation(pickle.SETITEMS)
def _setitems(machine: Machine) -> None:
    items = machine.since_mark()
    target = _container(machine, *machine.session.mappings)
    for key, value in zip(items[::2], items[1::2], strict=True):
        target[plain_key(key)] = value


@_operation(pickle.ADDITEMS)
def _additems(machine: Machine) -> None:
    items = machine.since_mark()
    _container(machine, set).update(map(plain_key, items))


@_operation(pickle.FROZENSET)
def _frozenset(machine: Machine) -> None:
    machine.stack.append(frozenset(map(plain_key, machine.since_mark())))


@_operation(pickle.MEMOIZE)
def _memoize(machine: Machine) -> None:
    machine.remember(len(machine.memo))


@_operation(pickle.BINPUT)
def _binput(machine: Machine) -> None:
    machine.remember(machine.data[machine.at])
    machine.at += 1


@_operation(pickle.LONG_BINPUT)
def _long_binput(machine: Machine) -> None:
    machine.remember(int.from_bytes(machine.take(4), "little"))


@_operation(pickle.BINGET)
def _binget(machine: Machine) -> None:
    machine.stack.append(machine.memo[machine.data[machine.at]])  # the most frequent operation: no call
    machine.at += 1


@_operation(pickle.LONG_BINGET)
def _long_binget(machine: Machine) -> None:
    machine.stack.append(machine.memo[int.from_bytes(machine.take(4), "little")])


@_operation(pickle.GLOBAL)
def _global(machine: Machine) -> None:
    module, name = machine.line(), machine.line()
    if machine.protocol < 3:  # names as Python 2 had them
        module, name = _compat_pickle.NAME_MAPPING.get((module, name), (module, name))
        module = _compat_pickle.IMPORT_MAPPING.get(module, module)
    machine.stack.append(machine.session.find(module, name))


@_operation(pickle.STACK_GLOBAL)
def _stack_global(machine: Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(machine.session.find(_exact(module, str), _exact(name, str)))


@_operation(pickle.NEWOBJ)
def _newobj(machine: Machine) -> None:
    arguments, cls = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(machine.session.make(cls, _exact(arguments, tuple), new=True))


@_operation(pickle.REDUCE)
def _reduce(machine: Machine) -> None:
    arguments, function = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(machine.session.make(function, _exact(arguments, tuple), new=False))


@_operation(pickle.BUILD)
def _build(machine: Machine) -> None:
    state, target = machine.stack.pop(), machine.stack[-1]
    if isinstance(target, Stranger):
        return
    if not isinstance(target, Draft):
        machine.session.fill(target, state)
        return
    value = target.finished(state, machine)
    machine.stack[-1] = value
    for key in target.keys:
        machine.memo[key] = value


def _container(machine: Machine, *kinds: type) -> Any:
    """Return what items go into: the top of the stack, or something to throw away in place of a stranger."""
    top = machine.stack[-1]
    return kinds[0]() if isinstance(top, Stranger) else _exact(top, *kinds)


def _exact(value: Any, *kinds: type) -> Any:
    if type(value) not in kinds:
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise UntrustedError(f"the file treats something as a {expected} that is none")
    return value
