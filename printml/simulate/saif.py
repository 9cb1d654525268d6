"""Switching activity in SAIF 2.0, the form that power tools read."""

from __future__ import annotations

import re

from printml import __version__
from printml.errors import DataError
from printml.netlist.netlist import Netlist
from printml.netlist.verilog import net_names
from printml.simulate.activity import Activity

NS_PER_MS = 1_000_000

_TOKEN = re.compile(r'\s*(?:([()])|"([^"]*)"|((?:\\.|[^\s()"\\])+))')


def write_saif(netlist: Netlist, activity: Activity, *, clock_ms: float) -> str:
    """Backward SAIF of one instance: T0, T1, TX, TC and IG of every net and output bit.

    Nets are called as in the Verilog of the netlist. Times are in ns, each vector lasting one
    clock period; nothing is unknown and nothing glitches, so TX and IG are 0.

    Raises
    ------
    DataError
        If the activity is of another netlist, or the period is below 1 ns.
    """
    if len(activity.t0) != netlist.n_nets:
        raise DataError(
            f"the activity has {len(activity.t0)} nets, the netlist {netlist.n_nets}",
            where=f"netlist {netlist.name}",
        )
    clock_ns = round(clock_ms * NS_PER_MS)
    if clock_ns < 1:
        raise DataError(f"a clock period of {clock_ms:g} ms is below 1 ns")
    lines = [
        "(SAIFILE",
        '  (SAIFVERSION "2.0")',
        '  (DIRECTION "backward")',
        f'  (DESIGN "{netlist.name}")',
        '  (VENDOR "printml")',
        '  (PROGRAM_NAME "printml")',
        f'  (VERSION "{__version__}")',
        "  (DIVIDER / )",
        "  (TIMESCALE 1 ns)",
        f"  (DURATION {activity.n_vectors * clock_ns})",
        f"  (INSTANCE {_escape(netlist.name)}",
        "    (NET",
    ]
    for name, net in _named_nets(netlist):
        t0, t1 = int(activity.t0[net]) * clock_ns, int(activity.t1[net]) * clock_ns
        toggles = int(activity.tc[net])
        lines.append(f"      ({_escape(name)} (T0 {t0}) (T1 {t1}) (TX 0) (TC {toggles}) (IG 0))")
    return "\n".join([*lines, "    )", "  )", ")", ""])


def read_saif(text: str) -> dict[str, tuple[int, int, int]]:
    """T0, T1 and TC of every net, by name, of a SAIF file with one level of nets.

    Raises
    ------
    DataError
        If the parentheses do not match, a net lacks a count or a name is there twice.
    """
    result: dict[str, tuple[int, int, int]] = {}
    for group in _groups(_parse(text), "NET"):
        for net in group[1:]:
            if not isinstance(net, list) or not net or not isinstance(net[0], str):
                raise DataError("a NET group holds something that is not a net", where="SAIF")
            name = re.sub(r"\\(.)", r"\1", net[0])
            if name in result:
                raise DataError(f"net {name} is there twice", where="SAIF")
            counts = dict(item for item in net[1:] if _is_count(item))
            try:
                result[name] = (int(counts["T0"]), int(counts["T1"]), int(counts["TC"]))
            except (KeyError, ValueError, TypeError) as error:
                raise DataError(f"net {name} lacks T0, T1 or TC", where="SAIF") from error
    return result


def _named_nets(netlist: Netlist) -> list[tuple[str, int]]:
    names = [(name, net) for net, name in net_names(netlist).items()]
    for port in netlist.outputs:
        for bit, net in enumerate(port.nets):
            names.append((port.name if port.width == 1 else f"{port.name}[{bit}]", net))
    return names


def _is_count(item: object) -> bool:
    return isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)


def _escape(name: str) -> str:
    r"""Characters that mean something in SAIF get a backslash: `a\[3\]`."""
    return re.sub(r"([^A-Za-z0-9_])", r"\\\1", name)


def _parse(text: str) -> list:
    """Nested lists of the words of a parenthesised file."""
    root: list = []
    stack = [root]
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise DataError(f"cannot read {text[position : position + 20]!r}", where="SAIF")
        position = match.end()
        parenthesis, quoted, word = match.groups()
        if parenthesis == "(":
            stack[-1].append([])
            stack.append(stack[-1][-1])
        elif parenthesis == ")":
            stack.pop()
            if not stack:
                raise DataError("there is a closing parenthesis too many", where="SAIF")
        else:
            stack[-1].append(quoted if word is None else word)
    if len(stack) != 1:
        raise DataError("the file ends inside a parenthesis; it is truncated", where="SAIF")
    if len(root) != 1 or not isinstance(root[0], list) or root[0][:1] != ["SAIFILE"]:
        raise DataError("this is not a SAIF file", where="SAIF", hint="It starts with (SAIFILE")
    return root


def _groups(tree: list, name: str) -> list[list]:
    found = []
    for item in tree:
        if isinstance(item, list):
            found += [item] if item[:1] == [name] else _groups(item, name)
    return found
