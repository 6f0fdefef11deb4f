"""The operations that recurrent networks are made of, each with its backward twin.

A twin takes the gradient of the loss with respect to the output and returns it
with respect to each input. Everything is a pure function of its arguments and
works for float32, float64 and complex128 alike: the complex step of
:mod:`unrolled.gradcheck` goes through every line.
"""

from __future__ import annotations

import numpy as np

from unrolled.shapes import (
    AXES,
    Array,
    ShapeError,
    Size,
    check,
    check_bias,
    check_dtype,
    check_ids,
    check_mask,
    check_same_dtype,
    check_size,
)


def affine(x: Array, W: Array, b: Array) -> Array:
    """Multiply by a weight and add a bias, y = x W + b. See eq-affine (chapter 3).

    Parameters
    ----------
    x : ndarray, shape (…, D)
        Rows to map; any number of leading axes, at least one.
    W : ndarray, shape (D, H)
        Weights.
    b : ndarray, shape (H,) or (1, H)
        Bias, added to every row.

    Returns
    -------
    ndarray, shape (…, H)
        Of the dtype of the arguments.

    Raises
    ------
    ShapeError, DTypeError
        Shapes or dtypes that do not fit.
    """
    dims = check("W", W, "D H")
    check_bias("b", b, "H", dims)
    check("x", x, "* D", dims, hint="Did you pass W transposed?")
    check_same_dtype(W=W, b=b, x=x)
    return x @ W + b


def affine_backward(dy: Array, x: Array, W: Array, b: Array) -> tuple[Array, Array, Array]:
    """Carry a gradient back through :func:`affine`. See eq-affine-backward (chapter 4).

    Parameters
    ----------
    dy : ndarray, shape (…, H)
        Gradient of the loss with respect to the output.
    x, W, b : ndarray
        As for :func:`affine`.

    Returns
    -------
    dx : ndarray, shape (…, D)
        As ``x``.
    dW : ndarray, shape (D, H)
        Summed over every row, since every row used the same weight.
    db : ndarray
        As ``b``; summed over every row too.

    Raises
    ------
    ShapeError, DTypeError
        Shapes or dtypes that do not fit.
    """
    dims = check("W", W, "D H")
    check_bias("b", b, "H", dims)
    check("x", x, "* D", dims)
    check("dy", dy, "* H", dims)
    _check_rows("dy", dy, "x", x)
    check_same_dtype(W=W, b=b, x=x, dy=dy)
    rows, drows = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
    return dy @ W.T, rows.T @ drows, drows.sum(axis=0).reshape(b.shape)


def tanh(a: Array) -> Array:
    """Squash each entry into (−1, 1). See eq-tanh (chapter 2).

    Parameters
    ----------
    a : ndarray, any shape with at least one axis
        Pre-activations.

    Returns
    -------
    ndarray
        As ``a``.

    Raises
    ------
    ShapeError, DTypeError
        Not an array of floating or complex numbers.
    """
    check("a", a, _any_axes(a, "H"))
    return np.tanh(a)


def tanh_backward(dh: Array, h: Array) -> Array:
    """Multiply by the slope 1 − h². See eq-tanh-slope (chapter 2), eq-cell-da (chapter 4).

    Parameters
    ----------
    dh : ndarray
        Gradient of the loss with respect to h = tanh(a).
    h : ndarray
        The output of :func:`tanh`, not its input: the slope needs nothing else.

    Returns
    -------
    ndarray
        Gradient with respect to a; as ``h``.

    Raises
    ------
    ShapeError, DTypeError
        ``dh`` is not of the shape and dtype of ``h``.
    """
    _check_pair("dh", dh, "h", h)
    return dh * (1 - h * h)  # type: ignore[no-any-return]


def sigmoid(a: Array) -> Array:
    """Squash each entry into (0, 1). See eq-sigmoid (chapter 2).

    Written with tanh, σ(a) = (1 + tanh(a/2))/2, which overflows nowhere.

    Parameters
    ----------
    a : ndarray, any shape with at least one axis
        Pre-activations.

    Returns
    -------
    ndarray
        As ``a``.

    Raises
    ------
    ShapeError, DTypeError
        Not an array of floating or complex numbers.
    """
    check("a", a, _any_axes(a, "H"))
    return (1 + np.tanh(a / 2)) / 2


