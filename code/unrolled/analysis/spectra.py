"""Two sizes of a recurrent matrix, and what they say about gradients over many steps.

The largest singular value says how much one step can stretch a vector. The spectral radius, the
largest size of an eigenvalue, says how fast the powers of the matrix grow or shrink in the end.
"""

from __future__ import annotations

import numpy as np

from unrolled.shapes import (
    ArgumentError,
    Array,
    check,
    check_finite,
    check_positive,
    check_rng,
    check_size,
)

TANH_SLOPE = 1.0
"""γ of tanh, whose slope is never larger. See eq-tanh-slope (chapter 2)."""
SIGMOID_SLOPE = 0.25
"""γ of the sigmoid. See eq-sigmoid-slope (chapter 2)."""


def largest_singular_value(W: Array) -> float:
    """Give the most that a matrix can stretch a vector, max ‖v W‖/‖v‖.

    Parameters
    ----------
    W : ndarray, shape (H, H)
        A recurrent matrix.

    Returns
    -------
    float
        σ_max, the same for W and its transpose.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a square matrix, or NaN or infinity in it.
    """
    _check_square(W)
    return float(np.linalg.svd(W, compute_uv=False)[0])


def spectral_radius(W: Array) -> float:
    """Give the largest size of an eigenvalue, max ``|λ|``. See eq-spectral-radius (chapter 7).

    Parameters
    ----------
    W : ndarray, shape (H, H)
        A recurrent matrix.

    Returns
    -------
    float
        ρ, never above the largest singular value.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a square matrix, or NaN or infinity in it.
    """
    _check_square(W)
    return float(np.abs(np.linalg.eigvals(W)).max())


def scaled(W: Array, *, sigma: float | None = None, rho: float | None = None) -> Array:
    """Multiply a matrix by one positive number, so that its σ_max or its ρ is the one wanted.

    Parameters
    ----------
    W : ndarray, shape (H, H)
        A recurrent matrix; not modified.
    sigma : float, optional
        The largest singular value wanted.
    rho : float, optional
        The spectral radius wanted. One of the two, not both.

    Returns
    -------
    ndarray, shape (H, H)
        Of the dtype of W.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a square matrix, none or both wanted, or a matrix whose σ_max or ρ is zero.
    """
    if (sigma is None) == (rho is None):
        raise ArgumentError(f"sigma, rho: expected one of the two, got {sigma!r} and {rho!r}.")
    if sigma is not None:
        name, wanted, has = "sigma", check_positive("sigma", sigma), largest_singular_value(W)
    else:
        name, wanted, has = "rho", check_positive("rho", rho), spectral_radius(W)
    if has == 0:
        raise ArgumentError(f"W: expected a matrix whose {name} is above zero, got {name} = 0.")
    return (W * (wanted / has)).astype(W.dtype)


def orthogonal(H: int, *, rng: np.random.Generator) -> Array:
    """Draw an orthogonal matrix, every one equally likely: it keeps the length of every vector.

    The columns of a matrix of normal numbers are made orthogonal one after the
    other (QR); the signs are those that leave the diagonal of R positive.

    Parameters
    ----------
    H : int
        Its size.
    rng : numpy.random.Generator
        Where it is drawn from; it moves on.

    Returns
    -------
    ndarray of float64, shape (H, H)
        All its singular values are 1.

    Raises
    ------
    ArgumentError
        A size below 1, or something that is not a Generator.
    """
    check_size("H", H, "H")
    check_rng(rng)
    Q, R = np.linalg.qr(rng.standard_normal((H, H)))
    return Q * np.sign(np.diag(R))


def norm_bound(W: Array, lags: Array, slope: float = TANH_SLOPE) -> Array:
    """Bound how much longer a gradient can be, so many steps back. See eq-norm-bound (chapter 7).

    Parameters
    ----------
    W : ndarray, shape (H, H)
        The recurrent matrix.
    lags : ndarray of int, shape (T,)
        Steps back, none negative.
    slope : float
        γ: no slope of the squashing function is larger.

    Returns
    -------
    ndarray of float64, shape (T,)
        (γ σ_max)^lag; ‖dL/dh_{T−lag}‖ ≤ this · ‖dL/dh_T‖ for every input and bias.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a square matrix, a negative lag, or a slope of zero or less.
    """
    factor = check_positive("slope", slope) * largest_singular_value(W)
    if not isinstance(lags, np.ndarray) or lags.dtype.kind not in "iu" or lags.ndim != 1:
        raise ArgumentError("lags: expected an array of integers on one axis (T, time steps).")
    if (lags < 0).any():
        raise ArgumentError(f"lags: expected none below 0, got {lags.min()}.")
    return factor ** lags.astype(np.float64)


def must_vanish(W: Array, slope: float = TANH_SLOPE) -> bool:
    """Tell whether σ_max < 1/γ, which is enough for every gradient to vanish.

    See eq-vanish-sufficient (chapter 7); Pascanu, Mikolov, Bengio 2013.

    Parameters
    ----------
    W : ndarray, shape (H, H)
        The recurrent matrix.
    slope : float
        γ: no slope of the squashing function is larger.

    Returns
    -------
    bool
        True: it vanishes, whatever the inputs. False: nothing is known.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a square matrix, or a slope of zero or less.
    """
    return check_positive("slope", slope) * largest_singular_value(W) < 1


def may_explode(W: Array, slope: float = TANH_SLOPE) -> bool:
    """Tell whether σ_max > 1/γ, without which no gradient can explode.

    See eq-explode-necessary (chapter 7); Pascanu, Mikolov, Bengio 2013.

    Parameters
    ----------
    W : ndarray, shape (H, H)
        The recurrent matrix.
    slope : float
        γ: no slope of the squashing function is larger.

    Returns
    -------
    bool
        False: it never explodes. True: nothing is known.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a square matrix, or a slope of zero or less.
    """
    return check_positive("slope", slope) * largest_singular_value(W) > 1


def power_norms(W: Array, steps: int) -> Array:
    """Measure the powers of a matrix: the most that k steps of a linear net can stretch.

    Parameters
    ----------
    W : ndarray, shape (H, H)
        The recurrent matrix.
    steps : int
        The last k, at least 1.

    Returns
    -------
    ndarray of float64, shape (steps + 1,)
        The largest singular value of W^k for k = 0, 1, … steps. Its k-th root
        tends to the spectral radius.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a square matrix, or fewer than one step.
    """
    _check_square(W)
    check_size("steps", steps, "T")
    powers = [np.eye(len(W))]
    for _ in range(steps):
        powers.append(powers[-1] @ W)
    return np.array([largest_singular_value(power) for power in powers])


def _check_square(W: Array) -> None:
    check("W", W, "H H")
    check_finite("W", W, "H H")
