"""Which module of a file is the top, and whether the hierarchy is one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from printml.errors import NetlistError
from printml.netlist.verilog_syntax import Module
from printml.netlist.verilog_tokens import TokenText


def top_module(modules: Mapping[str, Module], top: str | None, source: TokenText) -> Module:
    """Module `top`, or the only one that no other module uses.

    Raises
    ------
    NetlistError
        If there is none or several, or a module contains itself.
    """
    if not modules:
        raise NetlistError(
            "there is no module but models of library cells", where=f"{source.name}, line 1"
        )
    _refuse_recursion(modules, source)
    if top is not None:
        if top not in modules:
            near = difflib.get_close_matches(top, modules, n=1)
            raise NetlistError(
                f"there is no module {top!r}",
                where=source.name,
                hint=f"{f'Did you mean {near[0]}? ' if near else ''}Found {', '.join(modules)}",
            )
        return modules[top]
    used = {instance.cell for module in modules.values() for instance in module.instances}
    roots = [module for name, module in modules.items() if name not in used]
    if len(roots) > 1:
        raise source.error(
            f"{len(roots)} modules could be the top: {', '.join(m.name for m in roots)}",
            roots[1].place,
            hint="Choose one with --top",
        )
    return roots[0]


def _refuse_recursion(modules: Mapping[str, Module], source: TokenText) -> None:
    """A module must not contain itself, however far down."""
    used_by: dict[str, set[str]] = {name: set() for name in modules}
    waiting = {}
    for name, module in modules.items():
        parts = {instance.cell for instance in module.instances} & modules.keys()
        waiting[name] = len(parts)
        for part in parts:
            used_by[part].add(name)
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        name = ready.pop()
        del waiting[name]
        for user in used_by[name]:
            waiting[user] -= 1
            if waiting[user] == 0:
                ready.append(user)
    if waiting:
        name = min(waiting, key=lambda name: modules[name].place)
        raise source.error(f"modules contain themselves: {', '.join(waiting)}", modules[name].place)
