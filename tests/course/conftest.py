"""Let these tests import their helpers, tests/course."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coursekit.records import Limits
from coursekit.sandbox.box import NoSandbox, Sandbox

TESTS = str(Path(__file__).parents[1])
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)

# Short waits, so that a deadlock costs a test little; long ones for a busy machine's sake.
LIMITS = Limits(wall_seconds=6.0)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Give a warm box, or say why this machine has none."""
    try:
        with Sandbox(LIMITS) as box:
            yield box
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def bare_sandbox() -> Iterator[Sandbox]:
    """Give what --unsafe has: the limits and the filter of system calls, without the walls."""
    with Sandbox(LIMITS, unsafe=True) as box:
        yield box
