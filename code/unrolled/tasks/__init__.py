"""What a network is trained on: text, an echo, and the long lags of 1997."""

from unrolled.tasks.adding import (
    Constant,
    adding,
    adding_1997,
    adding_1997_constant,
    adding_constant,
)
from unrolled.tasks.batch import Batch
from unrolled.tasks.copying import ALPHABET, BLANK, COPIED, DELIMITER, copying, copying_baseline
from unrolled.tasks.reber import (
    REBER_SYMBOLS,
    ReberSets,
    most_active,
    reber_batch,
    reber_legal,
    reber_sets,
    reber_string,
)
from unrolled.tasks.streams import echo, streams, windows
from unrolled.tasks.temporal_order import ORDER_SYMBOLS, temporal_order
from unrolled.tasks.texts import (
    PROSE,
    Spelling,
    Vocabulary,
    hello,
    read_text,
    split,
    vocabulary_of,
)

__all__ = [
    "ALPHABET",
    "BLANK",
    "COPIED",
    "DELIMITER",
    "ORDER_SYMBOLS",
    "PROSE",
    "REBER_SYMBOLS",
    "Batch",
    "Constant",
    "ReberSets",
    "Spelling",
    "Vocabulary",
    "adding",
    "adding_1997",
    "adding_1997_constant",
    "adding_constant",
    "copying",
    "copying_baseline",
    "echo",
    "hello",
    "most_active",
    "read_text",
    "reber_batch",
    "reber_legal",
    "reber_sets",
    "reber_string",
    "split",
    "streams",
    "temporal_order",
    "vocabulary_of",
    "windows",
]
