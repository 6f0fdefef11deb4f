"""Learning: optimisers as pure functions, the loop that uses them, and what it is judged by."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from unrolled import models, ops
from unrolled.models import Model, ModelParams
from unrolled.shapes import (
    ArgumentError,
    Array,
    Size,
    check_count,
    check_ids,
    check_positive,
    check_rng,
    check_size,
)
from unrolled.trees import check_alike, map_arrays, named_arrays


class Optimiser(NamedTuple):
    """How gradients become a step; pure functions, the memory is handed in and out."""

    name: str
    init: Callable[[Any], Any]
    """``init(params)``: the memory before the first step."""
    update: Callable[[Any, Any, Any], tuple[Any, Any]]
    """``update(params, gradients, memory)``: new parameters, new memory."""


class Fit(NamedTuple):
    """What training returns."""

    params: Any
    losses: Array
    """The loss before each step, (steps,)."""
    memory: Any
    """The optimiser's, to go on from."""
    state: Any = None
    """The last state where it was carried, to go on from; else None."""


class AdamMemory(NamedTuple):
    """Running means of the gradients and of their squares."""

    steps: int
    mean: Any
    square: Any


def sgd(rate: float) -> Optimiser:
    """Step against the gradient, θ ← θ − η ∂L/∂θ. See eq-gd-step (chapter 1).

    Parameters
    ----------
    rate : float
        η, above zero.

    Returns
    -------
    Optimiser
        Without memory.

    Raises
    ------
    ArgumentError
        A rate of zero or less.
    """
    rate = _rate(rate)

    def update(params: Any, gradients: Any, memory: None) -> tuple[Any, None]:
        check_alike("gradients", gradients, "params", params)
        return map_arrays(lambda p, g: p - rate * g, params, gradients), memory

    return Optimiser(f"SGD {rate}", lambda params: None, update)


def adam(
    rate: float = 1e-3, *, mean_decay: float = 0.9, square_decay: float = 0.999, eps: float = 1e-8
) -> Optimiser:
    """Step by the gradient's running mean over the root of its running square.

    See eq-adam (chapter 5); Kingma and Ba, Adam, ICLR 2015.

    Parameters
    ----------
    rate : float
        About the size of a step in each parameter, above zero.
    mean_decay, square_decay : float
        β₁ and β₂.
    eps : float
        Keeps the division from zero.

    Returns
    -------
    Optimiser
        With an :class:`AdamMemory`.

    Raises
    ------
    ArgumentError
        A rate of zero or less, a decay or eps out of range.
    """
    rate, eps = _rate(rate), check_positive("eps", eps)
    mean_decay = check_positive("mean_decay", mean_decay, below=1)
    square_decay = check_positive("square_decay", square_decay, below=1)

    def init(params: Any) -> AdamMemory:
        zeros = map_arrays(np.zeros_like, params)
        return AdamMemory(0, zeros, zeros)

    def update(params: Any, gradients: Any, memory: AdamMemory) -> tuple[Any, AdamMemory]:
        if not isinstance(memory, AdamMemory):
            raise ArgumentError(
                f"memory: expected the AdamMemory of an earlier step, got {type(memory).__name__}."
            )
        check_alike("gradients", gradients, "params", params)
        check_alike("memory.mean", memory.mean, "params", params)
        check_alike("memory.square", memory.square, "params", params)
        count = memory.steps + 1
        mean = map_arrays(
            lambda m, g: mean_decay * m + (1 - mean_decay) * g, memory.mean, gradients
        )
        square = map_arrays(
            lambda s, g: square_decay * s + (1 - square_decay) * g * g, memory.square, gradients
        )
        # both means start at zero; dividing undoes that bias
        scale = rate / (1 - mean_decay**count)
        unbias = 1 / (1 - square_decay**count)
        stepped = map_arrays(
            lambda p, m, s: p - (scale * m / (np.sqrt(unbias * s) + eps)).astype(p.dtype),
            params,
            mean,
            square,
        )
        return stepped, AdamMemory(count, mean, square)

    return Optimiser(f"Adam {rate}", init, update)


