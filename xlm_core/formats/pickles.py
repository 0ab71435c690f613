"""Pickles carried out without `pickle`: texts, numbers and containers are made, all else is looked up or refused.

`pickle.Unpickler` imports and calls what a file names, and a file of a few bytes can make it hang or fill the memory.
Here nothing is imported, a name has a stand-in or the file is refused, only plain values can be keys, and the number
of steps is limited.

Source: Python's Lib/pickletools.py, which describes every instruction.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Buffer: TypeAlias = bytes | mmap.mmap
Names: TypeAlias = Mapping[tuple[str, str], Any]

MAX_STEPS = 4_000_000
MAX_LINE = 1000
PLAIN = (str, int, float, bool, bytes, type(None))
EXECUTED = "and nothing in it was executed"
DISTRUST = "Do not trust it unless you know why it does so; ask for a safetensors file."


class Refused(Exception):
    """What a file must be and is not, and what to do about it; a reader puts the file's name in front."""


class Stateful:
    """A stand-in that a pickle may give a state."""

    def set_state(self, state: Any) -> None:
        """Take the state, or raise ValueError."""
        raise NotImplementedError


class Dictionary(dict[Any, Any], Stateful):
    """Stands for `collections.OrderedDict`; the modules' versions that PyTorch attaches to one are not kept."""

    def __init__(self, pairs: Any = ()) -> None:
        super().__init__((_key(key), value) for key, value in pairs)

    def set_state(self, state: Any) -> None:
        """Leave the state out."""


class Machine:
    """Carries out the pickle that starts at ``position``; afterwards ``position`` is behind it.

    ``stand_ins`` has what stands for each global name, ``persistent`` makes something of a persistent id.

    Raises: Refused for a name that has no stand-in, ValueError for what is no pickle.
    """

    def __init__(
        self, source: Buffer, position: int, stand_ins: Names, persistent: Callable[[Any], Any] | None = None
    ) -> None:
        self.source, self.position = source, position
        self.stand_ins, self.persistent = stand_ins, persistent
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """The object that the pickle describes."""
        for _ in range(MAX_STEPS):
            code = self.take(1)
            if code == b".":
                return self.stack.pop()
            if code not in STEPS:
                raise ValueError(f"its pickle has the instruction {code!r}")
            STEPS[code](self)
        raise ValueError(f"its pickle has more than {MAX_STEPS:,} instructions")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        taken = self.source[self.position : self.position + count]
        if len(taken) < count:
            raise ValueError("its pickle ends too early")
        self.position += count
        return taken

    def number(self, count: int) -> int:
        """The next bytes as a number without a sign."""
        return int.from_bytes(self.take(count), "little")

    def line(self) -> str:
        """The next bytes up to the end of the line."""
        end = self.source.find(b"\n", self.position, self.position + MAX_LINE)
        if end < 0:
            raise ValueError("its pickle has a line without end")
        line = self.source[self.position : end].decode()
        self.position = end + 1
        return line

    def push(self, value: Any) -> None:
        """Lay a value on the stack."""
        self.stack.append(value)

    def pop_mark(self) -> list[Any]:
        """All values since the last mark."""
        values, self.stack = self.stack, self.outer.pop()
        return values

    def find(self, module: Any, name: Any) -> Any:
        """What stands for a global name."""
        if (module, name) in self.stand_ins:
            return self.stand_ins[module, name]
        raise Refused(f"must hold tensors only; it asks for `{module}.{name}`, {EXECUTED}", DISTRUST)


def _key(key: Any) -> Any:
    """A key whose hash takes no time."""
    if type(key) not in PLAIN:
        raise ValueError(f"its pickle has a {type(key).__name__} for a key")
    return key


def _mark(machine: Machine) -> None:
    machine.outer.append(machine.stack)
    machine.stack = []


def _drop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_mark()


def _constant(value: Any) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(value)


def _whole(count: int) -> Callable[[Machine], None]:
    """A number of so many bytes without a sign."""
    return lambda machine: machine.stack.append(machine.number(count))


def _signed(machine: Machine) -> None:
    machine.push(int.from_bytes(machine.take(4), "little", signed=True))


def _long(machine: Machine) -> None:
    machine.push(int.from_bytes(machine.take(machine.number(1)), "little", signed=True))


def _float(machine: Machine) -> None:
    machine.push(struct.unpack(">d", machine.take(8))[0])


def _decimal(machine: Machine) -> None:
    line = machine.line()
    machine.push(line == "01" if line in ("00", "01") else int(line.removesuffix("L")))


def _decimal_fraction(machine: Machine) -> None:
    machine.push(float(machine.line()))


def _line_of_text(machine: Machine) -> None:
    machine.push(machine.line().encode().decode("raw-unicode-escape"))


def _text(count: int) -> Callable[[Machine], None]:
    """A text behind its length, which has so many bytes."""
    return lambda machine: machine.stack.append(machine.take(machine.number(count)).decode("utf-8", "surrogatepass"))


def _bytes(count: int) -> Callable[[Machine], None]:
    """Bytes behind their length, which has so many bytes itself."""
    return lambda machine: machine.stack.append(machine.take(machine.number(count)))


def _new_list(machine: Machine) -> None:
    machine.push([])


