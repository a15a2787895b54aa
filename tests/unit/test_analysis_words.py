"""Reasons in words: every code that the method writes has some, in both languages."""

import ast
from pathlib import Path

import crm_lookup
from crm_lookup.model import Text
from crm_lookup.scores import _WORDS, told


def test_every_code_of_the_method_has_words() -> None:
    tree = ast.parse((Path(crm_lookup.__file__).parent / "analysis/method.py").read_text("utf-8"))
    codes: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
            name = ast.unparse(node.target)
            codes[name] = {k.value for k in node.value.keys if isinstance(k, ast.Constant)}  # type: ignore[misc]
    assert codes["loyalty"] == _WORDS["loyalty"].keys()
    assert codes["credit"] == _WORDS["credit_risk"].keys()
    assert codes["conduct"] == _WORDS["conduct_risk"].keys()
    assert codes["leaving"] == _WORDS["attrition"].keys()
    assert codes["costing"] == _WORDS["cost_to_serve"].keys()


def test_figures_read_well() -> None:
    found = told("loyalty=tenure:12.4,months:12.0|credit_risk=|potential=term_deposit:62.5")
    assert found["loyalty"] == (
        Text("开户 12.4 年", "a customer for 12.4 years"),
        Text("近 12 个月中有 12 个月有交易", "active in 12 of the last 12 months"),
    )
    assert found["credit_risk"] == ()
    assert found["potential"] == (
        Text("相似客户中 62% 持有定期存款", "62 % of similar customers hold: Term deposit"),
    )
