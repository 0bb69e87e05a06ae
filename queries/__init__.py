"""Every typology there is, by name: one literal line each."""

from regift.queries import (
    closed_channel_sale,
    closed_circulation,
    common_exit,
    common_funder,
    custody_gap,
    fan_in,
    fan_out,
    gather_scatter,
    layering_path,
    lockstep,
    money_cycle,
    multi_level_gift,
    paid_gift,
    pass_through,
    peel_chain,
    scatter_gather,
    second_level_sale,
    shared_controller,
    structuring,
    uncertified_issue,
)
from regift.queries.typology import Typology

ALL: dict[str, Typology] = {
    typology.name: typology
    for typology in (
        closed_channel_sale.TYPOLOGY,
        closed_circulation.TYPOLOGY,
        common_exit.TYPOLOGY,
        common_funder.TYPOLOGY,
        custody_gap.TYPOLOGY,
        fan_in.TYPOLOGY,
        fan_out.TYPOLOGY,
        gather_scatter.TYPOLOGY,
        layering_path.TYPOLOGY,
        lockstep.TYPOLOGY,
        money_cycle.TYPOLOGY,
        multi_level_gift.TYPOLOGY,
        paid_gift.TYPOLOGY,
        pass_through.TYPOLOGY,
        peel_chain.TYPOLOGY,
        scatter_gather.TYPOLOGY,
        second_level_sale.TYPOLOGY,
        shared_controller.TYPOLOGY,
        structuring.TYPOLOGY,
        uncertified_issue.TYPOLOGY,
    )
}
