"""Draw runs of the fused cells; let these tests import tests/contract and tests/oracle."""

import sys
from pathlib import Path

TESTS = str(Path(__file__).parents[2])
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)
