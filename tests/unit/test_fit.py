"""The loop: masks, watching, stopping early, and going on as if never stopped."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from oracle.agree import agree, same_bytes

from unrolled import GRU, LSTM, ArgumentError, models, tasks, train
from unrolled.models import Model
from unrolled.trees import map_arrays, named_arrays

MODEL = Model(LSTM)
IDS = np.random.default_rng(0).integers(0, 5, 60)
ADAM = train.adam(0.02)


def fresh(model=MODEL, H=4, seed=1):
    return models.init(model, 5, H, 5, rng=np.random.default_rng(seed))


def windows(rng):
    return tasks.windows(IDS, 6, 3, rng=rng)


def fit(steps, *, start=None, rng=None, optimiser=ADAM, **options):
    rng = np.random.default_rng(7) if rng is None else rng
    start = fresh() if start is None else start
    return train.fit(
        MODEL, start, windows(rng), optimiser, steps=steps, clip=1.0, progress=False, **options
    )


def test_training_is_what_its_parts_do():
    """The whole loop by hand, arrays fresh at each step."""
    done = fit(6)
    params, memory, losses = fresh(), ADAM.init(fresh()), []
    for xs, targets in itertools.islice(windows(np.random.default_rng(7)), 6):
        value, gradients, _ = models.loss_and_gradients(MODEL, params, xs, targets)
        losses.append(float(value))
        clipped = train.clip_by_global_norm(gradients.params, 1.0)
        params, memory = ADAM.update(params, clipped, memory)
    agree((done.params, done.losses), (params, np.array(losses)), 1e-13)
    agree(done.memory[1:], memory[1:], 1e-13)
    assert done.memory.steps == 6
    assert (done.state, done.best, done.scores) == (None, None, ())


def test_a_mask_may_come_with_each_batch():
    rng = np.random.default_rng(2)
    xs, targets = rng.integers(0, 5, (2, 4, 3))
    masks = rng.random((3, 4, 3)) < 0.5
    batches = [(xs, targets, mask) for mask in masks]
    done = train.fit(MODEL, fresh(), batches, train.sgd(0.1), steps=3, progress=False)
    params = fresh()
    for k, mask in enumerate(masks):
        value, gradients, _ = models.loss_and_gradients(MODEL, params, xs, targets, mask=mask)
        agree(done.losses[k], value)
        params = map_arrays(lambda p, g: p - 0.1 * g, params, gradients.params)
    agree(done.params, params)
    plain = train.fit(MODEL, fresh(), [(xs, targets)], ADAM, steps=1, progress=False)
    spelled = train.fit(MODEL, fresh(), [[xs, targets, None]], ADAM, steps=1, progress=False)
    same_bytes(plain[:2], spelled[:2])
    for bad in ((xs,), (xs, targets, masks[0], 1), xs, None):
        with pytest.raises(ArgumentError, match=r"batches: expected pairs .* at step 0"):
            train.fit(MODEL, fresh(), [bad], ADAM, steps=1, progress=False)
    with pytest.raises(ArgumentError, match="mask: expected booleans"):
        train.fit(MODEL, fresh(), [(xs, targets, xs)], ADAM, steps=1, progress=False)


def test_a_complex_model_has_real_losses():
    first = models.init(MODEL, 5, 2, 5, rng=np.random.default_rng(0), dtype=np.complex128)
    batches = windows(np.random.default_rng(1))
    done = train.fit(MODEL, first, batches, train.sgd(0.1), steps=2, progress=False)
    assert done.losses.dtype == np.float64
    assert done.losses.shape == (2,)
    assert done.params.Wy.dtype == np.complex128


@pytest.mark.parametrize("save", [False, True])
@pytest.mark.parametrize("wild", [{"by": [np.inf, 0, 0, 0, 0]}, {"Wy": np.full((4, 5), 1e308)}])
def test_what_a_loss_of_such_weights_warns_of_is_said_once(wild, save, tmp_path):
    def update(params, gradients, memory):
        return params._replace(**{name: np.array(array) for name, array in wild.items()}), memory

    optimiser = train.Optimiser("wild", lambda params: None, update)
    saving = train.Saving(tmp_path / "run.npz", 1) if save else None
    start = fresh()._replace(cell=map_arrays(lambda a: 9 + a, fresh().cell))
    with pytest.raises(ArgumentError, match=r"loss: .* got (nan|inf) at step 1\. .*\(wild\)"):
        fit(3, start=start, optimiser=optimiser, saving=saving)
    assert list(tmp_path.iterdir()) == []


def test_what_is_checked_before_saving_is_the_loss_that_is_trained_on(tmp_path):
    model = Model(LSTM, "squared_error")
    targets, mask = np.zeros((4, 2, 5)), np.ones((4, 2), bool)
    targets[2, 1], mask[2, 1] = 1e300, False
    batches = [(IDS[:8].reshape(4, 2), targets, mask)]
    saving = train.Saving(tmp_path / "run.npz", 1)
    train.fit(model, fresh(), batches, ADAM, steps=1, progress=False, saving=saving)
    assert train.load(tmp_path / "run.npz", model, ADAM).step == 1


def test_batches_are_no_single_number():
    with pytest.raises(ArgumentError, match="batches: expected an iterable of pairs"):
        train.fit(MODEL, fresh(), np.array(5), ADAM, steps=1)


def test_the_watch_sees_the_parameters_after_each_so_many_steps():
    seen = []
    done = fit(7, watch=train.Watch(lambda step, params: seen.append((step, params)), 3))
    assert [step for step, _ in seen] == [3, 6, 7]  # and after the last
    for step, params in seen:
        same_bytes(params, fit(step).params)
    assert (done.best, done.scores) == (None, ())
    assert len(done.losses) == 7


def test_a_look_after_the_last_step_is_not_kept_for_a_longer_run(tmp_path):
    path, seen = tmp_path / "run.npz", []

    def look(step, params):
        seen.append(step)
        return {3: 5.0, 6: 4.0, 7: 1.0}.get(step, 9.0)

    def go(steps, start=None, path=path):
        rng = np.random.default_rng(7) if start is None else start.generator()
        saving = train.Saving(path, 50, rng)
        return fit(steps, start=start, rng=rng, watch=train.Watch(look, 3), saving=saving)

    done = go(7)
    assert (done.best.step, done.scores) == (7, ((3, 5.0), (6, 4.0), (7, 1.0)))
    same_bytes(done.best.params, done.params)
    checkpoint = train.load(path, MODEL, ADAM)
    assert checkpoint.scores == ((3, 5.0), (6, 4.0))
    before, seen[:] = path.read_bytes(), []
    again = go(7, checkpoint)  # finished: it is looked at again, and nothing else
    assert (seen, again.scores, again.best.step) == ([7], done.scores, 7)
    assert path.read_bytes() == before
    more, whole = go(10, checkpoint), go(10, path=tmp_path / "whole.npz")
    assert more.scores == whole.scores == ((3, 5.0), (6, 4.0), (9, 9.0), (10, 9.0))
    assert path.read_bytes() == (tmp_path / "whole.npz").read_bytes()


@pytest.mark.parametrize(("every", "steps"), [(1, 9), (50, 6)])
def test_what_diverged_is_not_looked_at(every, steps, tmp_path):
    """The look would meet NaN, and knows neither the step nor the checkpoint."""
    wild = train.adam(lambda step: 1e-3 if step < 5 else 1e308)

    def look(step, params):
        return train.bits_per_character(MODEL, params, IDS)

    options = {"optimiser": wild, "watch": train.Watch(look, every)}
    with pytest.raises(ArgumentError, match=r"^loss: .* at step 6\. .*No checkpoint was written"):
        fit(steps, saving=train.Saving(tmp_path / "run.npz", 50), **options)
    with pytest.raises(ArgumentError, match=r"^loss: .* at step 6\. Lower the rate .* gradient\.$"):
        fit(steps, **options)


def test_an_update_that_overflows_warns_of_nothing():
    fast = train.Optimiser("fast", lambda params: None, lambda params, gradients, memory: (
        map_arrays(lambda p: np.full_like(p, 1e308) * 10, params), memory))  # fmt: skip
    with pytest.raises(ArgumentError, match=r"^loss: .* at step 1\."):
        fit(3, optimiser=fast)


def scripted(scores, patience, steps=20, **options):
    """Watch every second step, and give these scores one after the other."""
    given = iter(scores)
    watch = train.Watch(lambda step, params: next(given), 2, patience)
    return fit(steps, watch=watch, **options)


@pytest.mark.parametrize(
    ("scores", "patience", "ends", "best"),
    [
        ([5, 4, 3, 2, 1, 0, -1, -2, -3, -4], 1, 20, 20),  # better each time
        ([5, 4, 4, 3], 1, 6, 4),  # as good is not better
        ([5, 6, 4, 4.5, 4.1, 9], 2, 10, 6),
        ([5, None, 6, None, 4, None, 9, None, 8, None], 2, 18, 10),  # none is no score
        ([3, 9, 9, 9, 9, 9, 9, 9, 9, 9], 9, 20, 2),
        ([3, 9, 9, 9, 9, 9, 9, 9, 9, 9], None, 20, 2),
    ],
)
def test_patience(scores, patience, ends, best):
    done = scripted(scores, patience)
    assert len(done.losses) == ends
    same_bytes(done.params, fit(ends).params)
    assert done.best.step == best
    assert done.best.score == min(score for score in scores[: ends // 2] if score is not None)
    same_bytes(done.best.params, fit(best).params)
    told = [(2 * k, s) for k, s in enumerate(scores[: ends // 2], 1) if s is not None]
    assert list(done.scores) == told


def test_an_averaged_run_is_judged_by_its_mean():
    quiet = train.averaged(ADAM, 0.5)
    seen = []

    def look(step, params):
        seen.append(params)
        return 1 / step

    done = fit(4, optimiser=quiet, watch=train.Watch(look, 4))
    same_bytes(done.params, fit(4).params)
    same_bytes(seen[0], quiet.judged(done.params, done.memory))
    same_bytes(done.best.params, seen[0])
    mean = sum(2.0**k * fit(k).params.Wy for k in (1, 2, 3, 4)) / (2 + 4 + 8 + 16)
    agree(seen[0].Wy, mean, 1e-14)


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf, "low", [1, 2], 1j])
def test_a_score_is_a_finite_number(score):
    with pytest.raises(ArgumentError, match=r"watch\.look: .* finite number or None, .* 2 steps"):
        fit(3, watch=train.Watch(lambda step, params: score, 2))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"watch": 5}, r"watch: expected None or Watch\(look, every\), got int"),
        ({"watch": train.Watch(None, 2)}, r"watch\.look: expected a function .* NoneType"),
        ({"watch": train.Watch(print, 0)}, r"watch\.every: expected an integer of at least 1"),
        ({"watch": train.Watch(print, 2, 0)}, r"watch\.patience: expected an integer"),
        ({"watch": train.Watch(print, 2, 1.5)}, r"watch\.patience: expected an integer"),
        ({"saving": 5}, r"saving: expected None or Saving\(path, every\), got int"),
        ({"saving": train.Saving("x", 0)}, r"saving\.every: expected an integer of at least 1"),
        ({"saving": train.Saving(5, 1)}, r"path: expected the path of a file, got 5"),
        ({"saving": train.Saving("", 1)}, r"path: expected the path of a file, got ''"),
        ({"saving": train.Saving("a\0b", 1)}, r"path: expected the path of a file"),
        ({"saving": train.Saving("x", 1, 7)}, r"rng: expected None or a .* got int"),
        ({"saving": train.Saving("x", 1, None, 7)}, r"saving\.notes: .* int is no mapping"),
        ({"saving": train.Saving("x", 1, None, {"a": IDS})}, r"saving\.notes: .* JSON"),
        ({"saving": train.Saving("x", 1, None, {"a": np.nan})}, r"saving\.notes: .* JSON"),
    ],
)
def test_what_is_asked_is_checked_before_the_first_step(options, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drawn = []

    def batches():
        drawn.append(1)
        yield None

    with pytest.raises(ArgumentError, match=says):
        train.fit(MODEL, fresh(), batches(), ADAM, steps=3, progress=False, **options)
    assert drawn == []
    assert list(tmp_path.iterdir()) == []


def kept(path, steps, *, every=3, start=None, rng=None, patience=None, carry=False, notes=None):
    """Train with everything on: averaging, watching, saving."""
    rng = np.random.default_rng(7) if rng is None else rng
    quiet = train.averaged(ADAM, 0.9)

    def look(step, params):
        return train.bits_per_character(MODEL, params, IDS) + (step > 8)

    saving = train.Saving(path, every, rng, notes or {})
    return fit(steps, start=start, rng=rng, optimiser=quiet, saving=saving, carry=carry,
               watch=train.Watch(look, 2, patience))  # fmt: skip


def load(path, **options):
    return train.load(path, MODEL, train.averaged(ADAM, 0.9), **options)


@pytest.mark.parametrize("carry", [False, True])
@pytest.mark.parametrize("stop", [1, 2, 6, 7, 12])
def test_a_resumed_run_is_the_run(stop, carry, tmp_path):
    whole = kept(tmp_path / "whole.npz", 14, carry=carry)
    kept(tmp_path / "part.npz", stop, carry=carry)
    checkpoint = load(tmp_path / "part.npz", like=fresh())
    assert checkpoint.step == stop
    done = kept(tmp_path / "part.npz", 14, start=checkpoint, rng=checkpoint.generator(),
                carry=carry)  # fmt: skip
    same_bytes(done[:4] + done.best[:], whole[:4] + whole.best[:])
    assert done.scores == whole.scores
    assert type(done.memory) is train.AveragedMemory
    assert type(done.memory.steps) is int
    # equal runs leave equal files, to the byte
    assert (tmp_path / "part.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_a_run_that_patience_ended_stays_ended(tmp_path):
    path = tmp_path / "run.npz"
    done = kept(path, 40, every=25, patience=3)
    assert len(done.losses) < 40
    checkpoint = load(path)
    assert checkpoint.step == len(done.losses)  # saved at its end too
    again = kept(path, 40, start=checkpoint, rng=checkpoint.generator(), patience=3)
    same_bytes(again[:3], done[:3])
    more = kept(path, 40, start=checkpoint, rng=checkpoint.generator(), patience=None)
    assert len(more.losses) == 40


def test_a_finished_run_needs_no_batch(tmp_path):
    kept(tmp_path / "run.npz", 4)
    checkpoint = load(tmp_path / "run.npz")
    before = map_arrays(np.copy, checkpoint.params)
    done = train.fit(MODEL, checkpoint, [], train.averaged(ADAM, 0.9), steps=4, progress=False)
    same_bytes((done.params, done.losses), (checkpoint.params, checkpoint.losses))
    longer = train.fit(MODEL, checkpoint, windows(checkpoint.generator()),
                       train.averaged(ADAM, 0.9), steps=5, progress=False)  # fmt: skip
    assert len(longer.losses) == 5
    same_bytes(checkpoint.params, before)
    with pytest.raises(ArgumentError, match=r"cell|Wx"):
        train.fit(Model(GRU), checkpoint, [], train.averaged(ADAM, 0.9), steps=4, progress=False)
    with pytest.raises(ArgumentError, match=r"steps: expected at least 4, .* got 3"):
        train.fit(MODEL, checkpoint, [], train.averaged(ADAM, 0.9), steps=3, progress=False)
    with pytest.raises(ArgumentError, match=r"batches: expected 2 of them, one a step, got 0"):
        train.fit(MODEL, checkpoint, [], train.averaged(ADAM, 0.9), steps=6, progress=False)


def test_streams_go_on_at_the_step_of_the_checkpoint(tmp_path):
    path = tmp_path / "run.npz"

    def go(steps, begin, start):
        return train.fit(MODEL, begin, tasks.streams(IDS, 4, 3, start=start), ADAM, steps=steps,
                         carry=True, progress=False, saving=train.Saving(path, 5))  # fmt: skip

    whole = go(9, fresh(), 0)
    go(4, fresh(), 0)
    checkpoint = train.load(path, MODEL, ADAM)
    same_bytes(go(9, checkpoint, checkpoint.step)[:4], whole[:4])


def test_a_run_goes_on_as_it_was_or_not_at_all(tmp_path):
    kept(tmp_path / "run.npz", 4, carry=True)
    checkpoint, quiet = load(tmp_path / "run.npz"), train.averaged(ADAM, 0.9)
    rng = checkpoint.generator()

    def go(start=checkpoint, optimiser=quiet, model=MODEL, **options):
        options = {"carry": True, "steps": 6} | options
        return train.fit(model, start, windows(rng), optimiser, progress=False, **options)

    for bad in ({"memory": checkpoint.memory}, {"state0": checkpoint.state}):
        with pytest.raises(ArgumentError, match=r"memory, state0: expected None .* checkpoint"):
            go(**bad)
    with pytest.raises(ArgumentError, match=r"carry: expected True, .* was carried, got False"):
        go(carry=False)
    with pytest.raises(ArgumentError, match=r"carry: expected False, .* not carried, got True"):
        go(checkpoint._replace(state=None))
    other = train.Saving(tmp_path / "run.npz", 3, np.random.default_rng(7))
    with pytest.raises(ArgumentError, match=r"saving\.rng: .* checkpoint\.generator\(\)"):
        go(saving=other)
    with pytest.raises(ArgumentError, match=r"saving\.rng: .* checkpoint\.generator\(\)"):
        go(saving=other._replace(rng=None))
    with pytest.raises(ArgumentError, match=r"model\.cell|params|Wx"):
        go(model=Model(GRU))
    with pytest.raises(ArgumentError, match="memory: expected the AdamMemory"):
        go(optimiser=ADAM)
    with pytest.raises(ArgumentError, match=r"rng: expected the state of one of PCG64, .* None"):
        checkpoint._replace(rng=None).generator()
    with pytest.raises(ArgumentError, match=r"rng: expected the state of one of PCG64, .* open"):
        checkpoint._replace(rng={"bit_generator": "open"}).generator()
    for cut in ({"bit_generator": "PCG64"}, dict(checkpoint.rng) | {"state": {"state": -1}}):
        with pytest.raises(ArgumentError, match="rng: expected a whole state of PCG64, got"):
            checkpoint._replace(rng=cut).generator()


@pytest.mark.parametrize(
    "change",
    [
        {"step": 3}, {"step": True}, {"step": "4"}, {"step": -1}, {"losses": [0.0] * 4},
        {"losses": np.zeros(4, np.float32)}, {"losses": np.zeros((4, 1))}, {"scores": [(2, 1.0)]},
        {"scores": ((2,),)}, {"scores": (2,)}, {"scores": (("2", 1.0),)}, {"scores": ((2, 1),)},
        {"best": (2, 1.0, None)},
    ],
    ids=str,
)  # fmt: skip
def test_a_checkpoint_is_whole(change, tmp_path):
    kept(tmp_path / "run.npz", 4)
    checkpoint, quiet = load(tmp_path / "run.npz"), train.averaged(ADAM, 0.9)
    before = (tmp_path / "run.npz").read_bytes()
    odd = checkpoint._replace(**change)
    with pytest.raises(ArgumentError, match="checkpoint: expected the step, its losses"):
        train.fit(MODEL, odd, windows(checkpoint.generator()), quiet, steps=9, progress=False)
    with pytest.raises(ArgumentError, match="checkpoint: expected the step, its losses"):
        train.save(tmp_path / "run.npz", odd, MODEL, quiet)
    with pytest.raises(ArgumentError, match="checkpoint: expected arrays and plain numbers"):
        train.save(tmp_path / "run.npz", checkpoint._replace(memory="a"), MODEL, quiet)
    assert (tmp_path / "run.npz").read_bytes() == before


def test_a_loss_that_is_no_number_replaces_no_good_checkpoint(tmp_path):
    path = tmp_path / "run.npz"
    wild = train.adam(lambda step: 1e-3 if step < 5 else 1e308)

    def go(steps=30, every=2, params=None):
        return train.fit(MODEL, params or fresh(), windows(np.random.default_rng(0)), wild,
                         steps=steps, progress=False, saving=train.Saving(path, every))  # fmt: skip

    said = r"loss: expected a finite number, got .* at step 6\. .*"
    with np.errstate(all="ignore"):
        with pytest.raises(ArgumentError, match=said + "last checkpoint is of step 4; it is kept"):
            go()
        checkpoint = train.load(path, MODEL)
        assert checkpoint.step == 4
        assert all(np.isfinite(array).all() for _, array in named_arrays(checkpoint.params))
        resumed = train.load(path, MODEL, wild)
        with pytest.raises(ArgumentError, match=r"last checkpoint is of step 4; it is kept"):
            go(params=resumed, every=50)
        path.unlink()
        with pytest.raises(ArgumentError, match=said + "No checkpoint was written before"):
            go(every=6)
    assert list(tmp_path.iterdir()) == []


def test_ends_of_batches_and_saves_of_the_last_step(tmp_path):
    path = tmp_path / "run.npz"
    pairs = list(itertools.islice(windows(np.random.default_rng(7)), 4))
    with pytest.raises(ArgumentError, match="batches: expected 6 of them, one a step, got 4"):
        train.fit(MODEL, fresh(), pairs, ADAM, steps=6, progress=False,
                  saving=train.Saving(path, 3))  # fmt: skip
    assert train.load(path, MODEL, ADAM).step == 3
    train.fit(MODEL, fresh(), pairs, ADAM, steps=4, progress=False, saving=train.Saving(path, 3))
    assert train.load(path, MODEL, ADAM).step == 4


def test_progress_of_a_resumed_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    kept(tmp_path / "run.npz", 4)
    checkpoint = load(tmp_path / "run.npz")
    train.fit(MODEL, checkpoint, windows(checkpoint.generator()), train.averaged(ADAM, 0.9),
              steps=6)  # fmt: skip
    assert capsys.readouterr().err.splitlines() == ["step 5 of 6", "step 6 of 6"]


def test_any_layout_of_the_first_parameters_gives_one_run(tmp_path):
    first = map_arrays(np.asfortranarray, fresh())
    same_bytes(fit(3, start=first)[:2], fit(3)[:2])
