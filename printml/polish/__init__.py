"""Exact rewriting of mapped netlists: same function for all inputs, less power."""
