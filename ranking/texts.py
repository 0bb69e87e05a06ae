"""Every sentence that `explain` and `rank` say, in English and in Simplified Chinese.

Both languages have the same keys and placeholders (a test holds this). Codes stay as they are in
every language: ids, names of typologies, families, tables, options and JSON keys.

Sentences that a generation stores (why a measure is or is not proposed, reasons, what is switched
off) are stored in English: `translated` finds the sentence here that they were made of, and says it
in the other language.
"""

import re
from functools import cache

LANGUAGES = ("en", "zh")

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        # explain: the heading
        "unit": "{unit} {id}: score {score}, place {rank}, {place} the line of {line}",
        "unlisted": "{unit} {id}: not listed, {place} the line of {line}",
        "finding": "finding {id}: score {score} alone, {place} the line of {line}",
        "proposed": "{measure}: {why}",
        "none_proposed": "no measure: {why}",
        "above": "above",
        "below": "below",
        # explain: terms
        "term": "{points} of {score} points: {findings} of {family} on {records}, the strongest "
        "{record} with {weight} (it counts beside others from {strong} on)",
        "term_labels": "{points} of {score} points: {findings} from other systems, {weight} each "
        "account",
        "finding_n": "{n} finding",
        "findings_n": "{n} findings",
        "record_n": "{n} record",
        "records_n": "{n} records",
        "label_n": "{n} label",
        "labels_n": "{n} labels",
        "alone": "{typology} on {n} rows of evidence, taken alone: {text}",
        # explain: the least that keeps it, what clears it, what is left without a thing
        "minimal": "{n} of {of} records are enough for {score}, the line is {line}: {records}",
        "minimal_none": "below the line of {line} with all of its records",
        "clears": "without {n} of {of} findings it has {score}, below the line of {line}; {exact}",
        "clears_exact": "no fewer would do",
        "clears_greedy": "fewer are not ruled out",
        "clears_thing": "without {thing} it has {score}, below the line of {line}",
        "without": "without {thing}: {score} (now {before}), {place} the line of {line}",
        "without_gone": "without {thing}: nothing of it is found (now {before})",
        "ask_without": "{thing} holds accounts of it together; what it would be without: {command}",
        "related": "they share {label} ({f}, {g}); one case would have more than {n} accounts",
        "shares": "they share {n} accounts, first {account}",
        # readings of the rule, and what mattered in a case
        "readings": "facts under the strict reading: {strict}, under the lenient one: {lenient}",
        "switch_first_level_gift": "{strict} facts under the strict reading, {lenient} under the "
        "lenient one",
        "switch_issuer_resale": "sales by the issuer of what had come back to it: {n}",
        "switch_returned_gift": "gifts that went back or were undone by it: {n}",
        "switch_holding_period": "gifts beyond the allowed level, however long they were held: {n}",
        "switch_holding_period_cures": "gifts beyond the allowed level, but held long enough: "
        "{n}",
        "switch_who_is_measured": "accounts that are evidence only: {n}",
        "switch_one_legal_subject": "official accounts and mini programs taken as one: {n}",
        "switch_one_legal_subject_separate": "pairs of one legal subject that are no entity: "
        "{n}",
        "switch_certificate_grace": "gaps without a certificate in which there were sales: {n}",
        "switch_degree": "accounts whose step follows from it: {n}",
        "switch_effective_dates": "accounts with conduct before its clause: {n}",
        "switch_off_platform_payment": "gifts for which no payment is seen, which proves nothing: "
        "{n}",
        "switch_giveaway": "items handed out without a price, at level 0: {n}",
        "switch_red_packets": "red packets in the evidence: {n}",
        # explain: what was not checked
        "cut": "{typology} was cut short: {line}",
        "cut_here": "{typology} was cut short at this very account: {cause}",
        "not_searched": "{typology} was not searched in this generation",
        "absent_gifts": "no gifts: nothing is known of items",
        "absent_transfers": "no transfers: payments for gifts and flows of money are not seen",
        "absent_identifiers": "no identifiers: accounts of one hand are not known as one",
        "absent_accounts": "no accounts: who is personal, official or merchant is not known",
        "absent_items": "no items: issuers and reference prices are not known",
        "absent_certificates": "no certificates: every first-level sale is without one",
        "absent_labels": "no labels: signals of other systems are not seen",
        "uncalibrated": "no calibration: half of what a statistical typology finds is taken for "
        "chance (`regift calibrate`)",
        # explain: why an account is not above the line
        "why_listed": "place {rank} of {of} with {score}: {distance} points are missing to {line}",
        "why_unlisted": "no finding that counts names it on a record",
        "why_records": "looked at: {gifts} gifts and {transfers} transfers that name it, with "
        "{others} other accounts",
        "why_no_records": "looked at: no gift and no transfer names it",
        "why_level": "its deepest gift given has level {level}; found from level {least} on",
        "why_no_level": "it gave no item on; a gift is found from level {least} on",
        "why_sales": "it sold {n} items of other issuers",
        "why_weight": "its strongest record has {weight}, counts beside others from {strong} on",
        "why_role": "{finding} ({typology}) names it as {role}",
        "why_no_case": "{finding} ({typology}) names it as {role}, and opens no case: {why}",
        "why_rate": "the two pay each other anyway",
        "why_off": "the typology or its family is switched off",
        # explain: what people decided of a typology
        "decided_moved": "decided dossiers with {typology}: {confirmed} confirmed, {refuted} "
        "refuted; they move what chance makes of its stratum from {chance} to {now}",
        "decided_fact": "decided dossiers with {typology}: {confirmed} confirmed, {refuted} "
        "refuted; a fact keeps its weight",
        # explain: links to accounts against which a measure holds
        "tie_alone": "linked to {former} ({why}), measured since {since} by the clock of the "
        "decision: nothing of its own since, and the tie alone is no finding",
        "tie_there": "linked to {former} ({why}), measured since {since} by the clock of the "
        "decision: it was there before, so what it does counts by itself",
        "tie_found": "linked to {former} ({why}), measured since {since} by the clock of the "
        "decision: it is new and goes on, {finding}",
        # rank
        "rows": "{shown} of {total} {unit} rows, {above} of them above the line of {line}",
        "calibration_moved": "the calibration is another one than in generation {then}: {old}, now "
        "{new}",
        "no_calibration": "none",
        "not_calibrated": "no calibration: statistical findings count half, whatever chance makes "
        "of them (`regift calibrate`)",
        "part_of": "{name} ({shown} of {of})",
        "more": "{shown}, ... {n} in all (--json lists them)",
        # stored in a generation
        "reason": "{counts} on {n} record, strongest {record}",
        "reasons": "{counts} on {n} records, strongest {record}",
        "reason_label": "{n} label from other systems",
        "reason_labels": "{n} labels from other systems",
        "no_case": "evidence that opens no case",
        "affected": "possibly affected: only ever the source",
        "evidence_only": "evidence only: {kind} account",
        "degree": "degree {n} ({whose}: {examples})",
        "for_clause": "{points} for clause {clause}",
        "for_facts": "{points} for facts that name the account: {n}",
        "for_items": "{points} for items: {n}",
        "for_people": "{points} for other accounts on them: {n}",
        "for_money": "{points} for money: {amount}",
        "for_repetition": "{points} for earlier measures, done again after them: {n}",
        "for_confrontation": "{points} for confrontation: {n}",
        "doubtful": "doubtful ones lift to {measure} at most ({whose}): {doubt}",
        "ladder": "{measure} from {n}",
        "families_sure": "{n} families that chance does not explain: at most {measure} ({whose})",
        "families": "{n} families without a calibration: at most {measure} ({whose})",
        "no_act": "no fact, and no two families that show an act",
        "incomplete": "evidence is incomplete",
        "gap": "a custody gap in the chain",
        "one_link": "it rests on a link by one identifier",
        "not_in_force": "not in force",
        "no_clause": "no clause of the policy covers it",
        "refuted_lack": "refuted by a decision",
        "not_counted": "findings that do not count: {n}, {lack}",
        "allow_listed": "allow-listed until {until}: {reason}",
        "off": "{family} is switched off: it rests on {records} of {of} {tbl}, more than {percent} "
        "%, and so tells nobody apart; facts keep their weight",
        "demoted": "{typology} is demoted: chance makes {chance} where {findings} are found, more "
        "than half, so they have no weight and open no case",
        "demoted_decided": "{typology} is demoted: chance makes {chance} where {findings} are "
        "found and people refuted {refuted} of its dossiers: together more than half, so they have "
        "no weight and open no case",
        "demoted_kept": "{kept} in other strata keep theirs",
        "cut_spans": "{cause}: {cut} of {of} parts not searched: {spans}",
        "span": "from {since} to {until}",
        "span_until": "before {until}",
        "span_since": "from {since}",
        "cut_listed": "instances: {n} listed, {left} left out",
        "cut_counting": "counting: the instances of {n} rings are a lower bound",
        "cut_roots_to": "{cause}: {n} roots cut, complete to length {length}; at {accounts}",
        "cut_roots": "{cause}: {n} roots cut; at {accounts}",
    },
    "zh": {
        "unit": "{unit} {id}：得分 {score}，排名第 {rank}，{place}界线 {line}",
        "unlisted": "{unit} {id}：未列入名单，{place}界线 {line}",
        "finding": "发现 {id}：单独计 {score} 分，{place}界线 {line}",
        "proposed": "{measure}：{why}",
        "none_proposed": "不建议措施：{why}",
        "above": "达到",
        "below": "低于",
        "term": "总分 {score} 中占 {points} 分：{family} 类{findings}，依据{records}，"
        "最强一条为 {record}，权重 {weight}（达到 {strong} 方可与其他记录累加）",
        "term_labels": "总分 {score} 中占 {points} 分：其他系统的{findings}，每个账号权重 {weight}",
        "finding_n": " {n} 项发现",
        "findings_n": " {n} 项发现",
        "record_n": " {n} 条记录",
        "records_n": " {n} 条记录",
        "label_n": " {n} 个标签",
        "labels_n": " {n} 个标签",
        "alone": "{typology}，依据 {n} 条证据，单独计算：{text}",
        "minimal": "{of} 条记录中有 {n} 条即可得 {score} 分，界线为 {line}：{records}",
        "minimal_none": "计入全部记录仍低于界线 {line}",
        "clears": "若 {of} 项发现中有 {n} 项不成立，得分为 {score}，低于界线 {line}；{exact}",
        "clears_exact": "更少则不足",
        "clears_greedy": "不排除更少即可",
        "clears_thing": "若没有 {thing}，得分为 {score}，低于界线 {line}",
        "without": "若没有 {thing}：{score}（现为 {before}），{place}界线 {line}",
        "without_gone": "若没有 {thing}：不再有任何发现（现为 {before}）",
        "ask_without": "{thing} 把其中的账号连在一起；若没有它会怎样：{command}",
        "related": "二者共有 {label}（{f}、{g}）；合并后的案件将超过 {n} 个账号",
        "shares": "二者共有 {n} 个账号，首个为 {account}",
        "readings": "严格解读下的事实：{strict} 项，宽松解读下：{lenient} 项",
        "switch_first_level_gift": "严格解读下 {strict} 项事实，宽松解读下 {lenient} 项",
        "switch_issuer_resale": "发行方再次出售回流的藏品：{n} 笔",
        "switch_returned_gift": "退回或因退回而撤销的赠送：{n} 笔",
        "switch_holding_period": "超过允许层级的赠送，无论持有多久：{n} 笔",
        "switch_holding_period_cures": "超过允许层级但持有时间足够的赠送：{n} 笔",
        "switch_who_is_measured": "仅作证据的账号：{n} 个",
        "switch_one_legal_subject": "视为同一实体的公众号与小程序：{n} 组",
        "switch_one_legal_subject_separate": "同一主体但视为两个账号：{n} 对",
        "switch_certificate_grace": "无有效证明期间有销售：{n} 段",
        "switch_degree": "措施级别由此得出的账号：{n} 个",
        "switch_effective_dates": "行为早于条款生效的账号：{n} 个",
        "switch_off_platform_payment": "未见付款的赠送，这不证明其无偿：{n} 笔",
        "switch_giveaway": "无价发放、层级为零的藏品：{n} 件",
        "switch_red_packets": "证据中的红包：{n} 个",
        "cut": "{typology} 的搜索被截断：{line}",
        "cut_here": "{typology} 的搜索恰在该账号处被截断：{cause}",
        "not_searched": "本代数据未搜索 {typology}",
        "absent_gifts": "没有赠送记录：对藏品一无所知",
        "absent_transfers": "没有转账记录：看不到为赠送支付的款项，也看不到资金流动",
        "absent_identifiers": "没有标识信息：无法识别同一控制人的多个账号",
        "absent_accounts": "没有账号资料：不知哪些是个人、公众号或商户",
        "absent_items": "没有藏品资料：不知发行方与参考价格",
        "absent_certificates": "没有合作证明：所有一级销售均视为无证明",
        "absent_labels": "没有标签：看不到其他系统的信号",
        "uncalibrated": "尚未校准：统计类型的发现一半按偶然计（`regift calibrate`）",
        "why_listed": "在 {of} 个中排名第 {rank}，得分 {score}：距界线 {line} 还差 {distance} 分",
        "why_unlisted": "没有任何计分的发现在记录上涉及它",
        "why_records": "已查看：涉及它的 {gifts} 条赠送和 {transfers} 条转账，对方账号 {others} 个",
        "why_no_records": "已查看：没有任何赠送或转账涉及它",
        "why_level": "它转出的最深一次赠送为第 {level} 级；从第 {least} 级起才算发现",
        "why_no_level": "它没有转赠过藏品；从第 {least} 级起才算发现",
        "why_sales": "它出售过 {n} 件他人发行的藏品",
        "why_weight": "其最强记录权重为 {weight}，达到 {strong} 方可与其他记录累加",
        "why_role": "{finding}（{typology}）以“{role}”身份涉及它",
        "why_no_case": "{finding}（{typology}）以“{role}”身份涉及它，但不立案：{why}",
        "why_rate": "双方平时就互相付款",
        "why_off": "该类型或其所属类别已停用",
        "decided_moved": "含 {typology} 的已决卷宗：确认 {confirmed} 份，否定 {refuted} 份；"
        "其分层的偶然比例由 {chance} 变为 {now}",
        "decided_fact": "含 {typology} 的已决卷宗：确认 {confirmed} 份，否定 {refuted} 份；"
        "事实保留其权重",
        "tie_alone": "与 {former} 有关联（{why}），后者自 {since}（以决定时间计）起被采取措施："
        "此后该账号自身没有违规行为，仅凭关联不构成发现",
        "tie_there": "与 {former} 有关联（{why}），后者自 {since}（以决定时间计）起被采取措施："
        "该账号此前已有活动，其行为单独计算",
        "tie_found": "与 {former} 有关联（{why}），后者自 {since}（以决定时间计）起被采取措施："
        "该账号为新账号并继续违规，见 {finding}",
        "rows": "共 {total} 行（{unit}），显示 {shown} 行，其中 {above} 行达到界线 {line}",
        "calibration_moved": "校准与第 {then} 代不同：原为 {old}，现为 {new}",
        "no_calibration": "无",
        "not_calibrated": "未校准：统计类发现一律按一半计，未扣除偶然因素（`regift calibrate`）",
        "part_of": "{name}（{of} 行中的 {shown} 行）",
        "more": "{shown}，……共 {n} 个（--json 列出全部）",
        "reason": "{counts}，依据 {n} 条记录，最强一条为 {record}",
        "reasons": "{counts}，依据 {n} 条记录，最强一条为 {record}",
        "reason_label": "其他系统的 {n} 个标签",
        "reason_labels": "其他系统的 {n} 个标签",
        "no_case": "不足以立案的证据",
        "affected": "可能是受影响方：始终只是来源",
        "evidence_only": "仅作证据：{kind}账号",
        "degree": "违规程度 {n}（{whose}：{examples}）",
        "for_clause": "条款 {clause} 计 {points} 分",
        "for_facts": "涉及该账号的事实 {n} 项，计 {points} 分",
        "for_items": "藏品 {n} 件，计 {points} 分",
        "for_people": "涉及其他账号 {n} 个，计 {points} 分",
        "for_money": "金额 {amount}，计 {points} 分",
        "for_repetition": "措施 {n} 项之后再犯，计 {points} 分",
        "for_confrontation": "对抗行为 {n} 项，计 {points} 分",
        "doubtful": "存疑者至多{measure}（{whose}）：{doubt}",
        "ladder": "{n} 分起{measure}",
        "families_sure": "{n} 个类别的发现无法以偶然解释：至多{measure}（{whose}）",
        "families": "{n} 个类别，尚未校准：至多{measure}（{whose}）",
        "no_act": "没有事实，也没有两个类别表明其行为",
        "incomplete": "证据不完整",
        "gap": "持有链中有缺口",
        "one_link": "仅凭一个标识关联",
        "not_in_force": "条款当时尚未生效",
        "no_clause": "政策中没有条款涵盖该行为",
        "refuted_lack": "已被人工决定否定",
        "not_counted": "不计入的发现：{n} 项，{lack}",
        "allow_listed": "在豁免名单上，至 {until}：{reason}",
        "off": "{family} 类已停用：涉及 {of} 条 {tbl} 中的 {records} 条，超过 {percent}%，无从区分",
        "demoted": "{typology} 已降级：发现 {findings} 项，偶然即可产生 {chance} 项，超过一半，"
        "不计权重也不立案",
        "demoted_decided": "{typology} 已降级：发现 {findings} 项，偶然即可产生 {chance} 项，"
        "另有 {refuted} 份卷宗被人工否定，合计超过一半，不计权重也不立案",
        "demoted_kept": "其他分层的 {kept} 项保留权重",
        "cut_spans": "{cause}：{of} 个部分中有 {cut} 个未搜索：{spans}",
        "span": "{since} 至 {until}",
        "span_until": "{until} 之前",
        "span_since": "{since} 起",
        "cut_listed": "instances：列出 {n} 个，省略 {left} 个",
        "cut_counting": "counting：{n} 个环的实例数只是下限",
        "cut_roots_to": "{cause}：{n} 个起点被截断，长度 {length} 以内完整；位于 {accounts}",
        "cut_roots": "{cause}：{n} 个起点被截断；位于 {accounts}",
    },
}  # fmt: skip

