"""Figures, pages, comparisons and the survey's rows, by hand."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from printml.errors import InputError
from printml.explore.frontier import frontier_markdown, frontier_rows
from printml.explore.points import Corner, Point
from printml.explore.survey import loss_interval, summary_lines, survey_cells, survey_row
from printml.flow.recipe import FAMILIES
from printml.report.compare import compare_runs
from printml.report.literature import published_circuits
from printml.report.page import Section, render, write_page
from printml.report.png import png_of
from printml.report.schematic import DrawnNet, schematic
from printml.report.svg import STYLE, Mark, bars, heat_grid, matrix, scatter, standalone
from printml.report.table import beyond_notes

EVIL = '<script>alert("x")</script>'


def drawings() -> dict[str, str]:
    nets = [DrawnNet("0", 0, ()), DrawnNet("1", 0, ()), DrawnNet(EVIL, 0, ()),
            DrawnNet("INV", 1, (2,)), DrawnNet("NAND2", 2, (2, 3))]  # fmt: skip
    return {
        "scatter": scatter(
            [Mark(0.01, 0.5, EVIL, 0), Mark(3.0, 0.9, "b", 1, hollow=True)],
            x_label="x", y_label="y", series=["a", "b"], lines=[[(0.01, 0.5), (3.0, 0.9)]],
        ),
        "one mark": scatter([Mark(1.0, 0.5, "a", 0)], x_label="x", y_label="y", series=["a"]),
        "no mark": scatter([Mark(0.0, 0.5, "a", 0)], x_label="x", y_label="y", series=["a"]),
        "linear": scatter([Mark(0.0, 0.5, "a", 0), Mark(9.0, 1.0, "b", 0)], x_label="x",
                          y_label="y", series=(), log_x=False),
        "bars": bars([(EVIL, 3.0), ("b", 0.0)], unit="cm2"),
        "no bars": bars([], unit="cm2"),
        "zero bars": bars([("a", 0.0)], unit="cm2"),
        "matrix": matrix([[3, 0], [1, 2]], [EVIL, "b"], ["a", "b"], what="rows"),
        "zero matrix": matrix([[0]], ["a"], ["a"], what="rows"),
        "grid": heat_grid([0.0, 1.0], [EVIL, "b"]),
        "no grid": heat_grid([], []),
        "schematic": schematic(nets, [("class[0]", 4), ("class[1]", 0)]),
    }  # fmt: skip


@pytest.mark.parametrize("name", drawings())
def test_every_figure_is_well_formed_alone(name: str) -> None:
    figure = drawings()[name]
    root = ET.fromstring(standalone(figure))
    assert root.tag.endswith("svg")
    assert "<script>" not in figure
    assert "nan" not in figure


def test_marks_lie_where_they_should() -> None:
    root = ET.fromstring(drawings()["scatter"])
    first, second = root.findall(".//circle[title]")
    assert float(first.attrib["cx"]) < float(second.attrib["cx"])
    assert float(first.attrib["cy"]) > float(second.attrib["cy"])


def test_a_schematic_of_many_gates_is_left_out() -> None:
    nets = [DrawnNet("0", 0, ()), DrawnNet("1", 0, ())]
    nets += [DrawnNet("INV", k + 1, (k + 1,)) for k in range(200)]
    assert schematic(nets, [("y", 201)]) == ""
    # What no output needs is not drawn and does not count.
    assert "INV" in schematic(nets, [("y", 5)])


def test_a_page_escapes_what_it_shows(tmp_path: Path) -> None:
    section = Section("s", EVIL, note=EVIL, table=[[EVIL], [EVIL]], text=EVIL, data=[{"a": 1}],
                      figure=bars([("a", 1.0)], unit=""))  # fmt: skip
    html = render(title=EVIL, lead=EVIL, facts=[(EVIL, EVIL)], sections=[section])
    assert EVIL not in html
    write_page(tmp_path / "p.html", html, [section])
    assert (tmp_path / "p_figures" / "s.csv").read_text() == "a\n1\n"
    ET.fromstring((tmp_path / "p_figures" / "s.svg").read_text())


def test_a_figure_as_png_has_its_text(tmp_path: Path) -> None:
    section = Section("s", "title", figure=bars([("a name", 1.0)], unit="cm2"))
    write_page(tmp_path / "p.html", "", [section])
    drawing = (tmp_path / "p_figures" / "s.svg").read_text()
    assert "var(" not in drawing
    picture = (tmp_path / "p_figures" / "s.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    # The same figure with the text taken out is another picture: the font was found.
    assert png_of(drawing.replace("a name", "")) != picture == png_of(drawing)


def test_published_circuits_of_a_known_and_an_unknown_table() -> None:
    found = published_circuits("seeds")
    assert [p.area_cm2 for p in found] == sorted(p.area_cm2 for p in found)
    assert any(p.kind == "tree approximate" and p.area_cm2 == 0.0232 for p in found)
    assert published_circuits("mine.csv") == ()


def test_a_page_makes_its_folder_or_says_why_not(tmp_path: Path) -> None:
    write_page(tmp_path / "new" / "deep" / "p.html", "<p>", [])
    assert (tmp_path / "new" / "deep" / "p.html").read_text() == "<p>"
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_page(tmp_path / "file" / "p.html", "<p>", [])


def test_comparison_by_hand() -> None:
    def metrics(area: float, accuracy: float, *names: str) -> dict[str, Any]:
        return {"stages": [{"name": n, "area_cm2": area, "accuracy_test": accuracy} for n in names]}

    found = compare_runs(
        metrics(2.0, 0.8, "exact"),
        metrics(1.0, 0.7, "exact", "pruned"),
        recipe_before={"seed": 0, "model": "tree"},
        recipe_after={"seed": 1, "model": "tree"},
    )
    assert [(d.stage, d.name, d.verdict, d.ratio) for d in found] == [
        ("recipe", "seed", "changed", None),
        ("exact", "test accuracy", "worse", pytest.approx(0.875)),
        ("exact", "area cm2", "better", 0.5),
        ("pruned", "stage", "changed", None),
    ]


def test_circuits_beyond_the_loss_asked_for_are_told() -> None:
    pruned = {"name": "pruned", "max_loss": 0.01}
    carried = pruned | {"name": "pruned-for-3mW", "beyond_max_loss": True}
    within = carried | {"name": "pruned-for-30mW", "beyond_max_loss": False}
    metrics = {"dataset": "d", "model": "m", "stages": [pruned], "alternatives": [carried, within]}
    (note,) = beyond_notes([metrics])
    assert note.startswith("d m, pruned-for-3mW may lose more than --max-loss 0.01")


def test_a_survey_row_by_hand() -> None:
    def stage(area: float, accuracy: float) -> dict[str, Any]:
        return {"area_cm2": area, "accuracy_test": accuracy, "power_mw": area,
                "power_0p6_mw": area / 3, "n_test": 10, "delay_ms": 20.0}  # fmt: skip

    results = [
        {"circuit": "seeds/tree", "seed": seed, "seconds": {"train": 1.0, "synth": 2.0},
         "full": [stage(16.0, 0.9), stage(12.0, 0.9), stage(1.0, 0.8 + seed / 10)],
         "for_source": [stage(8.0, 0.85)] * seed,
         "published": [stage(4.0, 0.9), stage(3.0, 0.8)]}
        for seed in (0, 1)
    ]  # fmt: skip
    row = survey_row(results)
    assert row["published_approx_cm2"] == 0.0232
    assert row["ours_saving"] == 1 - 1 / 16
    assert row["ours_loss"] == pytest.approx(0.05)
    assert row["ours_loss_std"] == pytest.approx(0.05)
    assert row["published_method_saving"] == 1 - 3 / 16
    # A third of 16 and 12 cm2 is too many mW; one split has a circuit of 8, the other only ours.
    assert row["for_source_cm2"] == 4.5
    assert row["for_source_loss_by_split"] == pytest.approx([0.1, 0.05])
    assert row["n_within_source"] == 2
    weak = survey_row([results[0] | {"full": [stage(16.0, 0.9), stage(10.0, 0.9)]}])
    assert (weak["for_source_cm2"], weak["n_within_source"]) == (10.0, 0)
    # A model for the source comes before the chosen one (6 cm2), which it would carry too.
    model = results[0] | {"for_source": [stage(8.5, 0.88)]}
    model["full"] = [stage(16.0, 0.9), stage(6.0, 0.84), stage(1.0, 0.8)]
    assert survey_row([model])["for_source_cm2"] == 8.5
    # Where a teacher labelled what pruning saw, the one that loses least of that, none if the
    # exact circuit loses less.
    taught = [stage(area, 0.8) | {"copies_labelled_by": "teacher", "loss_search": loss}
              for area, loss in ((1.0, -0.01), (5.0, -0.02), (10.0, -0.03))]  # fmt: skip
    three = results[0] | {"full": [stage(16.0, 0.9), stage(6.0, 0.84), taught[0]]}
    assert survey_row([three | {"for_source": taught[1:2]}])["for_source_cm2"] == 5.0
    assert survey_row([three | {"for_source": taught[2:]}])["for_source_cm2"] == 1.0
    worse = taught[0] | {"loss_search": 0.01}
    for exact, area in ((stage(16.0, 0.9), 1.0), (stage(8.0, 0.9), 8.0)):
        way = [exact, stage(6.0, 0.84), worse]
        assert survey_row([results[0] | {"full": way}])["for_source_cm2"] == area
    # The smallest within the loss draws too much; there is a circuit beyond it.
    weak = results[1] | {"full": [stage(16.0, 0.9), stage(10.0, 0.9)]}
    row_beyond = survey_row([weak])
    assert (row_beyond["for_source_cm2"], row_beyond["n_within_source"]) == (8.0, 1)
    assert row["share_of_published"] == pytest.approx(1.0 / 0.0232)
    assert row["seconds"] == 3.0
    cells = survey_cells(row)
    assert "+5.0 ± 5.0" in cells
    assert "93.8 %" in cells
    assert "2 of 2" in cells
    assert "43.10" in cells  # times the published area, 1 / 0.0232
    assert "1/40" in survey_cells(row | {"share_of_published": 0.025})
    # Two splits that lost 10 and 0 points: 5 +- 12.706 * 7.07 / sqrt(2).
    assert loss_interval([row], "ours") == pytest.approx((-58.53, 68.53), abs=0.01)
    assert "interval -58.53 to +68.53 over splits" in summary_lines([row])[-2]
    assert "no interval: it needs the same splits" in summary_lines([survey_row(results[:1])])[-1]
    for result in results:
        for stages, right in ((result["full"], 0.75), (result["full"][-1:], 0.8)):
            for each in stages:
                each |= {"n_test_new": 8, "accuracy_test_new": right}
    line = summary_lines([survey_row(results)])[-1]
    assert "2 of 10 test rows have the inputs of a training row" in line
    assert line.endswith("on the others exact 0.750, ours 0.800.")


def test_the_frontier_chooses_by_validation_and_reads_test_rows() -> None:
    def point(
        name: str, validation: float, test: float, area: float, n_rows: int = 10_000
    ) -> Point:
        corners = (Corner(0.6, 0.3, 1.0),)
        return Point(name, "tree", "pruned", "0" * 40, validation, area, 1.0,
                     corners, test, test - 0.1, test + 0.1, 63, "proved", n_rows)  # fmt: skip

    points = [point("good", 0.95, 0.93, 0.2), point("small", 0.90, 0.95, 0.01)]
    all_rows = frontier_rows("seeds", 1, points)
    rows = {row["published"]: row for row in all_rows}
    approximate = rows["tree approximate chosen on its test rows"]  # 0.94 at 0.0232 cm2
    assert approximate["circuit"] == "good-pruned"
    assert approximate["verdict"] == "gap: 8.6 times the area"
    exact = rows["tree exact"]  # 0.889 at 0.301 cm2
    assert exact["circuit"] == "small-pruned"
    assert exact["verdict"] == "smaller, and as accurate on test rows"
    found = [row for row in all_rows if row["published_accuracy"] == 0.937]
    assert found[0]["verdict"] == "smaller; test rows 0.7 points below"
    # 0.90 on 100 rows is [0.82, 0.95]: not surely 0.889, nor is 0.95; the more accurate one stands.
    few = [point("good", 0.95, 0.93, 0.2, 100), point("small", 0.90, 0.95, 0.01, 100)]
    assert {row["published"]: row for row in frontier_rows("seeds", 1, few)}["tree exact"][
        "circuit"
    ] == "good-pruned"
    nothing = frontier_rows("seeds", 1, [point("bad", 0.8, 0.99, 0.001)])
    assert nothing[0]["verdict"].startswith("gap: ")
    text = frontier_markdown(all_rows, command="printml reproduce frontier")
    assert "of 4 published points" in text
    assert "* 3 of them: the published accuracy is inside the 95 % interval" in text


def test_every_family_and_the_published_points_have_a_colour_of_their_own() -> None:
    marks = [Mark(1.0 + k, 0.5, str(k), k) for k in range(len(FAMILIES) + 1)]
    figure = scatter(marks, x_label="x", y_label="y", series=[*FAMILIES, "published"])
    looks = set(re.findall(r'class="(s\d)', figure))
    assert len(looks) == len(FAMILIES) + 1
    colours = {re.search(rf"\.{look}{{fill:([^;]+)", STYLE)[1] for look in looks}  # type: ignore[index]
    assert len(colours) == len(looks)
