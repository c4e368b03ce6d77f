"""Which mapping runs, and what it may give."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from busbar.errors import Unmappable
from busbar.mapping.engine import Engine
from busbar.mapping.registry import MAPPINGS, MappingRegistry
from busbar.ports.outside import Mapper


def a_folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "sap").mkdir()
    (tmp_path / "sap" / "order_submit.jsonata").write_text(text, encoding="utf-8")
    return tmp_path


def test_should_run_the_mapping_of_the_product(tmp_path: Path) -> None:
    mapper: Mapper = MappingRegistry(folder=a_folder(tmp_path, '{"a": b}'))
    assert mapper.run("sap", "order_submit", {"b": 1}) == {"a": 1}


def test_should_run_the_org_s_own_mapping_in_its_place(tmp_path: Path) -> None:
    own = {("sap", "order_submit"): '{"theirs": b}'}
    mapper = MappingRegistry(own, folder=a_folder(tmp_path, '{"a": b}'))
    assert mapper.run("sap", "order_submit", {"b": 1}) == {"theirs": 1}


def test_should_evaluate_with_the_engine_that_it_is_told(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, '{"a": -5 ?: 99}')
    made = {
        name: MappingRegistry(folder=folder, engine=name).run("sap", "order_submit", {})["a"]
        for name in get_args(Engine)
    }
    # One of the differences that are listed.
    assert made == {"jlens": -5, "jsonata-python": 5}


@pytest.mark.parametrize("text", ["[1]", "1", "absent", "null", '"a"'])
def test_should_refuse_a_result_that_is_no_object(tmp_path: Path, text: str) -> None:
    mapper = MappingRegistry(folder=a_folder(tmp_path, text))
    with pytest.raises(Unmappable, match="mapping sap/order_submit: the result is no object"):
        mapper.run("sap", "order_submit", {})


@pytest.mark.parametrize("text", ["{", '$error("secret")'])
def test_should_name_the_mapping_that_is_wrong(tmp_path: Path, text: str) -> None:
    mapper = MappingRegistry(folder=a_folder(tmp_path, text))
    with pytest.raises(Unmappable, match=r"mapping sap/order_submit: [SD]\d{4}") as caught:
        mapper.run("sap", "order_submit", {})
    assert "secret" not in str(caught.value)


def test_should_say_so_when_there_is_no_such_mapping() -> None:
    with pytest.raises(Unmappable, match="mapping sap/nothing: there is no such mapping"):
        MappingRegistry().run("sap", "nothing", {})


def test_should_find_the_product_s_mappings_beside_the_code() -> None:
    names = {str(p.relative_to(MAPPINGS)) for p in MAPPINGS.glob("*/*.jsonata")}
    assert names >= {
        "salesforce/order_submit.jsonata",
        "salesforce/sync_cards.jsonata",
        "energised/card_forward.jsonata",
    }
