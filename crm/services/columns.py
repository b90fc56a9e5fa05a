"""What the columns of a file of customers are called, and how a row of it is read."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ccenter.calls.numbers import normalise
from crm.models import Customer, CustomField
from crm.services.customers import CONSENT, MOST_PHONES, say_consent
from crm.services.fields import values_of
from crm.tables import text_of

# Target -> headings it is known by, in Chinese first. Own fields are known by their names and codes.
HEADINGS: dict[str, tuple[str, ...]] = {
    "number": ("会员号", "客户编号", "member number", "number"),
    "name": ("姓名", "客户姓名", "客户名称", "名称", "name"),
    "title": ("称谓", "性别", "title"),
    "level": ("等级", "级别", "会员等级", "level"),
    "language": ("语言", "language"),
    "email": ("邮箱", "电子邮箱", "电子邮件", "email", "e-mail"),
    "consent": ("同意呼叫", "同意被呼叫", "agrees to be called", "consent"),
    "consent_at": ("同意时间", "consent since"),
    "consent_how": ("同意方式", "how consent was given"),
    "phones": ("电话", "手机", "手机号", "电话号码", "联系电话", "phone", "phones", "mobile", "telephone"),
    "province": ("省", "省份", "province"),
    "city": ("市", "城市", "city"),
    "district": ("区", "区县", "district"),
    "street": ("地址", "详细地址", "街道", "address", "street"),
    "postcode": ("邮编", "邮政编码", "postcode"),
    "tags": ("标签", "tags"),
    "points": ("积分", "points"),
}
TITLES = {
    "": "",
    "先生": "mr",
    "男": "mr",
    "mr": "mr",
    "mr.": "mr",
    "女士": "ms",
    "小姐": "ms",
    "女": "ms",
    "ms": "ms",
    "ms.": "ms",
    "mrs": "ms",
}
LEVELS = {
    "": "ordinary",
    "普通": "ordinary",
    "普通客户": "ordinary",
    "ordinary": "ordinary",
    "会员": "member",
    "member": "member",
    "贵宾": "vip",
    "vip": "vip",
}
LANGUAGES = {
    "": "",
    "中文": "zh",
    "普通话": "zh",
    "汉语": "zh",
    "zh": "zh",
    "chinese": "zh",
    "英语": "en",
    "英文": "en",
    "en": "en",
    "english": "en",
}
CONSENTS = {
    "": "",
    "未知": "",
    "notknown": "",
    "是": "yes",
    "同意": "yes",
    "yes": "yes",
    "true": "yes",
    "否": "no",
    "不同意": "no",
    "no": "no",
    "false": "no",
}
CONSENT_HOWS = {
    "": "",
    "通话中": "call",
    "电话": "call",
    "call": "call",
    "inacall": "call",
    "书面": "writing",
    "writing": "writing",
    "inwriting": "writing",
    "在线": "online",
    "网上": "online",
    "online": "online",
    "其他方式": "other",
    "其他": "other",
    "other": "other",
    "inanotherway": "other",
}
LONGEST = {"name": 100, "email": 200, "province": 40, "city": 40, "district": 40, "street": 200, "postcode": 10}
WORDS = {"title": TITLES, "level": LEVELS, "language": LANGUAGES, "consent": CONSENTS, "consent_how": CONSENT_HOWS}
_MANY = re.compile(r"[,，;；、/|\n]+")


class Row(NamedTuple):
    """A row as it was read: `columns` of the customer, `number` "" when it has none, `points` None when not told."""

    columns: dict[str, Any]
    number: str
    phones: list[str]
    address: dict[str, str]
    tags: list[str]
    own: dict[str, Any]
    points: int | None


def heading_of(target: str) -> str:
    """What a column is called in the reader's language; it is known by that again when the file comes back."""
    names = HEADINGS[target]
    chinese = (get_language() or "zh").startswith("zh")
    return names[0] if chinese else next(name for name in names if name.isascii())


def targets(fields: Iterable[CustomField]) -> dict[str, str]:
    """All a column can be: {target: what it is called here}."""
    named = {target: heading_of(target) for target in HEADINGS}
    return {**named, **{f"fields.{field.code}": field.name for field in fields}}


