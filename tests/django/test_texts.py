"""Every text that people read is there in Chinese. After a change of texts (needs the package gettext):

manage.py makemessages -l zh_Hans --no-wrap --no-obsolete --add-location file -i .venv -i tests
(fill in what is new in ccenter/locale/zh_Hans/LC_MESSAGES/django.po)
manage.py compilemessages -l zh_Hans -i .venv
"""

import ast
import gc
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "ccenter" / "locale" / "zh_Hans" / "LC_MESSAGES"
CALLED = {"_", "gettext", "gettext_lazy", "gettext_noop"}


WITH_CONTEXT = {"pgettext", "pgettext_lazy"}


def marked(source: str) -> Iterator[str]:
    """As gettext knows them: what has a context stands behind it and a \\4."""
    gc.disable()  # what is collected in mid-parse may log a traceback, which parses too: CPython 3.11 cannot do that
    try:
        tree = ast.parse(source)
    finally:
        gc.enable()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLED and node.args:
            text = node.args[0]
            assert isinstance(text, ast.Constant), f"line {node.lineno}: a text that is put together cannot be translated"
            yield str(text.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WITH_CONTEXT:
            yield "\x04".join(str(ast.literal_eval(one)) for one in node.args[:2])


def sources() -> list[Path]:
    return [path for app in ("ccenter", "crm", "orders", "reports") for path in (ROOT / app).rglob("*.py")]


@pytest.fixture(scope="module")
def chinese() -> dict[str, str]:
    with (FOLDER / "django.mo").open("rb") as file:
        return dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]


def test_given_the_sources_when_searched_then_each_text_has_its_chinese(chinese: dict[str, str]) -> None:
    texts = {text for path in sources() for text in marked(path.read_text())}
    assert len(texts) > 200
    assert sorted(text for text in texts if not chinese.get(text)) == []


def test_given_texts_with_places_to_fill_then_the_chinese_has_the_same(chinese: dict[str, str]) -> None:
    places = re.compile(r"%(?:\(\w+\))?[sd]|{\w*}")
    for english, translated in chinese.items():
        if english:
            assert sorted(places.findall(english)) == sorted(places.findall(translated)), english


def test_given_the_table_of_texts_when_compiled_then_it_is_what_is_committed(chinese: dict[str, str]) -> None:
    lines = [line for line in (FOLDER / "django.po").read_text().splitlines() if not line.startswith("#")]
    written: dict[str, str] = {}
    key = context = ""
    for line in lines:
        word, _space, quoted = line.partition(" ")
        if word == "msgctxt":
            context = ast.literal_eval(quoted) + "\x04"
        elif word == "msgid":
            key, context = context + ast.literal_eval(quoted), ""
        elif word == "msgstr" and key:
            written[key] = ast.literal_eval(quoted)
    assert written == {english: translated for english, translated in chinese.items() if english}


def test_given_a_reader_of_chinese_when_a_refusal_is_shown_then_it_is_in_chinese() -> None:
    from ccenter.calls.reasons import text

    with translation.override("zh-hans"):
        assert text("target_busy") == "该同事正在通话。"
    with translation.override("en"):
        assert text("target_busy") == "The colleague is in a call."
