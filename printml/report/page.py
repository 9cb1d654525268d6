"""A self-contained HTML page of sections: no network, light and dark, fit to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from printml.errors import unwritable_place
from printml.files import write_bytes_atomic, write_csv_atomic, write_text_atomic
from printml.report.png import png_of
from printml.report.svg import STYLE, standalone

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{{ title }}</title>
<style>
:root{color-scheme:light dark;--paper:#fff;--ink:#1d2327;--soft:#5c6670;--line:#c3c9ce;
--tint:#f3f5f6}
@media (prefers-color-scheme:dark){:root{--paper:#15191c;--ink:#e7eaec;--soft:#9aa5ad;
--line:#434b52;--tint:#1e2428}}
body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:0 auto;
max-width:72rem;padding:1rem}
h1{font-size:1.6rem;margin:.4em 0}h2{font-size:1.15rem;margin:1.6em 0 .4em}
p.note{color:var(--soft);margin:.2em 0 .6em;max-width:60rem}
.facts{display:flex;flex-wrap:wrap;gap:.6rem;padding:0;list-style:none}
.facts li{background:var(--tint);border:1px solid var(--line);border-radius:.5rem;
padding:.5rem .8rem}
.facts b{display:block;font-size:1.25rem}.facts span{color:var(--soft);font-size:.85rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}
th,td{border-bottom:1px solid var(--line);padding:.25rem .6rem;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:600}
pre{background:var(--tint);padding:.6rem;overflow-x:auto;font-size:.85rem}
figure{margin:0;max-width:44rem}#hint{position:fixed;pointer-events:none;background:var(--ink);
color:var(--paper);padding:.2rem .5rem;border-radius:.3rem;font-size:.85rem;max-width:22rem;
display:none;z-index:2}
@media print{body{max-width:none;font-size:11pt}section{break-inside:avoid}
#hint{display:none!important}}
{{ style }}
</style></head><body>
<h1>{{ title }}</h1>
<p class="note">{{ lead }}</p>
<ul class="facts">{% for name, value in facts %}<li><b>{{ value }}</b><span>{{ name }}</span></li>
{% endfor %}</ul>
{% for section in sections %}<section>
<h2>{{ section.title }}</h2>
{% if section.note %}<p class="note">{{ section.note }}</p>{% endif %}
{% if section.figure %}<figure>{{ section.figure|safe }}</figure>{% endif %}
{% if section.table %}<div class="wide"><table><thead><tr>
{% for name in section.table[0] %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in section.table[1:] %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>{% endif %}
{% if section.text %}<pre>{{ section.text }}</pre>{% endif %}
</section>{% endfor %}
<div id="hint" role="status"></div>
<script>
// Titles at once, also under a finger or with the tab key, where browsers show them late or never.
const hint = document.getElementById("hint");
function show(event) {
  const title = event.target.querySelector && event.target.querySelector(":scope > title");
  if (!title) { hint.style.display = "none"; return; }
  const box = event.target.getBoundingClientRect();
  hint.textContent = title.textContent;
  hint.style.display = "block";
  hint.style.left = Math.min(box.right + 8, innerWidth - hint.offsetWidth - 8) + "px";
  hint.style.top = Math.max(box.top - hint.offsetHeight - 4, 4) + "px";
}
for (const kind of ["pointerover", "pointerdown", "focusin"]) document.addEventListener(kind, show);
document.addEventListener("scroll", () => { hint.style.display = "none"; }, true);
</script>
</body></html>
"""


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes
    ----------
    name
        File name of its figure and data, without ending.
    figure
        SVG text made by `printml.report.svg`; trusted, everything else is escaped.
    table
        Header row first.
    data
        Records of the figure, for its CSV.
    """

    name: str
    title: str
    note: str = ""
    figure: str = ""
    table: Sequence[Sequence[str]] = ()
    text: str = ""
    data: Sequence[Mapping[str, Any]] = field(default=())


def render(
    *, title: str, lead: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section]
) -> str:
    """The page as HTML text."""
    template = Environment(autoescape=True).from_string(TEMPLATE)
    return template.render(
        title=title, lead=lead, facts=facts, sections=sections, style=Markup(STYLE)
    )


def write_page(path: Path, html: str, sections: Sequence[Section]) -> None:
    """Write the page, and beside it a folder of its figures as SVG and PNG and their data as CSV.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    figures = path.with_name(f"{path.stem}_figures")
    try:
        figures.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable_place(figures, error) from error
    for section in sections:
        if section.figure:
            drawing = standalone(section.figure)
            write_text_atomic(figures / f"{section.name}.svg", drawing)
            write_bytes_atomic(figures / f"{section.name}.png", png_of(drawing))
        if section.data:
            write_csv_atomic(figures / f"{section.name}.csv", section.data)
    write_text_atomic(path, html)
