"""What calls and other contacts are about, in words; codes as menus and imports spell them."""

from typing import Final

from crm_lookup.model import Text

GENERAL: Final = "general"

TOPICS: Final[dict[str, Text]] = {
    GENERAL: Text("人工服务", "General enquiry"),
    "balance": Text("账户余额", "Account balance"),
    "transactions": Text("账户明细", "Transactions"),
    "statement": Text("账户流水", "Statements"),
    "cards": Text("银行卡", "Cards"),
    "card_bill": Text("信用卡账单", "Card bill"),
    "card_order": Text("办卡进度", "Card on its way"),
    "activate_card": Text("激活新卡", "Activating a card"),
    "card_loss": Text("银行卡挂失", "Lost card"),
    "lost_card": Text("银行卡挂失", "Lost card"),
    "limit": Text("额度调整", "Limits"),
    "transfer": Text("转账", "Transfers"),
    "transfers": Text("转账", "Transfers"),
    "payment": Text("付款", "Payments"),
    "loans": Text("贷款", "Loans"),
    "loan": Text("贷款", "Loans"),
    "deposits": Text("定期存款", "Term deposits"),
    "term_deposit": Text("定期存款", "Term deposits"),
    "instalment": Text("账单分期", "Instalments"),
    "wealth": Text("理财", "Wealth management"),
    "rates": Text("利率与汇率", "Rates"),
    "services": Text("其他服务", "Other services"),
    "pin": Text("电话银行密码", "Telephone PIN"),
    "address": Text("联系方式", "Address and numbers"),
    "complaint": Text("投诉", "Complaint"),
    "fraud": Text("可疑交易", "Fraud"),
    "collections": Text("逾期款项", "Overdue debts"),
    "marketing": Text("营销信息", "Marketing"),
}
"""Topic → its name.  A code that stands not here is shown as it is."""


def topic_name(code: str) -> Text:
    """Return the topic's name in both languages."""
    return TOPICS.get(code) or Text(code, code)
