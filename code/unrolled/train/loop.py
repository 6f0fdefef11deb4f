"""The loop: draw a batch, differentiate, clip, step; look and save now and then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from unrolled import models
from unrolled.fused import Workspace
from unrolled.models import Model, ModelParams
from unrolled.shapes import ArgumentError, Array, check_count, check_positive
from unrolled.train.checkpoints import save
from unrolled.train.clipping import clip_by_global_norm
from unrolled.train.optimisers import Optimiser, check_optimiser
from unrolled.train.runs import Checkpoint, Saving, check_checkpoint, check_saving, rng_state
from unrolled.train.watching import Best, Scores, Watch, check_watch, counted, looked, spent
from unrolled.trees import map_arrays


class Fit(NamedTuple):
    """What training returns."""

    params: Any
    """After the last step."""
    losses: Array
    """The loss before each step, (steps,)."""
    memory: Any
    """The optimiser's, to go on from."""
    state: Any = None
    """The last state where it was carried, to go on from; else None."""
    best: Best | None = None
    """The parameters with the lowest score, where it was watched."""
    scores: Scores = ()
    """Each score with its step, where it was watched."""


def fit(
    model: Model,
    params: ModelParams | Checkpoint,
    batches: Iterable[tuple[Any, ...]],
    optimiser: Optimiser,
    *,
    steps: int,
    clip: float | None = None,
    memory: Any = None,
    carry: bool = False,
    state0: Any = None,
    progress: bool = True,
    watch: Watch | None = None,
    saving: Saving | None = None,
) -> Fit:
    """Train for a number of steps, with a progress bar.

    Parameters
    ----------
    model : Model
        What is computed.
    params : ModelParams or Checkpoint
        Where to start; not modified. A checkpoint, which :func:`load` reads, brings memory,
        state, losses and scores along: the run goes on as if it had not been stopped, to
        bit-equal weights on the same machine with the same NumPy and number of threads.
    batches : iterable of (xs, targets) or (xs, targets, mask)
        One a step; must not end before the last step. From a checkpoint on, they must go on
        too: drawn with ``checkpoint.generator()``, or begun at ``checkpoint.step``.
    optimiser : Optimiser
        :func:`sgd` or :func:`adam`.
    steps : int
        How many steps in all, those of a checkpoint included.
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
    watch : Watch, optional
        Looks at the parameters now and then and after the last step, and stops where they
        get no better.
    saving : Saving, optional
        Keeps a checkpoint now and then, after the look of its step, and one of the last step.

    Returns
    -------
    Fit
        New parameters, the losses, the optimiser's memory, the state if carried, and
        what the watch found.

    Raises
    ------
    ArgumentError
        Bad data, a first state that is not to be carried, batches that end too early,
        or a loss that became NaN or infinite; the message says at which step, and of
        which step the last checkpoint is. It is never replaced by one that diverged.
    CheckpointError
        A checkpoint that cannot be written; the one before it is kept.
    """
    check_count("steps", steps)
    start = _start(model, params, optimiser, memory, carry, state0)
    if clip is not None:
        check_positive("clip", clip)
    if not isinstance(batches, Iterable) or (isinstance(batches, np.ndarray) and not batches.ndim):
        raise ArgumentError(
            f"batches: expected an iterable of pairs (xs, targets), got {type(batches).__name__}."
        )
    check_watch(watch)
    check_saving(saving)
    resumed = isinstance(params, Checkpoint)
    if resumed:
        _check_goes_on(start, steps, carry, saving)

    now, kept, workspace = start, start.step if resumed else None, Workspace()
    losses = list(start.losses)
    source = iter(batches)
    for step in counted(start.step, steps, progress):
        if spent(watch, now.scores, now.best):
            break
        xs, targets, mask = _next(source, step - start.step, steps - start.step)
        how = {"state0": now.state, "mask": mask, "workspace": workspace}
        with np.errstate(over="ignore", invalid="ignore"):  # what diverges is named below
            value, gradients, state_T = models.loss_and_gradients(
                model, now.params, xs, targets, **how
            )
        _check_loss(value, step, optimiser, saving, kept)
        losses.append(float(value.real))
        clipped = gradients.params if clip is None else clip_by_global_norm(gradients.params, clip)
        with np.errstate(over="ignore", invalid="ignore"):
            new, memory = optimiser.update(now.params, clipped, now.memory)
        state = map_arrays(np.copy, state_T) if carry else None  # what was lent is lent again
        now = now._replace(step=step + 1, params=new, memory=memory, state=state)
        looks, saves = _is_look(watch, now.step), _is_time(saving, now.step, steps)
        if looks or saves or (watch is not None and now.step == steps):
            with np.errstate(over="ignore", invalid="ignore"):
                value = models.loss(model, new, xs, targets, **how)
            _check_loss(value, now.step, optimiser, saving, kept)
        if watch is not None and looks:
            now = _after_look(watch, now, optimiser)
        if saving is not None and (saves or spent(watch, now.scores, now.best)):
            rng = rng_state(saving.rng)
            whole = now._replace(losses=np.array(losses), rng=rng, notes=saving.notes)
            save(saving.path, whole, model, optimiser)
            kept = now.step
    if watch is not None and now.step == steps and not _is_look(watch, steps):
        now = _after_look(watch, now, optimiser)
    return Fit(now.params, np.array(losses), now.memory, now.state, now.best, now.scores)


