"""Every typology there is, by name: one literal line each."""

from regift.queries import (
    closed_channel_sale,
    closed_circulation,
    custody_gap,
    money_cycle,
    multi_level_gift,
    paid_gift,
    pass_through,
    second_level_sale,
    uncertified_issue,
)
from regift.queries.typology import Typology

ALL: dict[str, Typology] = {
    typology.name: typology
    for typology in (
        closed_channel_sale.TYPOLOGY,
        closed_circulation.TYPOLOGY,
        custody_gap.TYPOLOGY,
        money_cycle.TYPOLOGY,
        multi_level_gift.TYPOLOGY,
        paid_gift.TYPOLOGY,
        pass_through.TYPOLOGY,
        second_level_sale.TYPOLOGY,
        uncertified_issue.TYPOLOGY,
    )
}
