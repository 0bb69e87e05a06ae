"""Both languages say the same: keys, placeholders, and no English word left in Chinese."""

import re
from typing import Any

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from ledger import Ledger, ranked
from ledgers import ledgers

from regift.queries import ALL
from regift.ranking.cases import short_ids
from regift.ranking.explain import Asked, explain_unit
from regift.ranking.explain_finding import explain
from regift.ranking.rank import rank
from regift.ranking.texts import INSIDE, LANGUAGES, STORED, TEXTS, WORDS, say, translated

FEW = settings(max_examples=examples(4), deadline=None, suppress_health_check=list(HealthCheck))
CODES = re.compile(r"`[^`]*`|--json|\b(instances|counting)\b")
"""What is the same in every language: commands, options, causes of a cut."""
NAMES = re.compile(
    r"\b(gifts|transfers|label|finding|identifiers|judgements):\S+|\b\w\w-[0-9a-f]{16}|C-[0-9a-f]+"
    r"|\b(a\d|[txyz]\d?)\b|\b[a-z]+(_[a-z]+)+\b|\b(relay|dispersion|identity|circulation|gap"
    r"|external)\b|\bCNY\b"
)
"""Ids of records, findings and accounts; names of typologies and families."""
ENGLISH = re.compile(r"[A-Za-z]{2,}")


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_keys_and_placeholders_are_the_same() -> None:
    assert set(TEXTS) == set(LANGUAGES)
    for lang in LANGUAGES:
        assert list(TEXTS[lang]) == list(TEXTS["en"])
        for key, text in TEXTS[lang].items():
            assert placeholders(text) == placeholders(TEXTS["en"][key]), (lang, key)


def test_no_english_in_the_chinese_table() -> None:
    for key, text in TEXTS["zh"].items():
        plain = CODES.sub("", re.sub(r"\{\w+\}", "", text))
        assert not ENGLISH.search(plain), key
    assert not [text for text in WORDS.values() if ENGLISH.search(text)]


def test_every_typology_is_told_in_both() -> None:
    for name, typology in ALL.items():
        told = {lang: typology.texts[lang] for lang in LANGUAGES}
        for lang in LANGUAGES:
            assert placeholders(told[lang]) <= {"length", "instances"}, (name, lang)
        assert not ENGLISH.search(re.sub(r"\{\w+\}", "", told["zh"])), name


@pytest.mark.parametrize("key", sorted({*STORED, *(k for keys in INSIDE.values() for k in keys)}))
def test_what_is_stored_in_english_is_found_again(key: str) -> None:
    values = dict.fromkeys(placeholders(TEXTS["en"][key]), "7")
    sentence = say("en", key, **values)
    keys = (key,) if key not in STORED else STORED
    from regift.ranking import texts

    assert texts._matched("zh", sentence, keys) == say("zh", key, **values)
    assert translated("en", sentence) == sentence


def test_sentences_inside_of_sentences() -> None:
    degree = "degree 6 (example: notice from 1, rectify from 6)"
    parts = "2 for clause R4; 4 for facts that name the account: 3; 1 for money: 12.00 CNY"
    doubt = "doubtful ones lift to rectify at most (rule): a custody gap in the chain"
    assert translated("zh", f"evidence only: personal account; {degree}; {parts}; {doubt}") == (
        "仅作证据：个人账号；违规程度 6（示例：1 分起通知、6 分起限期整改）；条款 R4 计 2 分；"
        "涉及该账号的事实 3 项，计 4 分；金额 12.00 CNY，计 1 分；"
        "存疑者至多限期整改（规则）：持有链中有缺口"
    )
    cut = "time: 1 of 2 parts not searched: from 2026-01-05T00:00:00Z to 2026-02-05T00:00:00Z"
    assert translated("zh", cut) == (
        "time：2 个部分中有 1 个未搜索：2026-01-05T00:00:00Z 至 2026-02-05T00:00:00Z"
    )


SAID = ("text", "why")
"""Keys whose values are sentences."""


def sentences(value: Any) -> list[str]:
    """Every sentence of an explanation."""
    if isinstance(value, list):
        return [each for part in value for each in sentences(part)]
    if not isinstance(value, dict):
        return []
    own = [value[key] for key in SAID if isinstance(value.get(key), str)]
    return own + [each for part in value.values() for each in sentences(part)]


def keys(value: Any) -> Any:
    """The same with every sentence left out."""
    if isinstance(value, list):
        return [keys(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {key: None if key in SAID else keys(part) for key, part in value.items()}


@FEW
@given(ledgers())
def test_explanations_differ_in_nothing_but_their_sentences(ledger: Ledger) -> None:
    with ranked(ledger) as con:
        known = [a for (a,) in con.sql("SELECT account FROM account_kinds ORDER BY 1").fetchall()]
        for name in [f.id for f in ledger.findings[:2]] + list(short_ids(con))[:2] + known[:3]:
            english, chinese = (explain(con, name, Asked(lang=lang)) for lang in LANGUAGES)
            assert keys(english) == keys(chinese)
            for text in sentences(chinese):
                assert not ENGLISH.search(NAMES.sub("", CODES.sub("", text))), text
        for unit in ("entity", "operator"):
            for row in rank(con, unit):
                for text in sentences(explain_unit(con, unit, row["id"], Asked(lang="zh"))):
                    assert not ENGLISH.search(NAMES.sub("", CODES.sub("", text))), text
                for reason in row["reasons"]:
                    text = NAMES.sub("", CODES.sub("", translated("zh", reason["text"])))
                    assert not ENGLISH.search(text), text
