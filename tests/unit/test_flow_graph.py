"""Drawings of flows, and the schema for editors."""

import itertools
from pathlib import Path
from xml.etree import ElementTree

import msgspec
from typer.testing import CliRunner

import dialplans
from hotline.cli import app
from ivr.flow import load
from ivr.flow.graph import folded, kind_of, layout, mermaid, svg
from ivr.flow.model import KINDS
from ivr.flow.schema import schema, schema_text

FLOWS = Path(dialplans.__path__[0]) / "flows"
MAIN = load(FLOWS).get("main")


def test_mermaid_has_every_node_and_way() -> None:
    text = mermaid(MAIN)
    assert text.startswith('flowchart TD\n  _start(["main"]) --> n_welcome\n')
    assert '  n_main_menu -->|"failed, 0"| n_agent\n' in text
    for name, node in MAIN.nodes.items():
        assert f"  n_{name.replace('.', '__')}[" in text
        for _, target in node.edges():
            assert f"| n_{target.replace('.', '__')}\n" in text


def test_the_drawing_is_well_formed_and_no_boxes_overlap() -> None:
    root = ElementTree.fromstring(svg(MAIN))  # noqa: S314  # our own text
    words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {name if len(name) <= 22 else name[:21] + "…" for name in MAIN.nodes} <= words
    boxes = layout(MAIN).values()
    for a, b in itertools.combinations(boxes, 2):
        assert abs(a.x - b.x) > 168 or abs(a.y - b.y) > 44
    assert len(boxes) == len(MAIN.nodes)


def test_a_sub_flow_is_one_box_with_its_ways_out() -> None:
    drawn = folded(MAIN)
    assert not [name for name in drawn.nodes if "." in name]
    assert kind_of(drawn.nodes["lost"]) == "sub_flow"
    assert drawn.nodes["main_menu"] is MAIN.nodes["main_menu"]
    whole = {
        (name.partition(".")[0], target.partition(".")[0])
        for name, node in MAIN.nodes.items()
        for _, target in node.edges()
    }
    ways = {(name, target) for name, node in drawn.nodes.items() for _, target in node.edges()}
    assert {(a, b) for a, b in whole if a != b} == {(a, b) for a, b in ways if a != b}
    assert max(box.x for box in layout(drawn).values()) < 2500


def test_the_command_draws(tmp_path: Path) -> None:
    file = tmp_path / "main.svg"
    done = CliRunner().invoke(app, ["flow", "graph", "main", "--svg", str(file)])
    assert (done.exit_code, done.output) == (0, mermaid(folded(MAIN)))
    assert file.read_text(encoding="utf-8") == svg(folded(MAIN))
    done = CliRunner().invoke(app, ["flow", "graph", "main", "--whole"])
    assert (done.exit_code, done.output) == (0, mermaid(MAIN))
    unknown = CliRunner().invoke(app, ["flow", "graph", "mian"])
    assert unknown.exit_code == 1
    assert "no flow 'mian' is loaded (loaded: " in unknown.output


def test_the_published_schema_is_that_of_the_model() -> None:
    published = (FLOWS / "flow.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(), (
        "run: hotline flow schema > dialplans/flows/flow.schema.json"
    )


def test_the_schema_knows_every_kind_with_its_fields() -> None:
    definitions = schema()["$defs"]
    for name, kind in KINDS.items():
        fields = {field.encode_name for field in msgspec.structs.fields(kind)} | {"kind"}
        assert set(definitions[kind.__name__]["properties"]) == fields
        assert definitions[kind.__name__]["properties"]["kind"] == {"enum": [name]}
        assert definitions[kind.__name__]["description"].startswith("``")
