"""A mapping file to begin with, guessed from the header of a file; people look it over.  Pure."""

import re
from typing import Final

from crm_lookup.catalogue import PRODUCTS
from crm_lookup.importing.rows import Source

_FIELDS: Final[dict[str, str]] = {
    "external_id": "客户号 客户编号 客户id 客户代码 核心客户号 cif cif号 customerid customerno "
    "customernumber customercode externalid clientid cifno id",
    "name": "姓名 客户姓名 客户名称 名称 企业名称 户名 name fullname customername clientname",
    "family_name": "姓 姓氏 familyname lastname surname",
    "kind": "客户类型 客户类别 类型 对公对私 kind type customertype clienttype",
    "status": "客户状态 状态 status customerstatus",
    "gender": "性别 gender sex",
    "birth_date": "出生日期 生日 birthdate dateofbirth dob birthday",
    "birth_year": "出生年份 出生年 birthyear yearofbirth",
    "language": "语言 服务语言 语种 language lang",
    "since": "开户日期 开户日 建档日期 入行日期 成为客户日期 "
    "since customersince openingdate opendate",
    "segment": "客户等级 等级 客户层级 星级 segment tier valuesegment",
    "city_code": "城市区号 区号 citycode areacode",
    "relationship_manager": "客户经理 理财经理 relationshipmanager manager rm",
    "id_kind": "证件类型 证件种类 idkind idtype documenttype",
    "id_number": "证件号码 证件号 身份证 身份证号 身份证号码 idnumber idcard idno documentnumber",
    "address": "地址 通讯地址 联系地址 家庭住址 家庭地址 address homeaddress",
    "email": "电子邮箱 邮箱 电子邮件 email emailaddress mail",
}
_NUMBERS: Final[dict[str, str]] = {
    "primary: true": "手机 手机号 手机号码 移动电话 "
    "mobile mobilephone mobilenumber cell cellphone",
    "kind: home": "家庭电话 住宅电话 家庭固话 固定电话 homephone landline",
    "kind: work, relation: company": "单位电话 办公电话 公司电话 "
    "workphone officephone companyphone",
    "": "联系电话 电话 电话号码 备用电话 phone telephone phonenumber contactphone tel",
}
_CONSENTS: Final[dict[str, str]] = {
    "marketing": "营销同意 营销授权 营销许可 marketing marketingconsent optin",
    "recording": "录音同意 录音授权 recording recordingconsent",
    "analysis": "分析同意 分析授权 画像授权 数据分析授权 analysis analysisconsent profiling",
}
_HOLDINGS: Final = "持有产品 产品 产品代码 products holdings product"
_HEAD: Final = """\
# 客户数据导入的列对应关系，由 {name} 的表头猜测而来，请逐行核对。
# Which column is which fact; guessed from the header of {name}: check every line.
# 说明 / explained in: docs/customers-import.md
"""
_TAIL: Final = """
# 值的对应 / words of your own for a code:
#   kind: {{column: 类型, values: {{零售: person, 对公: company}}, default: person}}
#   birth_date: {{column: 生日, format: "%d.%m.%Y"}}
# 一列多个号码 / several numbers in a cell:  - {{column: 电话, separator: "/", invalid: skip}}
# 产品 / products:  - {{product: wealth, amount: 理财余额, matures: 到期日}}
#   {products}
"""


def mapping_template(name: str, source: Source, options: dict[str, str]) -> str:
    """Return the text of a mapping file for the source, ready to be loaded where it guessed."""
    left = {_plain(column): column for column in reversed(source.header) if column}
    lines = [_HEAD.format(name=name)]
    if options:
        lines.append("file:\n")
        lines += [f"  {key}: {_quoted(value)}\n" for key, value in options.items()]
        lines.append("\n")
    lines.append("columns:\n")
    for field, words in _FIELDS.items():
        found = _take(left, words)
        if field == "birth_year" and any("  birth_date:" in line for line in lines):
            continue
        if found:
            lines.append(f"  {field}: {_quoted(found[0])}\n")
        elif field in ("external_id", "name"):
            lines.append(f"  {field}: ???  # 必填 / must be given\n")
    numbers = [
        f"  - {{column: {_quoted(column)}{f', {more}' if more else ''}}}\n"
        for more, words in _NUMBERS.items()
        for column in _take(left, words)
    ]
    consents = [
        f"  - {{column: {_quoted(_take(left, words)[0])}, purpose: {purpose}}}\n"
        for purpose, words in _CONSENTS.items()
        if not set(words.split()).isdisjoint(left)
    ]
    holdings = [f"  - {{column: {_quoted(column)}}}\n" for column in _take(left, _HOLDINGS)]
    for title, part in (("numbers", numbers), ("consents", consents), ("holdings", holdings)):
        if part:
            lines += [f"\n{title}:\n", *part]
    if left:
        names = ", ".join(reversed([_quoted(column) for column in left.values()]))
        lines.append(f"\n# 未使用的列 / columns that are not used: {names}\n")
    lines.append(_TAIL.format(products=", ".join(PRODUCTS)))
    return "".join(lines)


def _plain(column: str) -> str:
    return re.sub(r"[\s_\-./()（）:：]+", "", column).casefold()


def _take(left: dict[str, str], words: str) -> list[str]:
    """Remove the columns that are called so, and return them."""
    return [left.pop(word) for word in words.split() if word in left]


def _quoted(word: str) -> str:
    """The word in YAML, on one line."""
    if re.fullmatch(r"[^\W\d][\w ]*\w|[^\W\d]", word):
        return word
    inner = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]", "?", word)
    escaped = inner.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