def _new_dict(machine: Machine) -> None:
    machine.push({})


def _list(machine: Machine) -> None:
    values = machine.pop_mark()
    machine.push(values)


def _tuple(machine: Machine) -> None:
    values = machine.pop_mark()
    machine.push(tuple(values))


def _tuple_of(count: int) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        values = tuple(machine.stack.pop() for _ in range(count))
        machine.push(values[::-1])

    return step


def _dict(machine: Machine) -> None:
    values = machine.pop_mark()
    machine.push(_filled({}, values))


def _append(machine: Machine) -> None:
    _extended(machine, [machine.stack.pop()])


def _appends(machine: Machine) -> None:
    _extended(machine, machine.pop_mark())


def _extended(machine: Machine, values: list[Any]) -> None:
    if type(machine.stack[-1]) is not list:
        raise ValueError("its pickle appends to what is no list")
    machine.stack[-1].extend(values)


def _set_item(machine: Machine) -> None:
    value = machine.stack.pop()
    key = machine.stack.pop()
    _filled(machine.stack[-1], [key, value])


def _set_items(machine: Machine) -> None:
    values = machine.pop_mark()
    _filled(machine.stack[-1], values)


def _filled(table: Any, values: list[Any]) -> Any:
    if not isinstance(table, dict):
        raise ValueError("its pickle sets entries of what is no mapping")
    for key, value in zip(values[::2], values[1::2], strict=True):
        table[_key(key)] = value
    return table


def _global(machine: Machine) -> None:
    module = machine.line()
    machine.push(machine.find(module, machine.line()))


def _global_of_stack(machine: Machine) -> None:
    name = machine.stack.pop()
    module = machine.stack.pop()
    machine.push(machine.find(_key(module), _key(name)))


def _instance(machine: Machine) -> None:
    module = machine.line()
    maker = machine.find(module, machine.line())
    machine.push(_made(maker, tuple(machine.pop_mark())))


def _call(machine: Machine) -> None:
    arguments = machine.stack.pop()
    machine.push(_made(machine.stack.pop(), arguments))


def _made(maker: Any, arguments: Any) -> Any:
    """What a stand-in makes of arguments; nothing else on the stack can be called."""
    if not callable(maker) or type(arguments) is not tuple:
        raise ValueError("its pickle calls what is no function")
    return maker(*arguments)


def _state(machine: Machine) -> None:
    state = machine.stack.pop()
    if not isinstance(machine.stack[-1], Stateful):
        raise ValueError("its pickle gives a state to what has none")
    machine.stack[-1].set_state(state)


def _persistent(machine: Machine) -> None:
    if machine.persistent is None:
        raise ValueError("its pickle asks for a storage where there is none")
    machine.push(machine.persistent(machine.stack.pop()))


def _put(count: int) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        machine.memo[machine.number(count)] = machine.stack[-1]

    return step


def _put_line(machine: Machine) -> None:
    machine.memo[int(machine.line())] = machine.stack[-1]


def _memoize(machine: Machine) -> None:
    machine.memo[len(machine.memo)] = machine.stack[-1]


def _get(count: int) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(machine.memo[machine.number(count)])


def _get_line(machine: Machine) -> None:
    machine.push(machine.memo[int(machine.line())])


def _skip(count: int) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        machine.take(count)

    return step


def _extension(machine: Machine) -> None:
    raise Refused(f"must hold tensors only; it asks for a registered extension, {EXECUTED}", DISTRUST)


STEPS: dict[bytes, Callable[[Machine], None]] = {
    b"(": _mark,
    b")": _constant(()),
    b"0": _drop,
    b"1": lambda machine: machine.pop_mark().clear(),
    b"2": lambda machine: machine.push(machine.stack[-1]),
    b"B": _bytes(4),
    b"C": _bytes(1),
    b"F": _decimal_fraction,
    b"G": _float,
    b"I": _decimal,
    b"J": _signed,
    b"K": _whole(1),
    b"L": _decimal,
    b"M": _whole(2),
    b"N": _constant(None),
    b"Q": _persistent,
    b"R": _call,
    b"T": _text(4),
    b"U": _text(1),
    b"V": _line_of_text,
    b"X": _text(4),
    b"]": _new_list,
    b"a": _append,
    b"b": _state,
    b"c": _global,
    b"d": _dict,
    b"e": _appends,
    b"g": _get_line,
    b"h": _get(1),
    b"i": _instance,
    b"j": _get(4),
    b"l": _list,
    b"p": _put_line,
    b"q": _put(1),
    b"r": _put(4),
    b"s": _set_item,
    b"t": _tuple,
    b"u": _set_items,
    b"}": _new_dict,
    b"\x80": _skip(1),
    b"\x81": _call,
    b"\x82": _extension,
    b"\x83": _extension,
    b"\x84": _extension,
    b"\x85": _tuple_of(1),
    b"\x86": _tuple_of(2),
    b"\x87": _tuple_of(3),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"\x8a": _long,
    b"\x8c": _text(1),
    b"\x8d": _text(8),
    b"\x8e": _bytes(8),
    b"\x93": _global_of_stack,
    b"\x94": _memoize,
    b"\x95": _skip(8),
}
"""Instruction -> what it does; those that torch.save and the original's trainer never write are missing."""
