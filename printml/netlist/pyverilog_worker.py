"""Read a Verilog file with pyverilog and write what it says as JSON, in a process of its own.

pyverilog writes parser tables and preprocessed text into the working directory, which is
therefore a scratch folder: `python -m printml.netlist.pyverilog_worker design.v design.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pyverilog.vparser import ast
from pyverilog.vparser.parser import VerilogCodeParser


def main() -> None:
    source, target = sys.argv[1:3]
    try:
        tree = VerilogCodeParser([source], outputdir=".", debug=False).parse()
        modules = [
            _module(item)
            for item in tree.description.definitions
            if isinstance(item, ast.ModuleDef)
        ]
        answer: dict[str, Any] = {"modules": modules}
    except Exception as error:
        # Whatever goes wrong in a parser that is not ours is reported, not raised.
        answer = {"error": f"{type(error).__name__}: {error}"}
    Path(target).write_text(json.dumps(answer), encoding="utf-8")


def _module(module: Any) -> dict[str, Any]:
    assigns, instances = [], []
    for item in module.items or ():
        parts = item.list if isinstance(item, ast.Decl) else [item]
        for part in parts:
            if isinstance(part, ast.Assign):
                assigns.append([_pieces(part.left.var), _pieces(part.right.var)])
        if isinstance(item, ast.InstanceList):
            instances += [_instance(instance) for instance in item.instances]
    return {"name": _plain(module.name), "assigns": assigns, "instances": instances}


def _instance(instance: Any) -> list[Any]:
    pins = [
        [_plain(port.portname) if port.portname else None, _pieces(port.argname)]
        for port in instance.portlist
    ]
    return [_plain(instance.module), _plain(instance.name), pins]


def _pieces(value: Any) -> list[str]:
    """A concatenation as its parts, most significant first; other values as one part."""
    if value is None:
        return []
    if isinstance(value, ast.Concat):
        return [piece for part in value.list for piece in _pieces(part)]
    if isinstance(value, ast.Repeat):
        return _pieces(value.value) * int(value.times.value)
    if isinstance(value, ast.Identifier):
        return [_plain(value.name)]
    if isinstance(value, ast.Pointer):
        return [f"{_plain(value.var.name)}[{int(value.ptr.value)}]"]
    if isinstance(value, ast.Partselect):
        msb, lsb = int(value.msb.value), int(value.lsb.value)
        return [f"{_plain(value.var.name)}[{msb}:{lsb}]" if msb != lsb else _bit(value, msb)]
    if isinstance(value, ast.IntConst):
        return [_constant(value.value)]
    return [f"({type(value).__name__})"]


def _bit(value: Any, index: int) -> str:
    return f"{_plain(value.var.name)}[{index}]"


def _constant(text: str) -> str:
    """`4'hA` as `4'b1010`, and a constant without size as its number."""
    size, quote, digits = text.replace("_", "").lower().partition("'")
    if not quote:
        return str(int(size))
    digits = digits.lstrip("s")
    number = int(digits[1:], {"b": 2, "o": 8, "d": 10, "h": 16}[digits[0]])
    if not size:
        return str(number)
    return f"{int(size)}'b{number % (1 << int(size)):0{int(size)}b}"


def _plain(name: str) -> str:
    return name.removeprefix("\\")


if __name__ == "__main__":
    main()
