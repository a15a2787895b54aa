"""What agents read of a caller's way through the shipped menus.

Nodes of a sub-flow are named after the node that called it (``cards.bill``).  A node without
words here is a step that tells an agent nothing; the page leaves it out.
"""

from typing import Final

from crm_lookup.model import Text

NODES: Final = {
    "main_menu": Text(zh="主菜单", en="Main menu"),
    "balance_identity": Text(zh="输入卡号", en="Card number"),
    "balance_identity.pin": Text(zh="密码验证", en="PIN check"),
    "balance_identity.too_many_tries": Text(zh="验证失败", en="Too many tries"),
    "balance": Text(zh="余额播报", en="Balance read out"),
    "transactions": Text(zh="交易明细", en="Transactions"),
    "transactions.page": Text(zh="明细播报", en="Transactions read out"),
    "cards": Text(zh="卡片服务", en="Cards"),
    "cards.bill": Text(zh="账单查询", en="Card bill"),
    "cards.order": Text(zh="制卡进度", en="Card order"),
    "cards.activate": Text(zh="卡片激活", en="Card activation"),
    "loans": Text(zh="贷款与存款", en="Loans and deposits"),
    "loans.loan": Text(zh="贷款查询", en="Loan"),
    "loans.deposit": Text(zh="定期查询", en="Term deposit"),
    "loans.limit": Text(zh="转账限额", en="Transfer limits"),
    "rates": Text(zh="利率与网点", en="Rates and branches"),
    "rates.exchange": Text(zh="外汇牌价", en="Exchange rates"),
    "rates.deposit": Text(zh="存款利率", en="Deposit rates"),
    "rates.branch": Text(zh="网点查询", en="Branches"),
    "services": Text(zh="更多服务", en="More services"),
    "services.change_pin": Text(zh="修改密码", en="New PIN"),
    "services.statement": Text(zh="对账单", en="Statement"),
    "services.complaint": Text(zh="投诉", en="Complaint"),
    "lost": Text(zh="紧急挂失", en="Lost card"),
    "lost.block": Text(zh="卡片挂失", en="Card blocked"),
    "lost.block_number": Text(zh="凭卡号挂失", en="Blocked by number"),
    "lost.fraud": Text(zh="疑似欺诈", en="Fraud reported"),
    "agent": Text(zh="转人工", en="Agent"),
    "agent_now": Text(zh="转人工", en="Agent"),
    "message": Text(zh="语音留言", en="Voice message"),
}
"""The words for the nodes of the shipped menus."""
