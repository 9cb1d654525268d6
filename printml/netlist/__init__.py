"""Mapped netlists as flat integer arrays: read, write, build, simplify."""
