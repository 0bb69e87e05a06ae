"""Real data for tests: it lies beside the checkout, never inside it.

The folder is `../shared/data`, or what REGIFT_SHARED names. Where it is absent the test is skipped
with a line that says so; with REGIFT_REQUIRE_SHARED=1 it fails instead.
"""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def real_data(name: str) -> Path:
    """The folder of one data set; skips (or fails) the running test when it is not there."""
    folder = Path(os.environ.get("REGIFT_SHARED", ROOT.parent / "shared" / "data")) / name
    if not folder.is_dir():
        missing = f"real data {name} is not at {folder}"
        if os.environ.get("REGIFT_REQUIRE_SHARED") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return folder