def clip_by_global_norm(gradients: Any, limit: float) -> Any:
    """Shorten a gradient that is longer than ``limit``, keeping its direction.

    See eq-clip (chapter 7).

    Parameters
    ----------
    gradients : NamedTuple
        All of them; the norm is taken over every entry of every array.
    limit : float
        θ, above zero: if ‖g‖ ≥ θ, g ← θ g/‖g‖ (Pascanu, Mikolov, Bengio 2013).

    Returns
    -------
    NamedTuple
        As ``gradients``.

    Raises
    ------
    ArgumentError
        A limit of zero or less.
    """
    check_positive("limit", limit)
    check_alike("gradients", gradients, "gradients", gradients)
    norm = np.sqrt(sum(float((np.abs(g) ** 2).sum()) for _, g in named_arrays(gradients)))
    if norm < limit:
        return gradients
    return map_arrays(lambda g: (g * (limit / norm)).astype(g.dtype), gradients)


def fit(
    model: Model,
    params: ModelParams,
    batches: Iterable[tuple[Array, Array]],
    optimiser: Optimiser,
    *,
    steps: int,
    clip: float | None = None,
    memory: Any = None,
    carry: bool = False,
    state0: Any = None,
    progress: bool = True,
) -> Fit:
    """Train for a number of steps, with a progress bar.

    Parameters
    ----------
    model : Model
        What is computed.
    params : ModelParams
        Where to start; not modified.
    batches : iterable of (xs, targets)
        One pair a step; must not end before ``steps`` of them.
    optimiser : Optimiser
        :func:`sgd` or :func:`adam`.
    steps : int
        How many steps.
    clip : float, optional
        Limit for :func:`clip_by_global_norm`.
    memory : optional
        An earlier fit's memory, to go on from.
    carry : bool
        Whether the last state of a step is the first of the next, as a stream in
        consecutive windows wants it (chapter 8): the state goes on, the gradient
        does not. If not, every step begins from zeros.
    state0 : NamedTuple, optional
        With ``carry``, the state before the first step; zeros if left out.
    progress : bool
        Show a bar: tqdm's where it can be imported, plain text elsewhere.

    Returns
    -------
    Fit
        New parameters, the losses, the optimiser's memory, the state if carried.

    Raises
    ------
    ArgumentError
        Bad data, a first state that is not to be carried, batches that end too early,
        or a loss that became NaN or infinite; the message says at which step.
    """
    check_count("steps", steps)
    models.check_params(model, params)
    if clip is not None:
        check_positive("clip", clip)
    if not isinstance(optimiser, Optimiser):
        raise ArgumentError(
            f"optimiser: expected sgd(…) or adam(…), got {type(optimiser).__name__}."
        )
    if not isinstance(batches, Iterable) or getattr(batches, "ndim", 1) == 0:
        raise ArgumentError(
            f"batches: expected an iterable of pairs (xs, targets), got {type(batches).__name__}."
        )
    if not isinstance(carry, bool):
        raise ArgumentError(f"carry: expected True or False, got {carry!r}.")
    if state0 is not None and not carry:
        raise ArgumentError(
            "state0: expected None (N, sequences; H, hidden units) unless the state is carried "
            "from step to step. Set carry=True."
        )
    memory = optimiser.init(params) if memory is None else memory
    state = state0
    losses = np.empty(steps)
    source = iter(batches)
    for step in _counted(steps, progress):
        try:
            pair = next(source)
        except StopIteration:
            raise ArgumentError(
                f"batches: expected {steps} of them, one a step, got {step}."
            ) from None
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ArgumentError(
                f"batches: expected pairs (xs, targets), got {type(pair).__name__} at step {step}."
            )
        with np.errstate(over="ignore", invalid="ignore"):  # what diverges is named below
            value, gradients, state_T = models.loss_and_gradients(
                model, params, *pair, state0=state
            )
        if not np.isfinite(value):
            raise ArgumentError(
                f"loss: expected a finite number, got {value} at step {step}. "
                f"Lower the rate ({optimiser.name}) or clip the gradient."
            )
        losses[step] = value.real
        state = state_T if carry else None
        clipped = gradients.params if clip is None else clip_by_global_norm(gradients.params, clip)
        params, memory = optimiser.update(params, clipped, memory)
    return Fit(params, losses, memory, state)