def _start(
    model: Model,
    params: ModelParams | Checkpoint,
    optimiser: Optimiser,
    memory: Any,
    carry: bool,
    state0: Any,
) -> Checkpoint:
    """Check where training starts, and say it as a checkpoint, of step 0 if it is new."""
    if isinstance(params, Checkpoint):
        check_checkpoint(params)
    models.check_params(model, params.params if isinstance(params, Checkpoint) else params)
    check_optimiser(optimiser)
    if not isinstance(carry, bool):
        raise ArgumentError(f"carry: expected True or False, got {carry!r}.")
    if isinstance(params, Checkpoint):
        if memory is not None or state0 is not None:
            raise ArgumentError(
                "memory, state0: expected None (N, sequences; H, hidden units) where training "
                "goes on from a checkpoint, which holds both."
            )
        return params
    if state0 is not None and not carry:
        raise ArgumentError(
            "state0: expected None (N, sequences; H, hidden units) unless the state is carried "
            "from step to step. Set carry=True."
        )
    # one layout in memory, so that products round alike before and after a resume
    params = map_arrays(np.ascontiguousarray, params)
    memory = optimiser.init(params) if memory is None else memory
    return Checkpoint(0, params, memory, state0, np.empty(0))


def _check_goes_on(start: Checkpoint, steps: int, carry: bool, saving: Saving | None) -> None:
    """Check that a run goes on as it was, before its first step."""
    if steps < start.step:
        raise ArgumentError(
            f"steps: expected at least {start.step}, those of the checkpoint included, got {steps}."
        )
    if carry != (start.state is not None):
        was = "carried" if start.state is not None else "not carried"
        raise ArgumentError(
            f"carry: expected {start.state is not None}, since the checkpoint's state was {was}, "
            f"got {carry}."
        )
    if saving is not None and start.rng is not None and rng_state(saving.rng) != start.rng:
        raise ArgumentError(
            "saving.rng: expected a Generator in the state that the checkpoint holds, got another. "
            "Draw the batches with checkpoint.generator(), and hand that one to Saving too."
        )


def _next(
    source: Iterator[tuple[Any, ...]], drawn: int, wanted: int
) -> tuple[Array, Array, Array | None]:
    """Draw a batch; a mask that is not there is None."""
    try:
        batch = next(source)
    except StopIteration:
        raise ArgumentError(
            f"batches: expected {wanted} of them, one a step, got {drawn}."
        ) from None
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        raise ArgumentError(
            f"batches: expected pairs (xs, targets), or (xs, targets, mask), "
            f"got {type(batch).__name__} at step {drawn}."
        )
    xs, targets, mask = (*batch, None)[:3]
    return xs, targets, mask


def _is_look(watch: Watch | None, step: int) -> bool:
    return watch is not None and step % watch.every == 0


def _after_look(watch: Watch, now: Checkpoint, optimiser: Optimiser) -> Checkpoint:
    judged = optimiser.judged(now.params, now.memory)
    scores, best = looked(watch, now.step, judged, now.scores, now.best)
    return now._replace(scores=scores, best=best)


def _is_time(saving: Saving | None, step: int, steps: int) -> bool:
    return saving is not None and (step % saving.every == 0 or step == steps)


def _check_loss(
    value: Array, step: int, optimiser: Optimiser, saving: Saving | None, kept: int | None
) -> None:
    if np.isfinite(value):
        return
    last = ""
    if saving is not None and kept is not None:
        last = f" The last checkpoint is of step {kept}; it is kept."
    elif saving is not None:
        last = " No checkpoint was written before."
    raise ArgumentError(
        f"loss: expected a finite number, got {value} at step {step}. "
        f"Lower the rate ({optimiser.name}) or clip the gradient.{last}"
    )
