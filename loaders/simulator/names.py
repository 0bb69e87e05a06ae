"""Names and text of what is written: ids, words, times, money.

Names are given after everything has been drawn: random-looking hex, the same length in all tables,
by a one-to-one scramble of row numbers, so that a name tells neither kind nor order of making.
"""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import Ints, scrambled
from regift.loaders.simulator.ledger import IDENTIFIER_KINDS, NONE

CURRENCY: Final = "CNY"
KEYS: Final = ("account", "gift", "transfer", "item", "collection", "operator", "certificate",
               *IDENTIFIER_KINDS)  # fmt: skip


class Names:
    """Names of everything in one world."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def of(self, table: str, numbers: Ints) -> pa.Array:
        """Names of these numbers of a table; NONE is null."""
        key = int(np.random.default_rng([self.seed, 99, KEYS.index(table)]).integers(1 << 62))
        raw = scrambled(np.maximum(numbers, 0), key)
        return _hex_text(raw, 12, numbers == NONE)


def _hex_text(raw: NDArray[np.bytes_], width: int, null: NDArray[np.bool_]) -> pa.Array:
    """An Arrow text array from names of equal length."""
    offsets = np.arange(raw.size + 1, dtype=np.int32) * width
    array = pa.StringArray.from_buffers(
        raw.size, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(raw))
    )
    return pc.if_else(pa.array(null), pa.scalar(None, pa.string()), array)


def words(words: tuple[str, ...], codes: Ints) -> pa.Array:
    """Words by their code; NONE is null."""
    return pc.take(pa.array(words), pa.array(codes, mask=codes == NONE))


def time_text(seconds: Ints) -> pa.Array:
    """ISO 8601 with the written offset."""
    local = (seconds + ranges.OFFSET_S).astype("datetime64[s]")
    text = np.char.add(np.datetime_as_string(local), f"+{ranges.OFFSET_S // 3600:02d}:00")
    return pa.array(text.tolist(), pa.string())


def money_text(minor: Ints) -> pa.Array:
    """Decimal text in major units; NONE is null."""
    major = pc.cast(pa.array(minor // 100), pa.string())
    cents = pc.take(pa.array([f"{cent:02d}" for cent in range(100)]), pa.array(minor % 100))
    text = pc.binary_join_element_wise(major, cents, ".")
    return pc.if_else(pa.array(minor == NONE), pa.scalar(None, pa.string()), text)


def currency_text(minor: Ints) -> pa.Array:
    """The currency of every amount there is."""
    return words((CURRENCY,), np.where(minor == NONE, NONE, 0))


def by_time(table: pa.Table, at_s: pa.Array) -> pa.Table:
    """Rows in time order; equal times in the order of the random-looking names."""
    keyed = table.append_column("at_s", at_s)
    order = pc.sort_indices(keyed, [("at_s", "ascending"), ("record_id", "ascending")])
    return table.take(order)