STORED = (
    "reason", "reasons", "reason_label", "reason_labels", "no_case", "affected", "evidence_only",
    "degree", "for_clause", "for_facts", "for_items", "for_people", "for_money", "for_repetition",
    "for_confrontation", "doubtful", "families_sure", "families", "no_act", "incomplete", "gap",
    "one_link", "not_in_force", "no_clause", "refuted_lack", "not_counted", "allow_listed",
    "off", "demoted", "demoted_decided", "demoted_kept", "cut_spans", "cut_listed",
    "cut_counting", "cut_roots_to", "cut_roots", "related",
)  # fmt: skip
"""Keys of sentences that a generation keeps in English."""

NUMBER = r"[\d,]+"
NUMBERS = (
    "n", "points", "of", "records", "percent", "findings", "kept", "refuted", "cut", "left",
    "length",
)  # fmt: skip
"""Placeholders of stored sentences that hold a whole number."""

INSIDE = {
    "examples": ("ladder",),
    "doubt": ("incomplete", "gap", "one_link"),
    "lack": ("not_in_force", "no_clause", "refuted_lack"),
    "spans": ("span", "span_until", "span_since"),
}
"""Placeholders whose content is itself made of sentences or words, with the keys of these."""

WORDS: dict[str, str] = {
    "switches": "政策开关",
    # units, roles, measures, kinds of account
    "case": "案件", "account": "账号", "entity": "实体", "operator": "运营方",
    "organiser": "组织者", "broker": "中间人", "relay": "中转", "sink": "汇集", "source": "来源",
    "receiver": "接收方", "giver": "赠送方", "payer": "付款方", "payee": "收款方",
    "router": "代付方", "seller": "出售方", "buyer": "购买方", "holder": "持有方",
    "issuer": "发行方", "member": "成员", "target": "对象",
    "notice": "通知", "rectify": "限期整改", "restrict": "限制功能", "take_down": "下架",
    "ban": "封禁", "personal": "个人", "official_account": "公众号", "mini_program": "小程序",
    "merchant": "商户", "platform": "平台", "unknown": "类型不明",
    # whose numbers
    "example": "示例", "rule": "规则",
    # spans of time
    "all": "全部",
    # headings of tables and columns
    "accounts": "账号", "findings": "发现", "evidence": "证据", "score without": "去除后得分",
    "case score without": "去除后案件得分",
    "related": "相关案件", "decided": "人工决定", "not checked": "未核查",
    "linked to measured accounts": "与被采取措施账号的关联", "why not": "未达界线的原因",
    "what would clear it": "何种情况可排除", "least evidence": "最少证据",
    "counterfactuals": "反事实", "covers": "覆盖的环", "records": "记录", "item": "藏品",
    "rank": "排名",
    "id": "编号",
    "score": "得分", "measure": "措施", "degree": "程度", "clause": "条款",
    "terms": "得分构成", "role": "角色",
    "finding": "发现", "typology": "类型", "complete": "完整", "table": "表", "record": "记录",
    "why": "原因", "lineage": "沿革", "was": "原得分", "same": "未变", "grew": "扩大",
    "shrank": "缩小", "split": "拆分", "merged": "合并", "gone": "消失", "new": "新增",
    "moved by calibration": "因校准变动", "yes": "是", "no": "否",
}  # fmt: skip
"""Single words that tables and sentences show, in Chinese; in English they are themselves."""


