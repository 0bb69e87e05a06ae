"""Sentences of `regift certificate`, in English and in Simplified Chinese; both have equal keys."""

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "no_official": "{account} is no official account: it needs no certificate, and none lets "
        "it sell",
        "no_sale": "{account} has made no first-level sale by {at}",
        "compliant": "{account} is compliant at {at}: {filing} holds {until} and covers "
        "every first-level sale since {since}",
        "uncovered": "{account} is not compliant at {at}: first-level sales since {since} that no "
        "certificate covers: {n}",
        "without": "{account} is not compliant at {at}: no certificate holds; first-level sales "
        "since none does: {n}",
        "idle": "{account} is compliant at {at}: no certificate holds, and no first-level sale was "
        "made since none does; the last one is of {last}",
        "history": "first-level sales that no certificate covered when they were made, and that "
        "stay so: {n}",
        "no_excuse": "no certificate excuses these, they stand whatever is filed: {counts}",
        "nothing_else": "no gift or sale beyond the first level is found of it; no certificate "
        "would excuse one",
        "registration": "a filing is a registration and no endorsement: it covers first-level "
        "sales only",
        "until": "until {end}",
        "always": "for good",
    },
    "zh": {
        "no_official": "{account} 不是公众号：无需合作证明，有证明也不得因此销售",
        "no_sale": "截至 {at}，{account} 没有一级销售",
        "compliant": "{account} 在 {at} 合规：{filing} {until}，覆盖自 {since} 起的每一笔一级销售",
        "uncovered": "{account} 在 {at} 不合规：自 {since} 起有 {n} 笔一级销售不在任何有效证明"
        "的范围内",
        "without": "{account} 在 {at} 不合规：没有有效的合作证明，此后仍有 {n} 笔一级销售",
        "idle": "{account} 在 {at} 合规：没有有效的合作证明，此后也没有一级销售；最后一笔在 {last}",
        "history": "{n} 笔一级销售维持原状：成交时没有证明覆盖",
        "no_excuse": "以下行为任何证明都不能免除，无论备案如何均成立：{counts}",
        "nothing_else": "未发现其超出一级的赠送或销售；即使有，任何证明也不能免除",
        "registration": "备案只是登记，不是背书：只覆盖一级销售",
        "until": "有效至 {end}",
        "always": "长期有效",
    },
}


def say(lang: str, key: str, **values: object) -> str:
    """One sentence.

    >>> say("zh", "no_sale", account="brand", at="2026-01-01")
    '截至 2026-01-01，brand 没有一级销售'
    """
    return TEXTS[lang][key].format(**values)
