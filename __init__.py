"""regift: finds circulation beyond first-level gifts in gift and transfer records."""

__version__ = "0.1.0"
