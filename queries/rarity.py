"""How much it says that a payment is of a rare kind: the rarer the kind, the more.

    share of all payments     2 % or less    5 %     10 % or more
    weight                    1              0.43    0              = ln(0.1 / share) / ln 5

What every tenth payment does is habit; what fewer than one in fifty do is worth a look. In between
the weight falls with the logarithm of the share. A kind that more than `common` of the payments
belong to (a twentieth) is not searched at all: `chance` tells that, with the counts.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal

from regift.queries.typology import Chance

EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN)
"""Decimal arithmetic that no setting of the process changes."""

COMMON = "0.05"
"""Share above which a kind of payment tells nobody apart; whole families have the same (D-12)."""


def is_common(named: int, payments: int, common_bp: int) -> bool:
    """Whether more than `common_bp` of all payments are of a kind.

    >>> is_common(5, 100, 500), is_common(6, 100, 500)
    (False, True)
    """
    return 10_000 * named > common_bp * payments


def weight_bp(named: int, payments: int) -> int:
    """The weight of a kind with `named` of `payments`, in basis points, rounded down.

    A kind that nothing was found of counts as one payment.

    >>> weight_bp(2, 100), weight_bp(5, 100), weight_bp(10, 100), weight_bp(0, 20)
    (10000, 4306, 0, 4306)
    """
    named = max(named, 1)
    if payments >= 50 * named:
        return 10_000
    if payments <= 10 * named:
        return 0
    share = EXACT.divide(Decimal(payments), Decimal(10 * named))
    return int(EXACT.divide(10_000 * EXACT.ln(share), EXACT.ln(Decimal(5))))


def chance_of(
    weight: int, named: int, payments: int, common_bp: int, told: Mapping[str, int]
) -> dict[str, Chance]:
    """What a typology of a rare kind of payments answers: one stratum, `all`.

    weight: basis points that its payments count; nothing of them is left if the kind is common.
    """
    off = is_common(named, payments, common_bp)
    return {"all": Chance(10_000 if off else 10_000 - weight, told)}