def bits_per_character(model: Model, params: ModelParams, ids: Array, window: int = 200) -> float:
    """Judge a character model on a text: the mean of −log₂ p. See eq-bits (chapter 5).

    The text is read once from its beginning, the state carried from window to window.

    Parameters
    ----------
    model : Model
        Cross-entropy at every step.
    params : ModelParams
        Weights.
    ids : ndarray of int, shape (T,)
        The text, at least two characters; each but the first is predicted.
    window : int
        Steps run at a time; changes memory, not the result.

    Returns
    -------
    float
        Bits for each predicted character.

    Raises
    ------
    ArgumentError
        A text of fewer than two characters, a model of another kind, or a score
        of NaN.
    """
    _check_speller(model, params)
    check_size("window", window, "T")
    V = Size(params.Wy.shape[1], "Wy")
    check_ids("ids", ids, "T", {"V": V}, "V")
    if len(ids) < 2:
        raise ArgumentError(
            f"ids: axis 0 (T, time steps) expected at least 2, got {len(ids)}: "
            f"nothing follows a single character."
        )
    nats, state = 0.0, None
    for start in range(0, len(ids) - 1, window):
        part = ids[start : start + window + 1][:, None]
        run = models.forward(model, params, part[:-1], state0=state)
        nats += float(ops.softmax_cross_entropy(run.outputs, part[1:]).real)
        if np.isnan(nats):
            raise ArgumentError(f"params: expected weights that give a score, got {nats}.")
        state = run.state_T
    return nats / (len(ids) - 1) / float(np.log(2))


def sample(
    model: Model,
    params: ModelParams,
    prompt: Array,
    length: int,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
) -> Array:
    """Let a character model write: draw a character, feed it back. See eq-temperature (chapter 5).

    Parameters
    ----------
    model : Model
        Cross-entropy at every step.
    params : ModelParams
        Weights.
    prompt : ndarray of int, shape (T,)
        What it reads first.
    length : int
        How many characters to write.
    rng : numpy.random.Generator
        Where the draws come from; it moves on.
    temperature : float
        Divides the logits: below 1 bolder, above 1 wilder.

    Returns
    -------
    ndarray of int, shape (length,)
        What it wrote, without the prompt.

    Raises
    ------
    ArgumentError
        A temperature of zero or less, a bad prompt, no Generator, or logits of
        NaN or infinity.
    """
    _check_speller(model, params)
    check_size("length", length, "T")
    check_rng(rng)
    check_positive("temperature", temperature)
    check_ids("prompt", prompt, "T", {"V": Size(params.Wy.shape[1], "Wy")}, "V")
    run = models.forward(model, params, prompt[:, None])
    written = np.empty(length, dtype=np.int64)
    for position in range(length):
        logits = run.outputs[-1, 0].real.astype(np.float64)
        best = logits.max()
        if not np.isfinite(best):
            raise ArgumentError(f"params: expected weights that give finite logits, got {best}.")
        with np.errstate(over="ignore"):  # next to a temperature of zero only the best is left
            p = ops.softmax((logits - best) / temperature)
        written[position] = rng.choice(len(p), p=p)
        run = models.forward(
            model, params, written[position : position + 1, None], state0=run.state_T
        )
    return written


def _counted(steps: int, progress: bool) -> Iterator[int]:
    """Count, and show how far it is: a bar where tqdm is, tenths as text elsewhere."""
    if not progress:
        yield from range(steps)
        return
    try:
        from tqdm import tqdm
    except ImportError:
        tenth = max(1, steps // 10)
        for step in range(steps):
            yield step
            if (step + 1) % tenth == 0:
                print(f"step {step + 1} of {steps}", file=sys.stderr)
        return
    yield from tqdm(range(steps), unit="step", leave=False)


def _rate(rate: float) -> float:
    if check_positive("rate", rate) == np.inf:
        raise ArgumentError(f"rate: expected a finite positive number, got {rate!r}.")
    return float(rate)


def _check_speller(model: Model, params: ModelParams) -> None:
    models.check_params(model, params)
    if model.loss != "cross_entropy" or model.steps != "every":
        raise ArgumentError(
            f"model: expected loss 'cross_entropy' at 'every' step, "
            f"got {model.loss!r} at {model.steps!r}."
        )
