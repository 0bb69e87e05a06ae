"""fan_in: far more payers within a window than the account ever had.

    a > x  @9h  --.
    b > x 11h     |  12 different payers within `window` of the first: C = 12
    ...           |
    l > x 20h   --'  30 days before: 1.2 payers a day: far above

A root is a record that comes in to x; C is the number of different payers in [root, root + window],
both ends inclusive. It counts if C >= `min_accounts` and C lies at least `deviations` standard
deviations above the mean of the account's own history: its whole buckets of `window` before the
root's bucket, at most `history` back, none before the first record of x or, if that is known and
earlier, its opening. The variance is taken as at least the mean and at least 1. There must be
`min_history` buckets, unless `opened_at` is known: then none is needed. Only transfers of `kinds`
take part, in the history and for the first record too.

One finding an account, currency and episode: x is the `sink`, then its sources, the payers in the
order of their first records; records are each payer's first within the window of the root with the
most payers. `amount` is null; `detail` says `counterparties`, `history` (buckets) and `mean`
(payers a bucket, rounded down to 4 places; null without history). Definition D-8.

Cost: linear in the records. Source: Altman et al., AMLworld (NeurIPS 2023), fan-in. The floor of
the variance is that of a Poisson count: a quiet account has no deviation of its own.
"""

from regift.graph.snapshot import Snapshot
from regift.queries.fans import Params, Side, find_fans
from regift.queries.findings import Findings
from regift.queries.typology import Typology

SIDE = Side(name="fan_in", prefix="fi", incoming=True, hub="sink", other="source")


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes of many payers; see the head of this file."""
    return find_fans(graph, params, SIDE)


TYPOLOGY = Typology(
    name="fan_in",
    prefix="fi",
    layer="value",
    family="dispersion",
    kappa_percent=15,
    fact=False,
    clauses=("R5",),
    partition="account",
    anchor="account, currency, first record of the episode",
    params=Params,
    find=find,
    halo=lambda params: int(params.window_us + params.history_us),
    reads=("payments", "accounts"),
    nulls=("time",),
    texts={
        "en": "Many accounts paid one within a short time, far more than ever before",
        "zh": "短时间内大量账号向同一账号付款，远超其历史水平",
    },
)
