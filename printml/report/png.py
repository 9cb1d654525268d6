"""Figures as PNG, for places that take no SVG; the font comes along, so every machine agrees."""

from __future__ import annotations

from pathlib import Path

ZOOM = 2.0
"""Pixels per unit of the drawing."""


def png_of(svg: str) -> bytes:
    """The picture of a standalone SVG on white.

    Raises
    ------
    ValueError
        If the text is not SVG.
    """
    # Most commands draw nothing; they need not wait for these.
    import matplotlib
    import resvg_py

    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            background="white",
            zoom=ZOOM,
            skip_system_fonts=True,
            font_files=[str(font)],
            font_family="DejaVu Sans",
            sans_serif_family="DejaVu Sans",
        )
    )