def say(lang: str, key: str, **values: object) -> str:
    """One sentence.

    >>> say("zh", "without", thing="d-91", score=41, before=94, place=say("zh", "below"), line=60)
    '若没有 d-91：41（现为 94），低于界线 60'
    """
    return TEXTS[lang][key].format(**values)


def word(lang: str, text: str) -> str:
    """One word of `WORDS`; what is none of them stays as it is.

    >>> word("zh", "relay"), word("en", "relay"), word("zh", "money_cycle")
    ('中转', 'relay', 'money_cycle')
    """
    return text if lang == "en" else WORDS.get(text, text)


def translated(lang: str, sentence: str) -> str:
    """A stored sentence in the language; its parts are divided by semicolons.

    >>> translated("zh", "evidence only: personal account; no fact, and no two families that show "
    ...            "an act")
    '仅作证据：个人账号；没有事实，也没有两个类别表明其行为'
    """
    if lang == "en":
        return sentence
    whole = _matched(lang, sentence)
    if whole is not None:
        return whole
    return "；".join(_matched(lang, part) or word(lang, part) for part in sentence.split("; "))


@cache
def _pattern(key: str) -> re.Pattern[str]:
    """What the English sentence may have become."""
    parts = re.split(r"\{(\w+)\}", TEXTS["en"][key])
    sought = [
        f"(?P<{part}>{NUMBER if part in NUMBERS else '.+?'})" if place % 2 else re.escape(part)
        for place, part in enumerate(parts)
    ]
    return re.compile("".join(sought))


def _matched(lang: str, sentence: str, keys: tuple[str, ...] = STORED) -> str | None:
    for key in keys:
        found = _pattern(key).fullmatch(sentence)
        if found:
            values = {name: _inner(lang, name, text) for name, text in found.groupdict().items()}
            return say(lang, key, **values)
    return None


def _inner(lang: str, name: str, text: str) -> str:
    """What stands in a placeholder: a list of sentences, a word, or a name that stays."""
    if name == "label":
        kind, space, id = text.partition(" ")
        return f"{word(lang, kind)}{space}{id}"
    if name in INSIDE:
        parts = text.split(", ")
        return "、".join(_matched(lang, part, INSIDE[name]) or word(lang, part) for part in parts)
    return word(lang, text) if name in ("kind", "measure", "whose") else text
