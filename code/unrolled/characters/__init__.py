"""A character model of real text, from the file to the verdict (chapter 13).

``python -m unrolled.characters`` trains it on the book's own prose,
``python -m unrolled.characters TEXT`` on a reader's file.
"""

from unrolled.characters.cutting import Parts, parts
from unrolled.characters.dropping import DroppedMemory, dropped
from unrolled.characters.judging import ORDERS, Verdict, judge, sentence
from unrolled.characters.keeping import settings_of
from unrolled.characters.learning import Noted, begin, learn
from unrolled.characters.settings import Settings, check_settings
from unrolled.characters.speller import Speller, character_probabilities, write
from unrolled.characters.store import MODEL_STORE, STORE, stored, stored_model

__all__ = [
    "MODEL_STORE",
    "ORDERS",
    "STORE",
    "DroppedMemory",
    "Noted",
    "Parts",
    "Settings",
    "Speller",
    "Verdict",
    "begin",
    "character_probabilities",
    "check_settings",
    "dropped",
    "judge",
    "learn",
    "parts",
    "sentence",
    "settings_of",
    "stored",
    "stored_model",
    "write",
]
