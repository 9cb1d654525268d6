"""Finding libraries by name, supply and path."""

from pathlib import Path

import pytest

from printml.errors import LibertyError
from printml.liberty.locate import cell_libs_folder, find_library, list_libraries


def test_built_in_libraries() -> None:
    found = {entry.name: entry.vdds for entry in list_libraries()}
    assert found == {
        "cnt": (2.6, 2.8, 3.0, 3.2, 3.4, 3.6),
        "egfet": (0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0),
    }
    for entry in list_libraries():
        assert all(path.is_file() for path in entry.paths)


def test_own_library_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "empty").mkdir()
    source = cell_libs_folder() / "egfet" / "egfet_0p8V.lib"
    (tmp_path / "mine" / "mine_0p8V.lib").write_bytes(source.read_bytes())
    (tmp_path / "mine" / "other_0p8V.lib").write_bytes(b"")
    (entry,) = list_libraries(folder=tmp_path)
    assert (entry.name, entry.vdds) == ("mine", (0.8,))
    assert find_library("mine", 0.8, folder=tmp_path).name == "egfet_0p8V"


def test_by_path() -> None:
    path = cell_libs_folder() / "egfet" / "egfet_1p2V.lib"
    assert find_library(path).vdd == 1.2
    assert find_library(str(path), 1.2).path == str(path)
    with pytest.raises(LibertyError, match=r"for 1\.2 V, not 1 V"):
        find_library(path, 1.0)


def test_unknown_names_and_supplies() -> None:
    with pytest.raises(LibertyError, match=r"'egfte'.*Did you mean egfet\?.*Available: cnt, egfet"):
        find_library("egfte", 1.0)
    with pytest.raises(LibertyError, match=r"no corner at 0\.7 V.*0\.6, 0\.8, 1, 1\.2"):
        find_library("egfet", 0.7)
    with pytest.raises(LibertyError, match="no supply was given"):
        find_library("egfet")
    with pytest.raises(LibertyError, match="cannot be read"):
        find_library("./absent.lib", 1.0)


def test_installed_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "printml"
    package.mkdir()
    monkeypatch.setattr("printml.__file__", str(package / "__init__.py"))
    with pytest.raises(LibertyError, match="built-in cell libraries are missing"):
        cell_libs_folder()
    (tmp_path / "cell_libs").mkdir()
    assert cell_libs_folder() == tmp_path / "cell_libs"
    (package / "_cell_libs").mkdir()
    assert cell_libs_folder() == package / "_cell_libs"
