"""The CSV reader and the rules of a user's own table."""

from pathlib import Path

import numpy as np
import pytest

from printml.data.load import load_dataset
from printml.errors import DataError, InputError

GOOD = "a,b,label\n1,2.5,x\n3,-4e1,y\n5,6,x\n7,8,y\n"


def write(tmp_path: Path, text: str, name: str = "my sensors.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_a_plain_table(tmp_path):
    dataset = load_dataset(write(tmp_path, GOOD))
    assert dataset.name == "my_sensors"
    assert dataset.feature_names == ("a", "b")
    assert dataset.class_labels == ("x", "y")
    np.testing.assert_array_equal(dataset.X, [[1, 2.5], [3, -40], [5, 6], [7, 8]])
    np.testing.assert_array_equal(dataset.y, [0, 1, 0, 1])
    assert dataset.notes == ()
    assert not dataset.X.flags.writeable


def test_byte_order_mark_quotes_blank_lines_and_spaces_are_harmless(tmp_path):
    text = '\ufeff a , "b" ,label\r\n\r\n1, 2.5 ,x\r\n3,-40,y\r\n"5",6,x\r\n7,8,y\r\n'
    plain = load_dataset(write(tmp_path, GOOD))
    odd = load_dataset(write(tmp_path, text, "odd.csv"))
    assert odd.feature_names == plain.feature_names
    np.testing.assert_array_equal(odd.X, plain.X)
    np.testing.assert_array_equal(odd.y, plain.y)


def test_target_may_be_any_column(tmp_path):
    path = write(tmp_path, "kind,a\nq,1\np,2\nq,3\np,4\n")
    dataset = load_dataset(path, target="kind")
    assert dataset.feature_names == ("a",)
    assert dataset.class_labels == ("p", "q")


def test_numeric_labels_are_ordered_as_numbers(tmp_path):
    dataset = load_dataset(write(tmp_path, "a,y\n1,10\n2,9\n3,10.0\n4,9\n5,2.5\n6,2.5\n"))
    assert dataset.class_labels == ("2.5", "9", "10")
    np.testing.assert_array_equal(dataset.y, [2, 1, 2, 1, 0, 0])


def test_missing_readings_labels_and_columns(tmp_path):
    text = "a,b,c,y\n1,?,,0\n,2,NA,1\n3,3,3,0\n4,4,?,1\n5,5,5,\n"
    dataset = load_dataset(write(tmp_path, text))
    assert dataset.feature_names == ("a", "b")
    np.testing.assert_array_equal(dataset.X, [[1, np.nan], [np.nan, 2], [3, 3], [4, 4]])
    assert dataset.notes == (
        "rows without a label were dropped: 1",
        "columns with more than half of their readings missing were dropped: c",
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["empty"]),
        ("\n\n", ["empty"]),
        ("a,b,y\n", ["no rows"]),
        ("a,a,y\n1,2,0\n", ["`a` occurs 2 times", "line 1"]),
        ("a,,y\n1,2,0\n", ["column 2 has no name"]),
        ("1,2,0\n3,4,1\n", ["first line holds numbers", "header"]),
        ("a;b;y\n1;2;0\n", ["single field", "commas"]),
        ("a,y\n1,0\n2,1,9\n", ["3 fields, the header 2", "line 3"]),
        ("a,y\n1,0\n2\n", ["1 fields, the header 2", "line 3"]),
        ("a,b,y\n1,2,0\n1,warm,1\n", ["text `warm`", "line 3", "column `b`"]),
        ("a,b,y\n1,1_000,0\n", ["text `1_000`", "line 2", "column `b`"]),
        ("a,y\n1,0\nnan,1\n", ["`nan` is not a finite", "line 3", "column `a`"]),
        ("a,y\n1,0\n-inf,1\n", ["`-inf` is not a finite", "line 3", "column `a`"]),
        ("a,y\n1,0\n1e999,1\n", ["`1e999` is not a finite", "line 3"]),
        ("a,y\n1,0\n2,nan\n", ["`nan` is not a usable label"]),
        ("a,y\n1,0\n2,0\n", ["1 class"]),
        ("a,y\n1,\n2,?\n", ["0 class"]),
        ("a,y\n1,1.5\n2,2.5\n3,3.5\n", ["3 for 3 classes", "not a measurement"]),
        ("y\n1\n0\n", ["no feature column", "`y`"]),
        ("a,y\n,1\n?,0\nNA,1\n2,0\n", ["no feature column is left"]),
        ('a,y\n1,0\n"2,1\n', ["1 fields, the header 2", "line 3"]),
    ],
)
def test_bad_tables_are_refused(tmp_path, text, parts):
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        load_dataset(path)
    message = str(caught.value)
    assert path.name in message
    for part in parts:
        assert part in message
    assert path.read_text(encoding="utf-8") == text


def test_absent_target_suggests_the_nearest_name(tmp_path):
    path = write(tmp_path, "Temperature,pH,Quality\n1,2,0\n3,4,1\n")
    with pytest.raises(DataError, match=r"no column `qualty`.*Did you mean `Quality`"):
        load_dataset(path, target="qualty")
    with pytest.raises(DataError, match=r"Choose one of: Temperature, pH, Quality"):
        load_dataset(path, target="zzzzzz")


def test_missing_file_and_unreadable_text(tmp_path):
    with pytest.raises(DataError, match=r"neither a known data set nor a file.*`redwine`"):
        load_dataset("redwin")
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"a,y\n\xff\xfe,1\n")
    with pytest.raises(InputError, match="not UTF-8"):
        load_dataset(binary)
    with pytest.raises(InputError, match="cannot be read"):
        load_dataset(tmp_path)


def test_unclosed_quote_in_a_long_file(tmp_path):
    path = write(tmp_path, "a,y\n1,0\n" + '"2,1\n' + "3,1\n" * 40_000)
    with pytest.raises(DataError, match=r"not a valid CSV file.*unbalanced quotes"):
        load_dataset(path)
