"""Pruning of mapped netlists."""
