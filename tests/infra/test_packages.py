"""Packages: the same bytes from every folder, made again only when something changed."""

from __future__ import annotations

import marshal
import sys
import zipfile
from pathlib import Path
from types import CodeType

import pytest

from infra.build import LAMBDA_PYTHON, Build, Package, Recipe, make, recipes
from infra.check.repeat import differing_packages, differing_templates

needs_lambda_python = pytest.mark.skipif(
    sys.version_info[:2] != LAMBDA_PYTHON, reason="byte code is made with Lambda's Python only"
)


def a_recipe(folder: Path, source: str = "ANSWER = {'a', 'b', 'c'}\n") -> Recipe:
    (folder / "source").mkdir(parents=True, exist_ok=True)
    path = folder / "source" / "handler.py"
    path.write_text(source)
    return Recipe("functions/any", {"functions/any/handler.py": path}, "/var/task")


def zipped(package: Package) -> bytes:
    return package.zip.read_bytes()


def test_should_make_the_same_bytes_in_another_folder(tmp_path: Path) -> None:
    one = make(a_recipe(tmp_path / "one"), tmp_path / "one" / "build", "arm64")
    other = make(a_recipe(tmp_path / "other" / "deeper"), tmp_path / "other" / "build", "arm64")

    assert one.digest == other.digest
    assert zipped(one) == zipped(other)


@needs_lambda_python
def test_should_bind_byte_code_to_the_path_on_lambda(tmp_path: Path) -> None:
    package = make(a_recipe(tmp_path), tmp_path / "build", "arm64")

    (compiled,) = package.tree.rglob("*.pyc")
    content = compiled.read_bytes()
    code: CodeType = marshal.loads(content[16:])  # noqa: S302  (our own file)

    assert int.from_bytes(content[4:8], "little") == 0b01, "hash-based and unchecked"
    assert code.co_filename == "/var/task/functions/any/handler.py"


def test_should_sort_names_and_fix_dates_in_the_zip(tmp_path: Path) -> None:
    package = make(a_recipe(tmp_path), tmp_path / "build", "arm64")

    entries = zipfile.ZipFile(package.zip).infolist()

    assert [e.filename for e in entries] == sorted(e.filename for e in entries)
    assert {e.date_time for e in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_should_take_what_is_there_when_nothing_changed(tmp_path: Path) -> None:
    made = make(a_recipe(tmp_path), tmp_path / "build", "arm64")
    before = made.zip.stat().st_mtime_ns

    again = make(a_recipe(tmp_path), tmp_path / "build", "arm64")

    assert again == made
    assert again.zip.stat().st_mtime_ns == before


def test_should_make_it_again_when_a_source_changed(tmp_path: Path) -> None:
    made = make(a_recipe(tmp_path), tmp_path / "build", "arm64")

    again = make(a_recipe(tmp_path, "ANSWER = 43\n"), tmp_path / "build", "arm64")

    assert again.digest != made.digest


def test_should_leave_out_what_lambda_does_not_need(packages: Build) -> None:
    names = set(zipfile.ZipFile(packages.busbar.zip).namelist())

    assert "python/busbar/settings/function.py" in names
    assert not {n for n in names if n.endswith(".md") or "/metadata/" in n}
    boto3 = [n for n in zipfile.ZipFile(packages.dependencies.zip).namelist() if "boto" in n]
    assert boto3 == []


def test_should_give_each_function_its_own_folder_only(packages: Build) -> None:
    for name, package in packages.functions.items():
        folders = {
            p.parts[1]
            for n in zipfile.ZipFile(package.zip).namelist()
            if len((p := Path(n)).parts) > 2
        }

        assert folders <= {name, "__pycache__"}


def test_should_have_a_package_for_each_layer_and_use_case() -> None:
    names = {r.name for r in recipes()}

    assert {"dependencies", "busbar", "functions/order_submit"} <= names


def test_should_take_mappings_into_the_layer_and_leave_their_samples_here() -> None:
    layer = next(r for r in recipes() if r.name == "busbar")
    files = {n for n in layer.files if n.startswith("python/busbar/integrations/")}

    assert "python/busbar/integrations/erp/integration.json" in files
    assert "python/busbar/integrations/erp/customer/use_case.json" in files
    assert {Path(name).name for name in files} == {"integration.json", "use_case.json"}


def test_should_be_red_when_two_builds_differ(packages: Build, tmp_path: Path) -> None:
    planted = make(a_recipe(tmp_path), tmp_path / "build", "arm64")
    functions = {**packages.functions, "orders": planted}

    found = differing_packages(packages, Build(packages.dependencies, packages.busbar, functions))

    assert found == ["functions/orders"]


def test_should_be_red_when_two_syntheses_differ(tmp_path: Path) -> None:
    for folder, text in (("one", "{}"), ("other", '{"planted": 1}')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.template.json").write_text(text)
        (tmp_path / folder / "same.template.json").write_text("{}")

    assert differing_templates(tmp_path / "one", tmp_path / "other") == ["a.template.json"]
