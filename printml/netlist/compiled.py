"""The decorator of hot loops under its former name; it lives in `printml.compiled`."""

from __future__ import annotations

from printml.compiled import compiled

__all__ = ["compiled"]
