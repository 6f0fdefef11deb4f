"""What a cell prints in several messages is joined as it is, without breaks where they met.

A kernel cuts the output of a slow loop anywhere, in the middle of a line too. MyST-NB's
``nb_merge_streams`` joins the pieces, but ends each with a line break of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from myst_nb.core import render
from nbformat import NotebookNode
from sphinx.application import Sphinx

Outputs = list[NotebookNode]


def joined(outputs: Outputs) -> Outputs:
    """Join all pieces of a stream, text as it is, where its first piece stands."""
    found: Outputs = []
    places: dict[str, int] = {}
    for output in outputs:
        if output["output_type"] != "stream":
            found.append(output)
        elif output["name"] in places:
            place = places[output["name"]]
            text = found[place]["text"] + output["text"]
            found[place] = NotebookNode({**found[place], "text": text})
        else:
            places[output["name"]] = len(found)
            found.append(output)
    return found


def joining_first(merge: Callable[[Outputs], Outputs]) -> Callable[[Outputs], Outputs]:
    """Let MyST-NB's own merging see one piece of each stream."""
    return lambda outputs: merge(joined(outputs))


def setup(app: Sphinx) -> None:
    """Put the joining before MyST-NB's merging, once in a process."""
    merge = render.coalesce_streams
    if merge.__module__ != __name__:
        render.coalesce_streams = joining_first(merge)
