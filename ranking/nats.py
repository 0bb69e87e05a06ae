"""Evidence as people read it: nats with three digits, from whole nano-nats."""


def nats(nano: int) -> str:
    """Nano-nats as nats, rounded half up.

    >>> nats(356_674_940), nats(2_302_585_093), nats(0)
    ('0.357', '2.303', '0.000')
    """
    thousandths = (nano + 500_000) // 1_000_000
    return f"{thousandths // 1000}.{thousandths % 1000:03}"
