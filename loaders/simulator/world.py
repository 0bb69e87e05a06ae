"""Who lives in a simulated world: accounts, operators, households, identifiers, certificates.

Accounts are numbers: people first, household by household, then official accounts, mini programs,
merchants and platforms. Numbers never leave the simulator. Every part draws from a stream of its
own, so the innocent world is the same whether something is planted into it or not.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import DAY_S, START_S, Floats, Ints, Mask, lognormal
from regift.loaders.simulator.ledger import (
    CARD,
    DEVICE,
    IP,
    LEGAL_SUBJECT,
    NONE,
    PHONE,
    Ledger,
)
from regift.loaders.simulator.parameters import Parameters

ACCOUNT_KINDS: Final = ("personal", "official_account", "mini_program", "merchant", "platform")
STREAMS: Final = ("world", "market", "everyday", "innocent", "planted", "write", "missing")


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream of one part of one seed."""
    return np.random.default_rng([seed, STREAMS.index(name)])


@dataclass(frozen=True)
class World:
    """Accounts and what is fixed about them; arrays are indexed by account number.

    persons: accounts 0 .. persons - 1 are personal; households are runs of neighbours.
    household, first_of_household: per person; second_account: the person's own second account
    follows it directly. contacts: who a person pays; collectors: who a person gives items to.
    """

    seed: int
    scale: str
    parameters: Parameters
    kind: Ints
    operator: Ints
    opened_at: Ints
    activity: Floats
    persons: int
    household: Ints
    first_of_household: Mask
    household_size: Ints
    second_account: Mask
    contacts: Ints
    collectors: Ints

    @property
    def size(self) -> int:
        """Number of accounts."""
        return int(self.kind.size)

    def of_kind(self, kind: str) -> Ints:
        """Account numbers of one kind."""
        return np.flatnonzero(self.kind == ACCOUNT_KINDS.index(kind))


def make_world(seed: int, scale: str, parameters: Parameters) -> World:
    """Accounts of a world of that scale."""
    rng = stream(seed, "world")
    size = ranges.SCALES[scale]
    shares = (ranges.SHARE_OFFICIAL, ranges.SHARE_MINI_PROGRAM, ranges.SHARE_MERCHANT)
    kinds = [round(size * share) for share in shares] + [ranges.PLATFORMS]
    persons = size - sum(kinds)
    kind = np.repeat(np.arange(5), [persons, *kinds])
    household, place, household_size = _households(rng, persons)
    first = place == 0
    lucky = rng.uniform(size=persons) < ranges.SHARE_SECOND_ACCOUNT
    return World(
        seed=seed,
        scale=scale,
        parameters=parameters,
        kind=kind,
        operator=_operators(rng, kind, kinds),
        opened_at=START_S - rng.integers(DAY_S, ranges.OPENED_DAYS * DAY_S, size),
        activity=lognormal(rng, 1.0, ranges.ACTIVITY_SIGMA, size),
        persons=persons,
        household=household,
        first_of_household=first,
        household_size=household_size,
        second_account=first & (household_size == 2) & lucky,
        contacts=_contacts(rng, persons),
        collectors=rng.integers(0, persons, (persons, ranges.COLLECTOR_CONTACTS)),
    )


def _households(rng: np.random.Generator, persons: int) -> tuple[Ints, Ints, Ints]:
    """Household, place in it and its size, per person."""
    share = np.asarray(ranges.HOUSEHOLD_SIZES, dtype=np.float64)
    sizes = rng.choice(len(share), persons, p=share / share.sum()) + 1
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), persons)) + 1]
    sizes[-1] -= int(sizes.sum()) - persons
    household = np.repeat(np.arange(sizes.size), sizes)
    place = np.arange(persons) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return household, place, sizes[household]


def _operators(rng: np.random.Generator, kind: Ints, kinds: list[int]) -> Ints:
    """Operator per account; people have none. A mini program is run by an official account's."""
    official, programs, merchants, platforms = kinds
    own = np.arange(official)
    hosts = rng.permutation(official)[np.arange(programs) % official]
    rest = official + np.arange(merchants + platforms)
    operator = np.full(kind.size, NONE, dtype=np.int64)
    operator[kind > 0] = np.concatenate([own, hosts, rest])
    return operator


