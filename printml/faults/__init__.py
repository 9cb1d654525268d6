"""Faults of a netlist: what they cost in accuracy, which nets are critical, what hardening buys."""
