"""The order of every listing: total, stable, and by account name only at the very end (D-12).

Larger S first; then materiality; then the number of families; then the id by its UTF-8 bytes.
"""


def total_order(id_column: str) -> str:
    """SQL of the ORDER BY list for rows with s, materiality_minor and families.

    >>> total_order("account")
    's DESC, materiality_minor DESC, families DESC, account'
    """
    return f"s DESC, materiality_minor DESC, families DESC, {id_column}"