def sigmoid_backward(ds: Array, s: Array) -> Array:
    """Multiply by the slope s (1 − s), at most 1/4. See eq-sigmoid-slope (chapter 2).

    Parameters
    ----------
    ds : ndarray
        Gradient of the loss with respect to s = σ(a).
    s : ndarray
        The output of :func:`sigmoid`.

    Returns
    -------
    ndarray
        Gradient with respect to a; as ``s``.

    Raises
    ------
    ShapeError, DTypeError
        ``ds`` is not of the shape and dtype of ``s``.
    """
    _check_pair("ds", ds, "s", s)
    return ds * s * (1 - s)  # type: ignore[no-any-return]


def softmax(logits: Array) -> Array:
    """Turn scores into probabilities along the last axis. See eq-softmax (chapter 5).

    Parameters
    ----------
    logits : ndarray, shape (…, V)
        Scores of the classes. The largest is subtracted first, which changes
        no probability and keeps the exponential from overflowing.

    Returns
    -------
    ndarray, shape (…, V)
        Positive, each row summing to 1.

    Raises
    ------
    ShapeError, DTypeError
        Not an array of floating or complex numbers.
    """
    check("logits", logits, _any_axes(logits, "V"))
    exponentials = np.exp(logits - logits.real.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)  # type: ignore[no-any-return]


def softmax_cross_entropy(logits: Array, targets: Array, mask: Array | None = None) -> Array:
    """Score class predictions in nats. See eq-cross-entropy (chapter 5).

    The mean over the N sequences of the sum over their T steps.

    Parameters
    ----------
    logits : ndarray, shape (T, N, V) or (N, V)
        Scores of the classes at every step, or at one.
    targets : ndarray of int, shape (T, N) or (N,)
        The class that was right.
    mask : ndarray of bool, shape as targets, optional
        True where a step counts; for sequences of unequal length. The mean is
        still over all N sequences.

    Returns
    -------
    ndarray, shape ()
        The loss, in nats.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Shapes or dtypes that do not fit, a class out of range.
    """
    _check_classes(logits, targets, mask)
    shifted = logits - logits.real.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    nats = -np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]
    return _mean_over_sequences(nats, mask)


def softmax_cross_entropy_backward(
    logits: Array, targets: Array, mask: Array | None = None
) -> Array:
    """Differentiate :func:`softmax_cross_entropy`: (p − y)/N. See eq-softmax-grad (chapter 5).

    Parameters
    ----------
    logits, targets, mask
        As for :func:`softmax_cross_entropy`.

    Returns
    -------
    ndarray
        Gradient with respect to the logits; as ``logits``.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As for :func:`softmax_cross_entropy`.
    """
    _check_classes(logits, targets, mask)
    right = one_hot(targets, logits.shape[-1], logits.dtype)
    return _counted(softmax(logits) - right, mask) / logits.shape[-2]  # type: ignore[no-any-return]


def mse(y: Array, targets: Array, mask: Array | None = None) -> Array:
    """Score real-valued predictions by their squared error. See eq-mse (chapter 5).

    The mean of the squares over the V outputs, without a half; then the mean
    over the N sequences of the sum over their T steps.

    Parameters
    ----------
    y : ndarray, shape (T, N, V) or (N, V)
        Predictions.
    targets : ndarray
        What was right; as ``y``, shape and dtype.
    mask : ndarray of bool, shape (T, N) or (N,), optional
        True where a step counts.

    Returns
    -------
    ndarray, shape ()
        The loss, in squared units of ``y``.

    Raises
    ------
    ShapeError, DTypeError
        Shapes or dtypes that do not fit; (N,) against (N, 1) is refused, it
        never becomes (N, N).
    """
    _check_values(y, targets, mask)
    squares = ((y - targets) ** 2).mean(axis=-1)
    return _mean_over_sequences(squares, mask)


