"""fan_out: far more receivers within a window than the account ever had.

    x > a  @9h  --.
    x > b 11h     |  12 different receivers within `window` of the first: C = 12
    ...           |
    x > l 20h   --'  30 days before: 1.2 a day: far above

fan_in mirrored: a root is a record that goes out of x, C the number of different receivers in
[root, root + window], both ends inclusive; history, comparison and parameters are those of fan_in,
with the receivers of each bucket.

One finding an account, currency and episode: x is the `payer`, then the receivers in the order of
their first records; records are each receiver's first within the window of the root with the most
receivers. `amount` is null; `detail` says `counterparties`, `history` (buckets) and `mean`
(receivers a bucket, rounded down to 4 places; null without history). Definition D-8.

Cost: linear in the records. Source: Altman et al., AMLworld (NeurIPS 2023), fan-out.
"""

from regift.graph.snapshot import Snapshot
from regift.queries.fans import Params, Side, find_fans
from regift.queries.findings import Findings
from regift.queries.typology import Typology

SIDE = Side(name="fan_out", prefix="fo", incoming=False, hub="payer", other="receiver")


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes of many receivers; see the head of this file."""
    return find_fans(graph, params, SIDE)


TYPOLOGY = Typology(
    name="fan_out",
    prefix="fo",
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
        "en": "One account paid many within a short time, far more than ever before",
        "zh": "短时间内同一账号向大量账号付款，远超其历史水平",
    },
)
