"""The words for menu nodes name nodes that there are."""

from pathlib import Path

import yaml

from hotline.menu_words import NODES

FLOWS = Path(__file__).parents[2] / "dialplans/flows"


def nodes_of(flow: str) -> dict[str, dict[str, object]]:
    nodes = yaml.safe_load((FLOWS / f"{flow}.yaml").read_text(encoding="utf-8"))["nodes"]
    assert isinstance(nodes, dict)
    return nodes


def test_every_word_belongs_to_a_node_of_the_shipped_menus() -> None:
    main = nodes_of("main")
    for name in NODES:
        outer, _, inner = name.partition(".")
        assert outer in main, name
        if inner:
            assert inner in nodes_of(str(main[outer]["flow"])), name


def test_the_main_menus_services_all_have_words() -> None:
    services = {name for name, node in nodes_of("main").items() if node["kind"] == "sub_flow"}
    assert services <= set(NODES)
