"""How large a pattern is, as a stratum of a calibration: chance makes small ones far more often."""

SIZES = (4, 6, 8, 12, 16, 24, 32)
"""Where strata end: narrow where chance falls fast, wide where there are few patterns."""


def size_stratum(size: str) -> str:
    """SQL of the stratum of a size, itself SQL of a whole number.

    >>> import duckdb
    >>> sizes = "(VALUES (3), (4), (11), (40)) AS told(n)"
    >>> duckdb.sql(f"SELECT {size_stratum('n')} FROM {sizes}").fetchall()
    [('<4',), ('<6',), ('<12',), ('>=32',)]
    """
    whens = " ".join(f"WHEN {size} < {end} THEN '<{end}'" for end in SIZES)
    return f"CASE {whens} ELSE '>={SIZES[-1]}' END"
