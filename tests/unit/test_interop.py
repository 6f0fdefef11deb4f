"""Where each number goes in each library's layout, that it comes back, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from oracle.agree import same_bytes

from unrolled import (
    ArgumentError,
    DTypeError,
    GRUParams,
    LSTMParams,
    RNNParams,
    ShapeError,
    interop,
)
from unrolled.cells.reset_before import ResetBeforeGRUParams

D, H = 3, 2
OURS = {"rnn": "a", "lstm": "ifog", "gru": "rzn", "before": "rzn"}
TYPES = {"rnn": RNNParams, "lstm": LSTMParams, "gru": GRUParams, "before": ResetBeforeGRUParams}
TORCH = {"rnn": "a", "lstm": "ifgo", "gru": "rzn"}
KERAS = {"rnn": "a", "lstm": "ifgo", "gru": "zrn", "before": "zrn"}
ONNX = {"rnn": "a", "lstm": "iofg", "gru": "zrn", "before": "zrn"}
RESET = {"rnn": None, "lstm": None, "gru": 1, "before": 0}
TORCH_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def named(kind):
    return {"before": "gru"}.get(kind, kind)


def block(what, gate, *shape):
    """Numbers that say what they are: no two of them in a test are the same."""
    start = 1000 * "xhbs".index(what) + 100 * "aifogrzn".index(gate) + 1
    return np.arange(start, start + np.prod(shape), dtype=float).reshape(shape)


def columns(what, order, *rows):
    return np.concatenate([block(what, gate, *rows, H) for gate in order], axis=-1)


def ours(kind, bias=lambda gate: block("b", gate, H)):
    order = OURS[kind]
    parts = [columns("x", order, D), columns("h", order, H), np.concatenate([*map(bias, order)])]
    return TYPES[kind](*parts, *([block("s", "n", H)] if kind == "gru" else []))


def second(kind, order):
    """The bias beside the state's product when it comes from us: zero, but for the GRU's n."""
    zero = np.zeros(H)
    return np.concatenate([block("s", g, H) if (kind, g) == ("gru", "n") else zero for g in order])


def torch_of(kind):
    order = TORCH[kind]
    arrays = (columns("x", order, D).T, columns("h", order, H).T, columns("b", order))
    return dict(zip(TORCH_NAMES, (*arrays, second(kind, order)), strict=True))


def keras_of(kind):
    order = KERAS[kind]
    bias = columns("b", order)
    if kind == "gru":
        bias = np.array([bias, second(kind, order)])
    kernel, recurrent = columns("x", order, D), columns("h", order, H)
    return {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias}


def onnx_of(kind):
    order = ONNX[kind]
    B = np.concatenate([columns("b", order), second(kind, order)])
    return {"W": columns("x", order, D).T[None], "R": columns("h", order, H).T[None], "B": B[None]}


LIBRARIES = {
    "torch": (torch_of, lambda kind, w: interop.from_torch(kind, w), interop.to_torch, TORCH),
    "keras": (
        keras_of, lambda kind, w: interop.from_keras(named(kind), w), interop.to_keras, KERAS,
    ),
    "onnx": (
        onnx_of,
        lambda kind, w: interop.from_onnx(named(kind), w, linear_before_reset=RESET[kind]),
        interop.to_onnx,
        ONNX,
    ),
}  # fmt: skip
every = pytest.mark.parametrize(
    ("library", "kind"), [(name, kind) for name, rest in LIBRARIES.items() for kind in rest[3]]
)


@every
def test_each_number_has_its_place_there(library, kind):
    layout, _, write, _ = LIBRARIES[library]
    want, got = layout(kind), write(ours(kind))
    assert list(got) == list(want)
    same_bytes(tuple(got.values()), tuple(want.values()))


@every
def test_each_number_has_its_place_here(library, kind):
    layout, read, _, _ = LIBRARIES[library]
    got = read(kind, layout(kind))
    assert type(got) is TYPES[kind]
    same_bytes(got, ours(kind))


@every
@pytest.mark.parametrize("dtype", ["f4", "f8", "c16"])
@pytest.mark.parametrize("sizes", [(1, 1), (3, 1), (1, 4), (4, 4)])
def test_there_and_back_changes_no_bit(library, kind, dtype, sizes):
    _, read, write, _ = LIBRARIES[library]
    rng, k = np.random.default_rng(3), len(OURS[kind])
    in_features, units = sizes
    shapes = [(in_features, k * units), (units, k * units), (k * units,)]
    arrays = [rng.normal(size=shape) for shape in (*shapes, *([(units,)] * (kind == "gru")))]
    for array in arrays:
        array.ravel()[::3] = -0.0
        array.ravel()[1::5] = 0.0
    params = TYPES[kind](*(array.astype(dtype) for array in arrays))
    before = [array.tobytes() for array in params]
    stored = write(params)
    back = read(kind, stored)
    same_bytes(back, params)
    assert before == [array.tobytes() for array in params]
    for array in stored.values():
        assert not any(np.shares_memory(array, other) for other in (*params, *back))
    assert all(array.flags.c_contiguous for array in back)


@every
def test_a_bias_of_one_row_comes_back_flat(library, kind):
    _, read, write, _ = LIBRARIES[library]
    flat = ours(kind)
    rows = flat._replace(**{f: getattr(flat, f)[None] for f in flat._fields if f[0] == "b"})
    same_bytes(read(kind, write(rows)), flat)


@pytest.mark.parametrize("library", ["torch", "onnx"])
@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_two_biases_are_added(library, kind):
    layout, read, _, orders = LIBRARIES[library]
    weights, order = layout(kind), orders[kind]
    bs, ss = (np.concatenate([block(w, g, H) for g in order]) for w in "bs")
    if library == "torch":
        weights |= {"bias_ih_l0": bs, "bias_hh_l0": ss}
    else:
        weights |= {"B": np.concatenate([bs, ss])[None]}
    same_bytes(read(kind, weights), ours(kind, lambda g: block("b", g, H) + block("s", g, H)))


@pytest.mark.parametrize("library", ["torch", "keras", "onnx"])
def test_a_gru_adds_the_biases_of_its_gates_alone(library):
    layout, read, _, orders = LIBRARIES[library]
    weights, order = layout("gru"), orders["gru"]
    bs, ss = (np.concatenate([block(w, g, H) for g in order]) for w in "bs")
    weights |= {
        "torch": {"bias_ih_l0": bs, "bias_hh_l0": ss},
        "keras": {"bias": np.array([bs, ss])},
        "onnx": {"B": np.concatenate([bs, ss])[None]},
    }[library]
    gates = {g: block("b", g, H) + block("s", g, H) for g in "rz"} | {"n": block("b", "n", H)}
    same_bytes(read("gru", weights), ours("gru", gates.__getitem__))


def test_a_reset_before_cell_of_onnx_adds_all_of_its_biases():
    weights = onnx_of("before")
    bs, ss = (np.concatenate([block(w, g, H) for g in "zrn"]) for w in "bs")
    weights["B"] = np.concatenate([bs, ss])[None]
    got = interop.from_onnx("gru", weights, linear_before_reset=0)
    same_bytes(got, ours("before", lambda g: block("b", g, H) + block("s", g, H)))


def test_signs_of_zero_and_of_sums():
    weights = torch_of("rnn") | {
        "bias_ih_l0": np.array([-0.0, 1.0]), "bias_hh_l0": np.array([0.0, -1.0]),
    }  # fmt: skip
    assert interop.from_torch("rnn", weights).b.tobytes() == np.array([-0.0, 0.0]).tobytes()


def test_onnx_may_leave_its_biases_out():
    weights = onnx_of("gru")
    del weights["B"]
    got = interop.from_onnx("gru", weights, linear_before_reset=1)
    same_bytes(got, ours("gru")._replace(b=np.zeros(3 * H), bhn=np.zeros(H)))
    single = {name: array.astype("f4") for name, array in weights.items()}
    assert interop.from_onnx("gru", single, linear_before_reset=np.int64(1)).b.dtype == np.float32


def test_keras_may_give_a_list():
    same_bytes(interop.from_keras("lstm", list(keras_of("lstm").values())), ours("lstm"))
    same_bytes(interop.from_keras("gru", tuple(keras_of("gru").values())), ours("gru"))


def test_reorder():
    a = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], float)
    got = interop.reorder(a, "xy", "yx")
    same_bytes(got, np.array([[3, 4, 1, 2], [7, 8, 5, 6]], float))
    same_bytes(interop.reorder(a[0], "ifog", "gofi"), np.array([4.0, 3, 2, 1]))
    same_bytes(interop.reorder(a[None], "s", "s"), a[None])
    same_bytes(interop.reorder(np.arange(9.0), "abcdefghi", "ihgfedcba"), np.arange(9.0)[::-1])
    assert not np.shares_memory(interop.reorder(a, "s", "s"), a)


def test_orders_name_the_same_gates():
    for library, orders in interop.ORDERS.items():
        assert list(orders) == ["rnn", "lstm", "gru"], library
        assert all(set(orders[cell]) == set(interop.ORDERS["ours"][cell]) for cell in orders)
    with pytest.raises(TypeError):
        interop.ORDERS["ours"] = {}


LETTERS, W8 = np.zeros((2, 8)), np.zeros((8, 8))
P = {kind: ours(kind) for kind in OURS}
T, K, X = ({kind: make(kind) for kind in orders} for make, _, _, orders in LIBRARIES.values())
HALF = {name: a.astype(np.float16) for name, a in T["lstm"].items()}
SQUARE = {name: np.zeros((6, 6)) if a.ndim == 2 else np.zeros(6) for name, a in T["gru"].items()}
WIDE_O = {name: np.concatenate([a, a]) for name, a in X["lstm"].items()}


def torch(cell, weights=None, **changes):
    return lambda: interop.from_torch(
        cell, {**(T[cell] if weights is None else weights), **changes}
    )


def keras(cell, weights=None, **changes):
    return lambda: interop.from_keras(
        cell, {**(K[cell] if weights is None else weights), **changes}
    )


def onnx(cell, weights=None, reset=None, **changes):
    weights = X[cell] if weights is None else weights
    return lambda: interop.from_onnx(cell, {**weights, **changes}, linear_before_reset=reset)


REFUSED = [
    (ArgumentError, torch("gate", {}), "cell: expected one of ['rnn', 'lstm', 'gru'], got 'gate'."),
    (ArgumentError, lambda: interop.from_keras(None, K["rnn"]), "cell:", "None"),
    (ArgumentError, lambda: interop.from_onnx(W8, X["rnn"]), "cell:"),
    (ArgumentError, lambda: interop.from_torch("rnn", [1]), "weights:", "weight_ih_l0", "list"),
    (ArgumentError, torch("lstm", {}), "weights:", "got []", "one direction"),
    (ArgumentError, torch("lstm", weight_ih_l0_reverse=W8), "weights:", "Two directions"),
    (ArgumentError, torch("lstm", weight_ih_l1=W8), "weights:", "layer by layer"),
    (ArgumentError, torch("lstm", weight_hr_l0=W8), "weights:", "proj_size"),
    (ArgumentError, torch("lstm", other=W8), "weights:", "one direction, with biases"),
    (ArgumentError, torch("gru", dict.fromkeys(TORCH_NAMES[:2], W8)), "bias=False", "3H zeros"),
    (ArgumentError, torch("rnn", {f"net.{n}": W8 for n in TORCH_NAMES}), "before the last dot"),
    (ArgumentError, torch("rnn", {n[:-3]: W8 for n in TORCH_NAMES}), "no _l0"),
    (ArgumentError, torch("rnn", {1: W8}), "weights:", "got [1]"),
    # the weights of another cell: 6 rows are 3 · 2, 8 are 4 · 2, 2 are 1 · 2
    (ShapeError, torch("lstm", T["gru"]), "weight_hh_l0:", "8, got 6", "cell='gru'", "3 · 2"),
    (ShapeError, torch("lstm", T["rnn"]), "weight_hh_l0: axis 0 (4H, hidden units)", "cell='rnn'"),
    (ShapeError, torch("rnn", T["lstm"]), "axis 0 (H, hidden", "should be 2, got 8", "'lstm'"),
    (ShapeError, torch("gru", T["lstm"]), "weight_hh_l0:", "should be 6, got 8", "cell='lstm'"),
    (ShapeError, torch("gru", SQUARE), "(3H, hidden units) should be 18, got 6", "cell='rnn'"),
    (ShapeError, torch("rnn", T["rnn"], weight_hh_l0=np.zeros((2, 3))), "weight_hh_l0:", "axis 1"),
    (ShapeError, torch("lstm", weight_ih_l0=T["lstm"]["weight_ih_l0"].T), "weight_ih_l0:"),
    (ShapeError, torch("lstm", weight_hh_l0=T["lstm"]["weight_hh_l0"].T), "swapped"),
    (ShapeError, torch("lstm", weight_hh_l0=W8[0]), "weight_hh_l0:", "expected 2 axes", "got 1"),
    (ShapeError, torch("gru", bias_ih_l0=np.zeros(8)), "bias_ih_l0:", "should be 6", "got 8"),
    (ShapeError, torch("gru", bias_hh_l0=np.zeros(8)), "bias_hh_l0:", "should be 6", "got 8"),
    (DTypeError, torch("lstm", HALF), "weight_ih_l0:", "float16", "astype"),
    (DTypeError, torch("lstm", bias_hh_l0=np.zeros(8, "f4")), "bias_hh_l0:", "float32"),
    (DTypeError, torch("lstm", weight_hh_l0=[[1.0]]), "weight_hh_l0:", "list"),
    (DTypeError, lambda: interop.to_torch(P["before"]), "params:", "GRUParams", "PyTorch"),
    (DTypeError, lambda: interop.to_torch(None), "RNNParams or LSTMParams or GRUParams", "None"),
    (DTypeError, lambda: interop.to_keras(tuple(P["rnn"])), "ResetBeforeGRUParams", "Keras"),
    (DTypeError, lambda: interop.to_onnx(W8), "ResetBeforeGRUParams", "ndarray", "ONNX"),
    (ShapeError, lambda: interop.to_torch(P["lstm"]._replace(b=np.zeros(4))), "b:", "4H"),
    (ShapeError, lambda: interop.to_keras(P["gru"]._replace(bhn=np.zeros(3))), "bhn:"),
    (DTypeError, lambda: interop.to_onnx(P["rnn"]._replace(b=np.zeros(2, "f4"))), "b:", "float32"),
    (ArgumentError, lambda: interop.from_keras("lstm", 5), "weights:", "got int."),
    (ArgumentError, lambda: interop.from_keras("lstm", [W8, W8]), "2 of them", "use_bias=False"),
    (ArgumentError, lambda: interop.from_keras("lstm", [W8] * 6), "6 of them", "each alone"),
    (ArgumentError, lambda: interop.from_keras("lstm", [W8] * 4), "got 4 of them."),
    (ArgumentError, lambda: interop.from_keras("lstm", {}), "weights:", "got []."),
    (ArgumentError, lambda: interop.from_keras("rnn", {"kernel": W8, "b": W8}), "use_bias=False"),
    (ArgumentError, keras("lstm", extra=W8), "weights:", "'extra'"),
    (ShapeError, keras("lstm", K["gru"]), "recurrent_kernel: axis 1 (4H, hidden", "cell='gru'"),
    (ShapeError, keras("gru", K["lstm"]), "recurrent_kernel:", "should be 6, got 8", "cell='lstm'"),
    (ShapeError, keras("rnn", K["gru"]), "recurrent_kernel:", "cell='gru'", "3 · 2"),
    (ShapeError, keras("lstm", recurrent_kernel=np.zeros((3, 8))), "recurrent_kernel:", "got 3"),
    (ShapeError, keras("gru", bias=np.zeros((3, 6))), "bias:", "reset_after"),
    (ShapeError, keras("gru", bias=np.zeros((2, 5))), "each row of bias:", "be 6", "reset_after"),
    (ShapeError, keras("gru", bias=np.zeros(5)), "bias:", "should be 6", "reset_after"),
    (ShapeError, keras("lstm", bias=np.zeros((2, 8))), "bias:", "1 axis", "One bias"),
    (DTypeError, keras("gru", bias=[1.0]), "bias:", "list"),
    (DTypeError, keras("gru", bias=np.zeros((2, 6), "f4")), "bias:", "float32"),
    (DTypeError, keras("gru", kernel=np.zeros((3, 6), np.float16)), "kernel:", "float16"),
    (DTypeError, keras("gru", recurrent_kernel=None), "recurrent_kernel:", "NoneType"),
    (ArgumentError, onnx("gru"), "linear_before_reset:", "0 or 1", "None", "means 0"),
    (ArgumentError, onnx("gru", reset=2), "linear_before_reset:", "got 2"),
    (ArgumentError, onnx("gru", reset=-1), "linear_before_reset:", "got -1"),
    (ArgumentError, onnx("gru", reset=True), "linear_before_reset:", "True"),
    (ArgumentError, onnx("gru", reset=1.0), "linear_before_reset:", "1.0"),
    (ArgumentError, onnx("gru", reset=np.ones(2)), "linear_before_reset:"),
    (ArgumentError, onnx("lstm", reset=0), "linear_before_reset:", "None", "'lstm'", "got 0"),
    (ArgumentError, lambda: interop.from_onnx("rnn", [W8]), "weights:", "'W'", "list"),
    (ArgumentError, onnx("lstm", P=W8), "weights:", "peepholes"),
    (ArgumentError, onnx("lstm", X=W8), "weights:", "'X'", "data"),
    (ArgumentError, onnx("lstm", {"W": W8, "B": W8}), "weights:", "['W', 'B']"),
    (ArgumentError, onnx("lstm", {"R": W8, "B": W8}), "weights:", "['R', 'B']"),
    (ShapeError, onnx("lstm", WIDE_O), "W: axis 0 (directions) should be 1, got 2", "W[:1]"),
    (ShapeError, onnx("lstm", R=WIDE_O["R"]), "R: axis 0 (directions)", "R[:1]"),
    (ShapeError, onnx("lstm", B=WIDE_O["B"]), "B: axis 0 (directions)", "B[:1]"),
    (ShapeError, onnx("lstm", W=X["lstm"]["W"][0]), "W: expected 3 axes", "got 2", "[None]"),
    (ShapeError, onnx("lstm", B=X["lstm"]["B"][0]), "B: expected 2 axes", "8H, hidden", "got 1"),
    (ShapeError, onnx("lstm", B=X["lstm"]["B"][:, :8]), "B[0]:", "should be 16", "got 8"),
    (ShapeError, onnx("lstm", X["gru"]), "R[0]: axis 0 (4H, hidden units)", "cell='gru'"),
    (ShapeError, onnx("gru", X["lstm"], 1), "R[0]:", "should be 6, got 8", "cell='lstm'"),
    (ShapeError, onnx("rnn", X["gru"]), "R[0]:", "should be 2, got 6", "cell='gru'"),
    (DTypeError, onnx("rnn", W=[[[1.0]]]), "W:", "directions", "D, input features", "list"),
    (DTypeError, onnx("rnn", R=None), "R:", "NoneType"),
    (DTypeError, onnx("rnn", W=np.zeros((1, 2, 3), np.float16)), "W[0]:", "float16"),
    (DTypeError, onnx("rnn", B=np.zeros((1, 4), "f4")), "B:", "float32"),
    (ArgumentError, lambda: interop.reorder(LETTERS, "iffo", "ifog"), "have:", "each once"),
    (ArgumentError, lambda: interop.reorder(LETTERS, "ifog", ""), "want:", "''"),
    (ArgumentError, lambda: interop.reorder(LETTERS, "", ""), "have:", "''"),
    (ArgumentError, lambda: interop.reorder(LETTERS, 4, "ifog"), "have:", "got 4"),
    (ArgumentError, lambda: interop.reorder(LETTERS, "abcdefghij", "abcdefghij"), "at most nine"),
    (ArgumentError, lambda: interop.reorder(LETTERS, "ifog", "ifoc"), "want:", "'ifoc'"),
    (ArgumentError, lambda: interop.reorder(LETTERS, "ifog", "ifo"), "want:", "'ifo'"),
    (ShapeError, lambda: interop.reorder(LETTERS, "rzn", "zrn"), "stacked:", "multiple of 3"),
    (ShapeError, lambda: interop.reorder(LETTERS[0, :7], "ifog", "iofg"), "stacked:", "got 7"),
    (DTypeError, lambda: interop.reorder([1.0], "i", "i"), "stacked:", "list"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_does_not_fit_is_said_in_one_sentence(number):
    kind, call, *says = REFUSED[number]
    with pytest.raises(kind) as raised:
        call()
    message = str(raised.value)
    assert type(raised.value) is kind
    assert "\n" not in message
    assert message[-1] in ".?"
    for part in says:
        assert part in message, message


def test_no_library_is_imported():
    import sys

    assert not {"torch", "keras", "onnx", "tensorflow"} & set(sys.modules)
