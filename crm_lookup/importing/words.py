"""The words in which other systems write what we have codes for, in Chinese and English."""

from typing import Final

from crm_lookup.catalogue import PRODUCTS


def _table(**words: str) -> dict[str, str]:
    """From ``code="word word"`` to word → code, the code itself included."""
    return {
        word.casefold(): code for code, all_ in words.items() for word in (code, *all_.split())
    }


KINDS: Final = _table(
    person="p i 个人 个人客户 自然人 对私 individual personal retail",
    company="c 企业 企业客户 公司 机构 对公 单位 corporate business organisation organization",
)
STATUSES: Final = _table(
    customer="正常 有效 客户 在用 active normal",
    prospect="潜在 潜客 潜在客户 意向 lead potential",
    closed="销户 已销户 注销 关闭 失效 inactive",
)
GENDERS: Final = _table(male="m 1 男 男性 先生 mr", female="f 2 女 女性 女士 ms mrs")
LANGUAGES: Final = _table(
    zh="中文 汉语 普通话 国语 chinese mandarin zh-cn chi zho",
    en="英文 英语 english en-us en-gb eng",
)
SEGMENTS: Final = _table(
    diamond="钻石 钻石卡 私行 private",
    gold="金 金卡 黄金 贵宾 vip",
    silver="银 银卡 白银",
    standard="普通 普通卡 标准 大众 normal basic",
)
ID_KINDS: Final = _table(
    identity_card="身份证 居民身份证 id",
    passport="护照",
    licence="营业执照 统一社会信用代码 license",
)
PRODUCT_WORDS: Final = {
    word.casefold(): code for code, name in PRODUCTS.items() for word in (code, name.zh, name.en)
}
COMPOUND_NAMES: Final = frozenset(
    _pair
    for _line in (
        "欧阳司马上官诸葛东方皇甫尉迟公孙慕容令狐宇文长孙司徒司空夏侯端木南宫独孤西门轩辕闻人赫连澹台",
        "公冶宗政濮阳淳于单于太叔申屠仲孙钟离鲜于闾丘亓官司寇子车微生颛孙漆雕乐正公羊谷梁拓跋夹谷百里",
        "呼延东郭纳兰完颜",
    )
    for _pair in map("".join, zip(_line[::2], _line[1::2], strict=True))
)
"""Family names of two characters."""
