"""What all layouts share: columns of gates, two biases that are added, and the checks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from unrolled.cells.base import Cell
from unrolled.cells.gru import GRU, GRUParams
from unrolled.cells.lstm import LSTM, LSTMParams
from unrolled.cells.reset_before import ResetBeforeGRU, ResetBeforeGRUParams
from unrolled.cells.rnn import RNN, RNNParams
from unrolled.interop.orders import ORDERS, reorder
from unrolled.shapes import ArgumentError, Array, DTypeError, ShapeError

Params: TypeAlias = RNNParams | LSTMParams | GRUParams | ResetBeforeGRUParams
Weights: TypeAlias = Mapping[str, Array]

BEFORE = "gru_reset_before"
"""The GRU that resets before the recurrent product; its gates stand as a GRU's do."""


class Kind(NamedTuple):
    """What is ours: the type of the parameters, the cell that checks them."""

    params: Any
    cell: Cell


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "rnn": Kind(RNNParams, RNN),
        "lstm": Kind(LSTMParams, LSTM),
        "gru": Kind(GRUParams, GRU),
        BEFORE: Kind(ResetBeforeGRUParams, ResetBeforeGRU),
    }
)


class Stacked(NamedTuple):
    """Weights as rows times columns, with the biases of both products."""

    Wx: Array
    """Input to hidden, (D, kH)."""
    Wh: Array
    """Hidden to hidden, (H, kH)."""
    bx: Array
    """Bias beside the input's product, (kH,)."""
    bh: Array
    """Bias beside the state's product, (kH,)."""


def ours(kind: str, library: str, columns: Stacked) -> Params:
    """Make this book's parameters of a library's columns; the two biases are added.

    A GRU that resets after the product keeps the candidate's second bias apart,
    because the reset gate multiplies it.

    Parameters
    ----------
    kind : str
        A key of ``KINDS``.
    library : str
        A key of ``ORDERS``: whose order the columns have.
    columns : Stacked
        Already checked against one another.

    Returns
    -------
    RNNParams, LSTMParams, GRUParams or ResetBeforeGRUParams
        Copies.

    Raises
    ------
    ShapeError, DTypeError
        Columns that cannot be cut into the blocks of the gates.
    """
    have, want = _order(library, kind), _order("ours", kind)
    Wx, Wh, bx, bh = (reorder(array, have, want) for array in columns)
    both = np.where(bh == 0, bx, bx + bh)  # −0 + 0 would lose its sign
    if kind != "gru":
        plain: Params = KINDS[kind].params(Wx, Wh, both)
        return plain
    inside = 2 * Wh.shape[0]  # where the candidate's columns begin
    b = np.concatenate([both[:inside], bx[inside:]])
    return GRUParams(Wx, Wh, b, bhn=bh[inside:].copy())


def theirs(kind: str, library: str, params: Any) -> Stacked:
    """Put this book's parameters into a library's order; the second bias is zero but for bhn.

    Parameters
    ----------
    kind : str
        A key of ``KINDS``.
    library : str
        A key of ``ORDERS``.
    params : RNNParams, LSTMParams, GRUParams or ResetBeforeGRUParams
        Already checked.

    Returns
    -------
    Stacked
        Copies.

    Raises
    ------
    ShapeError, DTypeError
        Weights that cannot be cut into the blocks of the gates.
    """
    have, want = _order("ours", kind), _order(library, kind)
    b = params.b.ravel()
    second = np.zeros_like(b)
    if kind == "gru":
        second[2 * params.Wh.shape[0] :] = params.bhn.ravel()
    return Stacked(*(reorder(a, have, want) for a in (params.Wx, params.Wh, b, second)))


def check_kind(cell: object) -> str:
    """Check the name of a cell.

    Parameters
    ----------
    cell : str
        ``"rnn"``, ``"lstm"`` or ``"gru"``.

    Returns
    -------
    str
        The same.

    Raises
    ------
    ArgumentError
        Another name, or no name at all.
    """
    if not isinstance(cell, str) or cell not in ORDERS["ours"]:
        got = repr(cell) if isinstance(cell, str) else type(cell).__name__
        raise ArgumentError(f"cell: expected one of {list(ORDERS['ours'])}, got {got}.")
    return cell


def kind_of(params: object, library: str, kinds: tuple[str, ...]) -> str:
    """Tell which cell parameters belong to, and check that they fit one another.

    Parameters
    ----------
    params : NamedTuple
        As the user gave them.
    library : str
        Its name in a sentence.
    kinds : tuple of str
        The keys of ``KINDS`` that this library can hold.

    Returns
    -------
    str
        A key of ``KINDS``.

    Raises
    ------
    DTypeError
        The parameters of no cell that this library has.
    ShapeError
        Parameters that do not fit one another.
    """
    for kind in kinds:
        if isinstance(params, KINDS[kind].params):
            KINDS[kind].cell.check_params(params)
            return kind
    known = " or ".join(KINDS[kind].params.__name__ for kind in kinds)
    raise DTypeError(
        f"params: expected {known} (weights from D, input features, to H, hidden units), "
        f"got {type(params).__name__}; {library} has no layer for anything else."
    )


def width_of(cell: str, library: str) -> str:
    """Give the axis token of a cell's columns: ``"H"``, ``"3H"`` or ``"4H"``.

    Parameters
    ----------
    cell : str
        As the user gave it.
    library : str
        A key of ``ORDERS``.

    Returns
    -------
    str
        For :func:`unrolled.shapes.check`.

    Raises
    ------
    ArgumentError
        No such cell.
    """
    k = len(ORDERS[library][check_kind(cell)])
    return "H" if k == 1 else f"{k}H"


def check_own_blocks(cell: str, name: str, recurrent: object, *, columns: int) -> None:
    """Refuse the recurrent weight of another cell, which has another number of blocks.

    Parameters
    ----------
    cell : str
        The cell that the user named.
    name : str
        What the weight is called in messages.
    recurrent : ndarray
        The weight; what is no array of two axes is left to other checks.
    columns : int
        The axis with the blocks of the gates, 0 or 1; the other one is H.

    Raises
    ------
    ShapeError
        Its sizes are those of another cell.
    """
    if not isinstance(recurrent, np.ndarray) or recurrent.ndim != 2:
        return
    got, H = recurrent.shape[columns], recurrent.shape[1 - columns]
    for other, order in ORDERS["ours"].items():
        if other != cell and got == len(order) * H:
            own = width_of(cell, "ours")
            raise ShapeError(
                f"{name}: axis {columns} ({own}, hidden units) should be "
                f"{len(ORDERS['ours'][cell]) * H}, got {got}; {name} is {recurrent.shape}. "
                f"{got} = {len(order)} · {H} would be the weight of cell={other!r}."
            )


def _order(library: str, kind: str) -> str:
    return ORDERS[library]["gru" if kind == BEFORE else kind]