def mse_backward(y: Array, targets: Array, mask: Array | None = None) -> Array:
    """Differentiate :func:`mse`: 2 (y − targets)/(N V). See eq-mse-grad (chapter 5).

    Parameters
    ----------
    y, targets, mask
        As for :func:`mse`.

    Returns
    -------
    ndarray
        Gradient with respect to the predictions; as ``y``.

    Raises
    ------
    ShapeError, DTypeError
        As for :func:`mse`.
    """
    _check_values(y, targets, mask)
    return _counted(2 * (y - targets), mask) / (y.shape[-1] * y.shape[-2])  # type: ignore[no-any-return]


def one_hot(ids: Array, classes: int, dtype: np.dtype[np.generic] | type = np.float64) -> Array:
    """Write each token id as a row with a single 1. See eq-one-hot (chapter 5).

    Parameters
    ----------
    ids : ndarray of int, any shape with at least one axis
        From 0 to ``classes`` − 1.
    classes : int
        V, the length of a row.
    dtype : dtype
        Of the result.

    Returns
    -------
    ndarray, shape ids.shape + (classes,)
        Zeros but for a 1 at each id.

    Raises
    ------
    DTypeError, ArgumentError
        Not integers, or out of range.
    """
    size = Size(check_size("classes", classes, "V"), "classes")
    check_ids("ids", ids, _any_axes(ids, "N"), {"V": size}, "V")
    check_dtype("dtype", dtype)
    rows = np.zeros((*ids.shape, classes), dtype=dtype)
    np.put_along_axis(rows, ids[..., None], 1, axis=-1)
    return rows


def _mean_over_sequences(values: Array, mask: Array | None) -> Array:
    return np.asarray(_counted(values, mask).sum() / values.shape[-1])


def _counted(values: Array, mask: Array | None) -> Array:
    """Put zeros where the mask is False; ``np.where`` would let a NaN's sign through too."""
    if mask is None:
        return values
    kept = mask if values.ndim == mask.ndim else mask[..., None]
    return np.where(kept, values, np.zeros((), values.dtype))


def _check_classes(logits: Array, targets: Array, mask: Array | None) -> None:
    axes = _step_axes(logits)
    dims = check("logits", logits, f"{axes} V")
    check_ids("targets", targets, axes, dims, "V", hint="Targets are ids, not one-hot rows.")
    check_mask(mask, axes, dims)


def _check_values(y: Array, targets: Array, mask: Array | None) -> None:
    axes = _step_axes(y)
    dims = check("y", y, f"{axes} V")
    check("targets", targets, f"{axes} V", dims)
    check_same_dtype(y=y, targets=targets)
    check_mask(mask, axes, dims)


def _step_axes(outputs: Array) -> str:
    return "T N" if getattr(outputs, "ndim", 0) == 3 else "N"


def _any_axes(array: object, last: str) -> str:
    """Name the last axis, and call all before it any further axes."""
    one = getattr(array, "ndim", 1) == 1
    return last if one else f"* {last}"


def _check_pair(name: str, array: Array, like: str, other: Array) -> None:
    dims = check(like, other, _any_axes(other, "H"))
    _check_rows(name, array, like, other)
    check(name, array, _any_axes(array, "H"), dims)
    check_same_dtype(**{like: other, name: array})


def _check_rows(name: str, array: Array, like: str, other: Array) -> None:
    """Refuse what would broadcast: all axes but the last are those of another array."""
    check(name, array, _any_axes(array, "H"))
    axes = {1: "(H,)", 2: "(N, H)", 3: "(T, N, H)"}.get(other.ndim, "(…, H)")
    meaning = "T, time steps; N, sequences in the mini-batch; H, hidden units"
    if array.ndim != other.ndim:
        raise ShapeError(
            f"{name}: expected {other.ndim} axes {axes} ({meaning}) to match {like}, "
            f"got {array.ndim}; {name} is {array.shape}, {like} is {other.shape}."
        )
    letters = {2: ("N",), 3: ("T", "N")}.get(other.ndim, ("…",) * (other.ndim - 1))
    for axis, letter in enumerate(letters):
        if array.shape[axis] != other.shape[axis]:
            raise ShapeError(
                f"{name}: axis {axis} ({letter}, {AXES.get(letter, 'any further axes')}) should be "
                f"{other.shape[axis]} to match {like}, got {array.shape[axis]}; "
                f"{name} is {array.shape}, expected {axes}."
            )
