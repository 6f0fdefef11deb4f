"""What the tests of a figure read it by; each module has a fixture `figure` of its own."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from unrolled.figures import base


@pytest.fixture(scope="module")
def still(figure):
    stage = re.search(r"<svg.*</svg>", base.markup(figure))[0]
    return {each.get("data-key"): each for each in ElementTree.fromstring(stage).iter()}


@pytest.fixture(scope="module")
def shown(figure, still):
    """Return an attribute (or the text) of a shape for a choice."""
    tables = {(each.key, each.attribute): each for each in figure.changes}

    def look(choice, key, attribute="#"):
        if (key, attribute) not in tables:
            return still[key].text if attribute == "#" else still[key].get(attribute)
        change = tables[key, attribute]
        place = 0
        for control in change.controls:
            options = figure.controls[control].options
            place = place * len(options) + options.index(choice[control])
        return change.values[place]

    return look
