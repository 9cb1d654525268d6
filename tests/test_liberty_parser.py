"""The Liberty reader's syntax: what it accepts, and that it never fails but with LibertyError."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printml.errors import LibertyError
from printml.liberty.parser import MAX_DEPTH, parse_liberty


def test_groups_attributes_and_comments() -> None:
    text = """
    /* a comment { with a brace */
    library (demo) { // to the end of the line
      time_unit : "1ns" ;
      capacitive_load_unit (1, pf);
      cell (A1[3:0], "B 2") { area : 12.5
        dont_use : true; }
      values ("1, 2", \\
              "3, \\
               4");
    };
    """
    library = parse_liberty(text, source="demo.lib")
    assert repr(library) == "Group(library(demo), line 3)"
    assert library.where == "demo.lib:3"
    assert library.text("time_unit") == "1ns"
    load = library.attribute("capacitive_load_unit")
    assert load is not None
    assert (load.values, load.is_complex, load.line) == (("1", "pf"), True, 5)
    (cell,) = library.subgroups("cell")
    assert cell.args == ("A1[3:0]", "B 2")
    assert cell.number("area") == 12.5
    assert cell.text("dont_use") == "true"
    values = library.attribute("values")
    assert values is not None
    assert library.numbers(values) == (1.0, 2.0, 3.0, 4.0)


def test_last_attribute_wins_and_expressions_are_text() -> None:
    library = parse_liberty("library (x) { a : 1; a : VDD + 0.5 ; b : -2e-3; }")
    assert library.text("a") == "VDD + 0.5"
    assert library.number("b") == -0.002
    assert library.number("c") is None


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "empty"),
        ("  \n /* only */ \n", 3, "empty"),
        ("module x; endmodule", 1, "expected library"),
        ("library (x)\n{ cell (y) {\n area : 1;\n }\n", 5, "ends inside library"),
        ("library (x) {\n cell (y) {\n area : 1;\n", 4, "ends inside cell (y)"),
        ("library (x) { }\n}", 2, "after the library"),
        ("library (x) {\n a : ;\n}", 2, "no value"),
        ("library (x) {\n a : b { }\n}", 2, "no value"),
        ("library (x) {\n a b;\n}", 2, "expected ("),
        ("library (x) {\n a (1, 2;\n}", 2, "expected )"),
        ('library (x) {\n a : "open;\n}', 2, "string is not closed"),
        ("library (x) {\n /* open\n}", 2, "comment is not closed"),
        ("library (x) {\n include_file (y.lib);\n}", 2, "include_file"),
        ("library (x) {\n 12 : 3;\n}", 2, "expected a name"),
        ("library (x) {\n a : b\x00c;\n}", 2, "control character"),
        ("library (x) {\n \\ a : 1;\n}", 2, "unexpected character"),
    ],
)
def test_syntax_errors_name_the_line(text: str, line: int, what: str) -> None:
    with pytest.raises(LibertyError, match=re.escape(what)) as caught:
        parse_liberty(text, source="bad.lib")
    assert caught.value.where == f"bad.lib:{line}"


@pytest.mark.parametrize("value", ["nan", "inf", "1_000", "0x10", "1e999", "1.2.3", "", "1e31"])
def test_wrong_numbers(value: str) -> None:
    library = parse_liberty(f'library (x) {{\n a : "{value}";\n}}', source="bad.lib")
    with pytest.raises(LibertyError, match=r"not a number.*bad\.lib:2"):
        library.number("a")


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> str:
        return "library (x) {" + "g () {" * (depth - 1) + "}" * depth

    parse_liberty(nested(MAX_DEPTH))
    with pytest.raises(LibertyError, match="nested deeper"):
        parse_liberty(nested(MAX_DEPTH + 1))
    with pytest.raises(LibertyError, match="nested deeper"):
        parse_liberty("library (x) {" + "g () {" * 100_000)


def test_backslashes_do_not_make_the_scanner_slow() -> None:
    # Exponential in the number of pieces if the string pattern could split them two ways.
    with pytest.raises(LibertyError, match="string is not closed"):
        parse_liberty('library (x) { a : "' + "\\\n\\ " * 5_000)


@given(st.text(alphabet='library(x){}:;,"\\/* \n1a', max_size=60))
def test_any_text_parses_or_is_a_liberty_error(tail: str) -> None:
    where = "<text>:1"
    try:
        parse_liberty("library (x) { " + tail)
    except LibertyError as error:
        where = error.where
    assert re.fullmatch(r"<text>:\d+", where)
