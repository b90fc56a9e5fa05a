"""Telephone numbers: whatever the network sends becomes one form, and the place it belongs to.

On each call's path: nothing here does I/O, and what was read once is remembered.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from django.conf import settings
from phonenumbers import PhoneNumberFormat, PhoneNumberType

LONGEST = 40
_SEPARATORS = re.compile(r"[\s\-./()（）]+")
_WITHHELD = frozenset({"", "anonymous", "unknown", "unavailable", "restricted", "private", "withheld", "asserted", "p"})
_TYPES = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed",
    PhoneNumberType.TOLL_FREE: "service",
    PhoneNumberType.SHARED_COST: "service",
    PhoneNumberType.PREMIUM_RATE: "service",
    PhoneNumberType.UAN: "service",
    PhoneNumberType.VOIP: "fixed",
}
# What geocoder says begins with the province, spelt without 省 for some autonomous regions.
_PROVINCE = re.compile(
    r"^(北京市|上海市|天津市|重庆市|(?:内蒙古|西藏)(?:自治区)?|广西(?:壮族自治区)?|宁夏(?:回族自治区)?|新疆(?:维吾尔自治区)?|[^省]{2,3}省)(.*)$"
)


class Normalised(NamedTuple):
    """A number as it is kept and compared.

    `number`: E.164 ("+8613800138000") where it could be read, else the characters that can stand in a number, at most 40,
    "" when withheld or nothing is left. `kind`: mobile, fixed, service (400, 800 ...), short (110, 95588, a seat's number),
    withheld (nobody to call back), other (digits nobody can be called on).
    """

    number: str
    kind: str

    @property
    def province(self) -> str:
        """In Chinese, "" when unknown; of a number abroad the country."""
        return _place(self.number, "zh")[0] if self.is_e164 else ""

    @property
    def city(self) -> str:
        return _place(self.number, "zh")[1] if self.is_e164 else ""

    @property
    def is_e164(self) -> bool:
        return self.number.startswith("+") and self.number[1:].isdecimal()


@lru_cache(maxsize=65536)
def normalise(raw: str, region: str = "") -> Normalised:
    """Never raises, whatever `raw` holds. `region`: where a number without a country code is, default PHONE_REGION."""
    region = region or settings.PHONE_REGION
    text = _SEPARATORS.sub("", str(raw)[: 4 * LONGEST]).strip("\"'<>;:,").lower()
    text = text.removeprefix("sip:").removeprefix("tel:").split("@")[0]
    if text in _WITHHELD:
        return Normalised("", "withheld")
    dialled = re.sub(r"[^0-9+*#]", "", text.translate(_FULL_WIDTH))[:LONGEST]
    if not any(c.isdecimal() for c in dialled):
        return Normalised("", "withheld")
    if len(dialled) != len(text) or not re.fullmatch(r"\+?[0-9]+", dialled):
        return Normalised(dialled, "other")  # letters, quotes, two pluses: keep what can be shown
    parsed = _parse(dialled, region)
    kind = PhoneNumberType.UNKNOWN if parsed is None else phonenumbers.number_type(parsed)
    if parsed is None or kind == PhoneNumberType.UNKNOWN:  # no valid number
        return Normalised(dialled, "short" if len(dialled) <= 6 and dialled.isdecimal() else "other")
    return Normalised(phonenumbers.format_number(parsed, PhoneNumberFormat.E164), _TYPES.get(kind, "other"))


@lru_cache(maxsize=65536)
def spelt(number: str) -> str:
    """An E.164 number as one writes and dials it here: "13800138000", "057188880000", abroad with +; others as they are."""
    if not number.startswith("+"):
        return number
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    if parsed.country_code != phonenumbers.country_code_for_region(settings.PHONE_REGION):
        return number
    return "".join(c for c in phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL) if c.isdecimal())


def whole(dialled: str) -> str:
    """A number somebody dialled, in E.164 if it is a telephone in some network; seats', service and other numbers as they are."""
    read = normalise(dialled)
    return read.number if read.is_e164 and read.kind in ("mobile", "fixed") else dialled


def place(number: str, language: str = "zh") -> str:
    """Where an E.164 number belongs, for people: "浙江省杭州市", "Hangzhou, Zhejiang", "美国"; "" when unknown."""
    province, city = _place(number, "en" if language.startswith("en") else "zh")
    if province == city:
        return city
    return ", ".join(p for p in (city, province) if p) if language.startswith("en") else province + city


@lru_cache(maxsize=65536)
def _place(e164: str, language: str) -> tuple[str, str]:
    from phonenumbers import geocoder  # half a second: whoever routes calls must start without it

    parsed = _parse(e164, "ZZ")
    if parsed is None:
        return "", ""
    said = str(geocoder.description_for_number(parsed, language))
    if said == geocoder.country_name_for_number(parsed, language):
        # The country we are in says nothing about a caller.
        home = parsed.country_code == phonenumbers.country_code_for_region(settings.PHONE_REGION)
        return ("", "") if home else (said, "")
    if language == "en":
        city, _, province = said.rpartition(", ")
        return province, city or province
    if match := _PROVINCE.match(said):
        province, city = match.groups()
        return province, city or province
    return "", said


def _parse(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


_FULL_WIDTH = str.maketrans("０１２３４５６７８９＋", "0123456789+")
