"""The words for what :mod:`crm_lookup.target_groups` can ask for, and what may stand there."""

from typing import Final

from crm_lookup.catalogue import PRODUCTS
from crm_lookup.model import Text

NUMBERS: Final = {
    "loyalty": Text("忠诚度（0–100）", "Loyalty (0–100)"),
    "attrition": Text("流失概率（0–1）", "Chance of leaving (0–1)"),
    "credit_risk": Text("信用风险（0–100）", "Credit risk (0–100)"),
    "conduct_risk": Text("行为风险（0–100）", "Conduct risk (0–100)"),
    "profit": Text("创造利润（元/年）", "Profit created (CNY a year)"),
    "potential": Text("潜在利润（元/年）", "Potential profit (CNY a year)"),
    "cost_to_serve": Text("服务成本（元/年）", "Cost to serve (CNY a year)"),
    "assets": Text("资产（元）", "Assets (CNY)"),
    "monetary": Text("年支出（元）", "Spent in a year (CNY)"),
    "frequency": Text("每月交易数", "Dealings a month"),
    "recency_days": Text("距上次交易（天）", "Days since the last dealing"),
    "tenure_years": Text("开户年数", "Years as a customer"),
    "products": Text("持有产品数", "Products held"),
    "birth_year": Text("出生年份", "Year of birth"),
}
"""Name → what it is called; every number that can be asked for."""

_CHANNELS: Final = {
    "phone": Text("电话", "Phone"),
    "branch": Text("网点", "Branch"),
    "app": Text("手机银行", "App"),
    "web": Text("网银", "Web"),
    "message": Text("短信/消息", "Message"),
    "email": Text("邮件", "E-mail"),
    "chat": Text("在线客服", "Chat"),
    "atm": Text("自助机", "Cash machine"),
}

WORDS: Final = {
    "segment": Text("客户等级", "Segment"),
    "value_class": Text("价值分类", "Value class"),
    "holds": Text("持有产品", "Holds"),
    "lacks": Text("未持有产品", "Does not hold"),
    "consent": Text("已同意", "Has consented to"),
    "rhythm": Text("收支规律", "Rhythm"),
    "contact_preference": Text("偏好渠道", "Preferred channel"),
    "pattern": Text("行为模式", "Behaviour pattern"),
    "kind": Text("客户类型", "Kind"),
    "status": Text("客户状态", "Status"),
    "language": Text("语言", "Language"),
    "gender": Text("性别", "Gender"),
    "city_code": Text("城市区号", "Area code"),
    "rfm": Text("RFM 等级（如 555）", "RFM fifths (such as 555)"),
}
"""Name → what it is called; every word that can be asked for."""

VALUES: Final[dict[str, dict[str, Text]]] = {
    "segment": {
        "diamond": Text("钻石客户", "Diamond"),
        "gold": Text("金卡客户", "Gold"),
        "silver": Text("银卡客户", "Silver"),
        "standard": Text("普通客户", "Standard"),
    },
    "value_class": {
        "star": Text("明星：利润高且潜力大", "Star: profit and potential"),
        "keep": Text("维护：利润高", "Keep: profit"),
        "grow": Text("培育：潜力大", "Grow: potential"),
        "lean": Text("简化服务", "Lean"),
    },
    "holds": PRODUCTS,
    "lacks": PRODUCTS,
    "consent": {
        "marketing": Text("营销联系", "Marketing"),
        "recording": Text("通话录音", "Recording"),
        "analysis": Text("数据分析", "Analysis"),
    },
    "rhythm": {
        "salary": Text("每月工资", "Monthly salary"),
        "rent": Text("每月房租", "Monthly rent"),
        "instalment": Text("每月分期", "Monthly instalments"),
    },
    "contact_preference": _CHANNELS,
    "kind": {"person": Text("个人", "Person"), "company": Text("企业", "Company")},
    "status": {"customer": Text("客户", "Customer"), "prospect": Text("潜在客户", "Prospect")},
    "language": {"zh": Text("中文", "Chinese"), "en": Text("英文", "English")},
    "gender": {"female": Text("女", "Female"), "male": Text("男", "Male")},
}
"""Of those words that have a closed list: code → its name.  The others are typed freely."""