def _contacts(rng: np.random.Generator, persons: int) -> Ints:
    """Contacts of each person: near ones on a ring, so that friends of friends are friends."""
    reach = rng.integers(1, ranges.CONTACT_REACH + 1, (persons, ranges.CONTACTS))
    side = rng.choice((-1, 1), (persons, ranges.CONTACTS))
    return np.asarray((np.arange(persons)[:, None] + reach * side) % persons, dtype=np.int64)


def add_identifiers(world: World, ledger: Ledger) -> None:
    """Phones, devices, cards, addresses, legal subjects: some of them shared, as in families."""
    rng = stream(world.seed, "world").spawn(1)[0]
    people = np.arange(world.persons)
    second = people[world.second_account] + 1
    own_phone = np.setdiff1d(people, second)
    head = np.flatnonzero(world.first_of_household)[world.household]
    families = world.household_size > 1
    by_household = rng.uniform(size=(2, int(world.household[-1]) + 1))[:, world.household]
    tablet = families & (by_household[0] < ranges.SHARE_FAMILY_DEVICE)
    family_card = families & (by_household[1] < ranges.SHARE_FAMILY_CARD)
    more = people[rng.uniform(size=people.size) < ranges.SHARE_SECOND_DEVICE]
    card = people[rng.uniform(size=people.size) < ranges.SHARE_CARD]
    two_numbers = people[rng.uniform(size=people.size) < ranges.SHARE_SECOND_PHONE]
    firms = np.flatnonzero(world.kind > 0)
    size = world.size
    rows = (
        (own_phone, PHONE, own_phone),
        (second, PHONE, second - 1),
        (own_phone, DEVICE, own_phone),
        (second, DEVICE, second - 1),
        (two_numbers, PHONE, size + two_numbers),
        (more, DEVICE, size + more),
        (people[tablet], DEVICE, 2 * size + head[tablet]),
        (card, CARD, card),
        (people[family_card], CARD, size + head[family_card]),
        (people, IP, rng.integers(0, size // ranges.ACCOUNTS_PER_IP + 1, people.size)),
        (firms, PHONE, firms),
        (firms, LEGAL_SUBJECT, world.operator[firms]),
    )
    for accounts, kind, values in rows:
        add_uses(world, ledger, rng, accounts, kind, values)
    fresh = people[rng.uniform(size=people.size) < ranges.SHARE_NEW_DEVICE]
    # Past the family tablets, whose numbers begin at twice the size.
    begin_using(
        ledger, fresh, DEVICE, 3 * size + fresh, rng.integers(0, ranges.DAYS * DAY_S, fresh.size)
    )


def begin_using(ledger: Ledger, accounts: Ints, kind: int, values: Ints, after_s: Ints) -> None:
    """Accounts used identifiers from so many seconds after the world began, to its end."""
    ledger.identifiers.add(
        accounts.size, account=accounts, kind=kind, value=values, first_seen=START_S + after_s,
        last_seen=ranges.END_S - 1,
    )  # fmt: skip


def add_uses(
    world: World, ledger: Ledger, rng: np.random.Generator, accounts: Ints, kind: int, values: Ints
) -> None:
    """Accounts used identifiers, first at some time since they were opened, last in the window."""
    age = rng.uniform(0.0, 1.0, accounts.size)
    opened = world.opened_at[accounts]
    first = opened + np.asarray(age * (START_S - opened), dtype=np.int64)
    last = START_S + rng.integers(0, ranges.DAYS * DAY_S, accounts.size)
    ledger.identifiers.add(
        accounts.size, account=accounts, kind=kind, value=values, first_seen=first, last_seen=last
    )


def add_labels(ledger: Ledger, rng: np.random.Generator, accounts: Ints, share: float) -> None:
    """Complaints about a share of these accounts."""
    named = accounts[rng.uniform(size=accounts.size) < share]
    ledger.labels.add(
        named.size,
        account=named,
        at=START_S + rng.integers(0, ranges.DAYS * DAY_S, named.size),
        code=rng.integers(0, 3, named.size),
        origin=rng.integers(0, 2, named.size),
        score=rng.integers(1, 100, named.size),
    )
