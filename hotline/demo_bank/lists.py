"""The words from which the demo bank's people, companies and dealings are put together."""

from typing import Final

FAMILY_NAMES: Final = (
    *"王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏",
    *"吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛阎段雷龙黎史陶贺毛郝顾龚邵万",
    *("欧阳", "上官", "司马", "诸葛", "夏侯"),
)
"""Common family names, the most common first: the generator favours the front."""

GIVEN_ONE: Final = tuple(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚英华慧鑫波斌宇浩凯健俊帆雪琳莉桂玉萍红"
)
GIVEN_TWO: Final = (
    *("秀英", "建国", "建华", "志强", "海燕", "丽华", "晓明", "晓红", "文静", "子涵", "梓轩"),
    *("雨欣", "浩然", "思远", "佳怡", "欣怡", "志明", "国强", "淑珍", "桂英", "玉兰", "春梅"),
    *("秋菊", "冬梅", "俊杰", "宇航", "天宇", "嘉豪", "诗涵", "梦洁", "雅婷", "婷婷", "晨曦"),
)
FOREIGN: Final = (
    *(("John", "Smith"), ("Emma", "Johnson"), ("Peter", "Müller"), ("Anna", "Kowalska")),
    *(("David", "Brown"), ("Sarah", "Wilson"), ("Kenji", "Sato"), ("Marie", "Dubois")),
    *(("Michael", "Davies"), ("Olga", "Petrova"), ("Carlos", "Garcia"), ("Julia", "Novak")),
)

MOBILE_PREFIXES: Final = (
    *("134", "135", "136", "137", "138", "139", "150", "151", "152", "157", "158", "159", "178"),
    *("182", "183", "187", "188", "198", "130", "131", "132", "155", "156", "176", "185", "186"),
    *("133", "153", "177", "180", "181", "189", "199"),
)
AREAS: Final = (
    # area code without its zero, first digits of an eight-digit number, city
    ("10", "62", "北京"),
    ("10", "65", "北京"),
    ("21", "64", "上海"),
    ("21", "58", "上海"),
    ("755", "83", "深圳"),
    ("20", "38", "广州"),
    ("571", "87", "杭州"),
    ("28", "85", "成都"),
    ("25", "84", "南京"),
    ("27", "87", "武汉"),
)

COMPANY_WORDS: Final = (
    *(
        "华信",
        "鼎盛",
        "恒通",
        "瑞丰",
        "天和",
        "百川",
        "金桥",
        "东方",
        "长青",
        "远航",
        "同创",
        "博雅",
    ),
    *("嘉禾", "星源", "宏图", "安泰", "凯达", "联众", "正大", "万象"),
)
COMPANY_TRADES: Final = (
    *(
        "科技",
        "贸易",
        "物流",
        "餐饮管理",
        "建筑工程",
        "文化传媒",
        "机械制造",
        "医药",
        "服饰",
        "食品",
    ),
)
SHOPS: Final = (
    *(
        "盒马鲜生",
        "京东商城",
        "淘宝",
        "美团外卖",
        "滴滴出行",
        "中国石化",
        "中国移动话费",
        "永辉超市",
    ),
    *("星巴克", "肯德基", "地铁乘车", "国家电网电费", "携程旅行", "当当网", "屈臣氏", "名创优品"),
)
EMPLOYERS: Final = tuple(
    f"{word}{trade}有限公司" for word, trade in zip(COMPANY_WORDS, COMPANY_TRADES * 2, strict=True)
)
MANAGERS: Final = (
    "李雷",
    "韩梅",
    "周晓彤",
    "陈立",
    "吴佳",
    "孙浩",
    "林静",
    "高远",
    "何敏",
    "许诺",
)

TALKS: Final = (
    # channel, topic, what was said in both languages
    ("phone", "balance", "查询账户余额", "Asked for the account balance"),
    ("phone", "card_loss", "挂失银行卡并申请补卡", "Reported a lost card and ordered a new one"),
    ("phone", "card_bill", "询问信用卡账单与还款日", "Asked about the card bill and its due date"),
    (
        "phone",
        "transfer",
        "转账未到账，已说明到账时间",
        "A transfer had not arrived; explained when",
    ),
    ("phone", "limit", "申请提高信用卡额度", "Asked for a higher card limit"),
    (
        "branch",
        "term_deposit",
        "到网点咨询定期存款利率",
        "Asked about term-deposit rates in a branch",
    ),
    ("branch", "address", "更新联系地址与手机号码", "Changed address and mobile number"),
    ("branch", "wealth", "做了风险承受能力评估", "Had the investment risk assessed"),
    ("app", "transfer", "手机银行转账", "Transferred money in the app"),
    ("app", "wealth", "浏览理财产品", "Looked at wealth-management products"),
    ("app", "instalment", "办理账单分期", "Put a card bill into instalments"),
    ("web", "statement", "下载半年流水", "Downloaded six months of statements"),
    ("web", "loan", "试算住房贷款", "Calculated a mortgage"),
    ("message", "card_bill", "收到还款提醒短信", "Got a text message: card bill due"),
    ("message", "marketing", "收到理财产品短信", "Got a text message about wealth products"),
)
REQUEST: Final = ("申请补发近一年账单", "Asked for the statements of a year once more")
COMPLAINT: Final = (
    *("phone", "complaint", "投诉柜台排队时间过长，处理中"),
    "Complained about long queues in the branch; open",
)
