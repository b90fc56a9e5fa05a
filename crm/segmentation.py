"""Chinese cut into words, for the search of the knowledge base.

An article is indexed under all words of the dictionary that its text holds, a question is cut the way that fits best: so a word
is found whichever way its neighbours make it read. Latin words and figures are kept as they are, in small letters.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

WORD = re.compile(r"\w+")
LONGEST = 60  # signs of a word
MOST = 30  # words of a question
# What nearly every question holds and no answer is known by.
_ZH = """的 了 吗 呢 吧 啊 呀 是 我 你 您 他 她 它 我们 你们 有 在 就 也 都 和 与 或 把 被 给 要 想 请 请问 可以 能 会 怎么 怎样
如何 怎么办 什么 哪 哪里 多少 为什么 这 那 这个 那个 一下 一个 没有 不 没 很 还 又 去 来 上 下 个"""
_EN = "a an the is are do does can i my your how what where why to of in on for and or it"
COMMON = frozenset(_ZH.split()) | frozenset(_EN.split())


@lru_cache(maxsize=1)
def _jieba() -> Any:
    import rjieba  # 0.1 s and a dictionary in memory, for processes that search

    return rjieba


def _clean(words: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for word in words:
        for part in WORD.findall(word):
            found.setdefault(part[:LONGEST])
    return list(found)


def plain(text: str) -> str:
    """Without differences of width and case."""
    return unicodedata.normalize("NFKC", text).casefold()


def words_in(text: str) -> list[str]:
    """Under which words a text is found, each once."""
    text = plain(text)
    return _clean((*_jieba().cut_for_search(text), *_jieba().cut_all(text)))


def words_of(question: str) -> list[str]:
    """The words a question is about; when all are common ones, those."""
    found = _clean(_jieba().cut_for_search(plain(question)))[:MOST]
    return [word for word in found if word not in COMMON] or found