def mapping(
    heading: Sequence[Any], fields: Iterable[CustomField], said: Mapping[str, str] | None = None, *, strict: bool = True
) -> dict[int, str]:
    """Which column is what: {place: target}. `said`: {heading: target}, "" for one to leave out; the others by their names.

    Raises ValidationError. Without `strict`, for whoever still has to say: the second of two for the same is left out.
    """
    known = {_plain(name): target for target, names in HEADINGS.items() for name in names}
    own = {f"fields.{field.code}": field for field in fields}
    for target, field in own.items():
        known |= {_plain(name): target for name in (field.code, field.name_zh, field.name_en) if name}
    said = dict(said or {})
    found: dict[int, str] = {}
    for place, cell in enumerate(heading):
        name = text_of(cell)
        target = said.pop(name) if name in said else known.get(_plain(name), "")
        if target and target not in HEADINGS and target not in own:
            raise ValidationError({"mapping": _("There is no such field: %(name)s") % {"name": target}})
        if target and target != "phones" and target in found.values():
            if not strict:
                continue
            raise ValidationError({"mapping": _("Two columns for the same field: %(name)s") % {"name": target}})
        if target:
            found[place] = target
    if said:
        raise ValidationError({"mapping": _("There is no such column: %(name)s") % {"name": min(said)}})
    if strict and "name" not in found.values():
        raise ValidationError({"mapping": _("No column is the name.")})
    return found


def read(cells: Sequence[Any], places: Mapping[int, str], fields: Sequence[CustomField], *, new: bool = True) -> Row:
    """One row. `new`: own fields get defaults, and what is required must be there. Raises ValidationError by field."""
    given = {target: text_of(cells[place]) for place, target in places.items() if target != "phones" and place < len(cells)}
    errors: dict[str, Any] = {}
    columns: dict[str, Any] = {name: given[name] for name in ("name", "email") if name in given}
    for name, words in WORDS.items():
        if name in given:
            if not given[name] and not new:
                continue
            columns[name] = words.get(_plain(given[name]), "?")
            if columns[name] == "?":
                errors[name] = _("Not known: %(text)s") % {"text": given[name][:20]}
    if not given.get("name"):
        errors["name"] = _("This field is required.")
    for name, most in LONGEST.items():
        if len(given.get(name, "")) > most:
            errors[name] = _("Too long.")
    if given.get("email") and "email" not in errors:
        try:
            validate_email(given["email"])
        except ValidationError:
            errors["email"] = _("Not an email address.")
    if given.get("consent_at"):
        columns["consent_at"] = _moment(given["consent_at"], errors)
    if new and columns.get("consent") in ("yes", "no"):
        said = {name: value for name, value in columns.items() if name in CONSENT}
        try:
            say_consent(Customer(**said), {}, said.keys(), None)
        except ValidationError as error:
            errors |= error.message_dict
    number = given.get("number", "")
    if number and not re.fullmatch(r"[0-9]{4,12}", number):
        errors["number"] = _("A member number has 4 to 12 digits.")
    points = given.get("points", "")
    if points and not re.fullmatch(r"[0-9]{1,9}", points):
        errors["points"] = _("Not a number.")
    phones = _phones(cells, places, errors)
    own: dict[str, Any] = {}
    try:
        texts = {target.removeprefix("fields."): text for target, text in given.items() if target.startswith("fields.")}
        wanted = {code: text for code, text in texts.items() if new or text}
        own = values_of(wanted, fields, None if new else {}, written=True)
    except ValidationError as error:
        errors |= {name: " ".join(messages) for name, messages in error.message_dict.items()}
    if errors:
        raise ValidationError(errors)
    address = {part: given[part] for part in ("province", "city", "district", "street", "postcode") if given.get(part)}
    if set(address) == {"postcode"}:
        address = {}
    tags = [tag.strip() for tag in _MANY.split(given.get("tags", "")) if tag.strip()]
    return Row(columns, number, phones, address, tags, own, int(points) if points else None)


def _moment(text: str, errors: dict[str, Any]) -> datetime | None:
    """A time of the centre, or the beginning of a day."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        errors["consent_at"] = _("Not a day like 2026-01-31, or a time like 2026-01-31 10:30.")
        return None
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def numbers_of(text: str) -> list[str]:
    """The E.164 numbers in a cell; what is none is left out."""
    return [number.number for written in _MANY.split(text) if (number := normalise(written)).is_e164]


def _phones(cells: Sequence[Any], places: Mapping[int, str], errors: dict[str, Any]) -> list[str]:
    found: dict[str, None] = {}
    for place, target in places.items():
        if target != "phones" or place >= len(cells):
            continue
        for written in _MANY.split(text_of(cells[place])):
            if not written.strip():
                continue
            number = normalise(written)
            if number.is_e164:
                found[number.number] = None
            else:
                errors["phones"] = _("Not a telephone number: %(text)s") % {"text": written.strip()[:20]}
    if len(found) > MOST_PHONES:
        errors["phones"] = _("A customer has at most ten numbers.")
    return list(found)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
