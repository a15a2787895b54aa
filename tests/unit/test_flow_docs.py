"""docs/flows.md says what there is."""

import re
from pathlib import Path

from ivr.flow import lint, load_flow
from ivr.flow.model import KINDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")


def test_every_kind_of_node_is_on_the_page() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert set(KINDS) - rows == set()


def test_every_rule_of_the_linter_is_on_the_page() -> None:
    rules = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', Path(lint.__file__).read_text("utf-8")))
    assert {rule for rule in rules if f"`{rule}`" not in PAGE} == set()
    assert len(rules) >= 8


def test_the_example_of_the_page_loads(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(start.*?)```", PAGE, re.DOTALL)
    assert example is not None
    file = tmp_path / "example.yaml"
    file.write_text(example[1], encoding="utf-8")
    assert load_flow(file).start == "hello"
