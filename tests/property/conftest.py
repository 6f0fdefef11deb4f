"""Let these tests import their helpers, tests/oracle and tests/contract."""

import sys
from pathlib import Path

TESTS = str(Path(__file__).parents[1])
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)

from hypothesis import settings  # noqa: E402

settings.register_profile("book", deadline=None, derandomize=True, database=None)
settings.load_profile("book")
