"""Identifiers for Verilog-2005."""

from __future__ import annotations

import re
from collections.abc import Iterable

_KEYWORD_TEXT = """
    always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config
    deassign default defparam design disable edge else end endcase endconfig endfunction
    endgenerate endmodule endprimitive endspecify endtable endtask event for force forever
    fork function generate genvar highz0 highz1 if ifnone incdir include initial inout input
    instance integer join large liblist library localparam macromodule medium module nand
    negedge nmos nor noshowcancelled not notif0 notif1 or output parameter pmos posedge
    primitive pull0 pull1 pulldown pullup pulsestyle_onevent pulsestyle_ondetect rcmos real
    realtime reg release repeat rnmos rpmos rtran rtranif0 rtranif1 scalared showcancelled
    signed small specify specparam strong0 strong1 supply0 supply1 table task time tran
    tranif0 tranif1 tri tri0 tri1 triand trior trireg unsigned use vectored wait wand weak0
    weak1 while wire wor xnor xor class logic bit byte int
"""
KEYWORDS = frozenset(_KEYWORD_TEXT.split())
"""Reserved words, with those of SystemVerilog that simulators object to most often."""

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def is_simple(name: str) -> bool:
    """Whether `name` needs no escaping in Verilog-2005."""
    return bool(_SIMPLE.match(name)) and name not in KEYWORDS


def identifiers(names: Iterable[str], *, reserved: Iterable[str] = ()) -> list[str]:
    """A distinct simple identifier for each name, as close to it as possible.

    Characters outside A-Z a-z 0-9 _ become `_`; a leading digit or `_` and keywords get a prefix,
    and what then collides (also with `reserved`) gets the first free suffix `_2`, `_3` ...
    """
    taken = set(reserved)
    result = []
    for name in names:
        base = re.sub(r"[^A-Za-z0-9_]", "_", name) or "_"
        if not is_simple(base) or base.startswith("_"):
            # A leading underscore would be legal Verilog but is private to cocotb handles.
            base = f"x_{base.lstrip('_')}"
        candidate, suffix = base, 2
        while candidate in taken:
            candidate, suffix = f"{base}_{suffix}", suffix + 1
        taken.add(candidate)
        result.append(candidate)
    return result
