"""Texts of answer cells for problem set 1: right in every form, partly right, and hostile."""

from __future__ import annotations

from unrolled.exercises.sets import problem_set

LOOPS = {
    "Wxh stored as ijk": "ijk",
    "Wxh stored as kij": "kij",
    "Wxh stored as jik": "jik",
    "Wxh stored as kji": "kji",
    "Wxh stored as jki": "jki",
}
LEAKY = {
    "inverse root": ("z / np.sqrt(1 + z**2)", "(1 + z**2) ** -1.5"),
    "arctangent": ("np.arctan(z)", "1 / (1 + z**2)"),
    "inverse hyperbolic sine": ("np.arcsinh(z)", "(1 + z**2) ** -0.5"),
    "sine": ("np.sin(z)", "np.cos(z)"),
    "Lorentzian": ("2 * z / (1 + z**2)", "2 * (1 - z**2) / (1 + z**2) ** 2"),
}
SHARED = {
    "inverse root": ("(1 + s) ** -0.5", "-0.5 * (1 + s) ** -1.5"),
    "inverse": ("1 / (1 + s)", "-1 / (1 + s) ** 2"),
    "exponential": ("np.exp(-s)", "-np.exp(-s)"),
    "inverse square": ("(1 + s) ** -2.0", "-2 * (1 + s) ** -3.0"),
    "Lorentzian": ("1 / (1 + s**2)", "-2 * s / (1 + s**2) ** 2"),
}
SHORTS = ("loops", "leaky", "shared")


def names(code):
    """Give the name of each problem's form."""
    opened = problem_set("ps1", code)
    return {short: opened.variant(short).name for short in SHORTS}


def right(code):
    """Give right answers to the whole set."""
    form = names(code)
    return {
        "loops": loops(LOOPS[form["loops"]]),
        "leaky": leaky(*LEAKY[form["leaky"]]),
        "shared": shared(*SHARED[form["shared"]]),
    }


def partly(code):
    """Give answers of which one is right, one is half right, and one is wrong."""
    whole = right(code)
    return {
        "loops": whole["loops"].replace("s[:, None] * ", ""),
        "leaky": whole["leaky"].replace("dh * (1 - r) + ", ""),
        "shared": whole["shared"],
    }


def loops(letters):
    return f"""def second_order(x, h_prev, Wxh, s, b):
    met = np.einsum("ni,{letters}->njk", x, Wxh, optimize=True)
    return np.tanh(s[:, None] * np.einsum("njk,nj->nk", met, h_prev) + b)
"""


def leaky(value, slope):
    return f'''def value(z):
    return {value}


def leaky_backward(dh, x, h_prev, Wx, Wh, b, r):
    """Go back through the candidate and the leak."""
    z = x @ Wx + h_prev @ Wh + b
    dz = dh * r * ({slope})
    dh_prev = dh * (1 - r) + dz @ Wh.T
    dr = (dh * (value(z) - h_prev)).sum(axis=0)
    return dz @ Wx.T, dh_prev, x.T @ dz, h_prev.T @ dz, dz.sum(axis=0), dr
'''


def shared(value, slope):
    return f"""def shared_backward(dh, x, h_prev, Wx, Wh, b):
    a = x @ Wx + h_prev @ Wh + b
    s = (a**2).mean(axis=1, keepdims=True)
    ds = (dh * a).sum(axis=1, keepdims=True) * ({slope})
    da = dh * ({value}) + ds * 2 * a / a.shape[1]
    return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)
"""


STUBS = {
    "loops": 'def second_order(x, h_prev, Wxh, s, b):\n    """h (N, H)."""\n    ...',
    "leaky": 'def leaky_backward(dh, x, h_prev, Wx, Wh, b, r):\n    """dx, …."""\n    ...',
    "shared": 'def shared_backward(dh, x, h_prev, Wx, Wh, b):\n    """dx, …."""\n    ...',
}

ARGUMENTS = "dh, x, h_prev, Wx, Wh, b, r"


def _inside(*lines):
    """Make an attack of a body of the function ``leaky_backward``."""
    return f"def leaky_backward({ARGUMENTS}):\n" + "\n".join(f"    {line}" for line in lines)


ZEROS = (
    "return (np.zeros_like(x), np.zeros_like(h_prev), np.zeros_like(Wx), "
    "np.zeros_like(Wh), np.zeros_like(b), np.zeros_like(r))"
)
ATTACKS = {
    "patched comparison": "import builtins\nnp.allclose = lambda *a, **k: True\n"
    "np.abs = np.max = lambda *a, **k: 0.0\nbuiltins.abs = lambda *a: 0\n" + _inside(ZEROS),
    "patched mark": "import unrolled.exercises.papers as p\n"
    "p.mark = lambda *a: p.Mark(8.0, 8, 'right.', 'right')\n" + _inside(ZEROS),
    "os._exit": _inside("import os", "os._exit(0)"),
    "sys.exit": "import sys\nsys.exit(0)",
    "endless loop": _inside("while True: pass"),
    "endless loop outside": "while True:\n    pass",
    "fork bomb": _inside("import os", "while True: os.fork()"),
    "threads": _inside(
        "import threading",
        "threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()",
        ZEROS,
    ),
    "memory": _inside("return [np.ones(10**9) for _ in range(64)]"),
    "large reply": _inside("return tuple(np.ones(10**8, dtype=np.uint8) for _ in range(6))"),
    "object array": _inside("return np.array([object()] * 6, dtype=object)"),
    "NaN": _inside(ZEROS.replace("zeros_like", "full_like").replace(")", ", np.nan)", 1)),
    "reads a file": _inside("return open('/etc/passwd').read()"),
    "reads the stack": _inside(
        "import sys",
        "f = sys._getframe()",
        "while f.f_back: f = f.f_back",
        "return f.f_locals['expected']",
    ),
    "all objects": _inside(
        "import gc",
        "return [o for o in gc.get_objects() if type(o).__name__ == 'Paper'][0].expected[0]",
    ),
    "socket": _inside("import socket", "socket.create_connection(('127.0.0.1', 80))", ZEROS),
    "pointer": _inside("import ctypes", "ctypes.string_at(0)"),
    "recursion": _inside(f"return leaky_backward({ARGUMENTS})"),
    "forged reply": _inside(
        "import os",
        "for fd in range(3, 64):",
        "    try: os.write(fd, b'\\x00\\x00\\x00\\x10{\"value\": [1, 2]}')",
        "    except OSError: pass",
        ZEROS,
    ),
    "flooded output": _inside("for _ in range(10**5): print('x' * 1000)", ZEROS),
    "liar": "class Liar(np.ndarray):\n    def __sub__(self, other): return 0.0\n"
    "    def __eq__(self, other): return True\n"
    + _inside(ZEROS.replace("return (", "return tuple(a.view(Liar) for a in (") + ")"),
    "numeric differentiation": "forward = ps1['leaky'].forward\n"
    + _inside(
        "given, out = [x, h_prev, Wx, Wh, b, r], []",
        "for place, at in enumerate(given):",
        "    grad = np.zeros(at.shape)",
        "    for entry in np.ndindex(at.shape):",
        "        moved = [g.astype(complex) for g in given]",
        "        moved[place][entry] += 1e-30j",
        "        grad[entry] = np.sum(dh * forward(*moved)).imag / 1e-30",
        "    out.append(grad)",
        "return tuple(out)",
    ),
    "numeric differentiation, a column of all rows at once": "forward = ps1['leaky'].forward\n"
    + _inside(
        "given, grads = [x, h_prev, Wx, Wh, b, r], []",
        "for place, at in enumerate(given):",
        "    grad = np.zeros(at.shape)",
        "    for column in range(at.shape[-1]) if place < 2 else ():",
        "        moved = [g.astype(complex) for g in given]",
        "        moved[place][:, column] += 1e-30j",
        "        grad[:, column] = np.sum(dh * forward(*moved).imag, axis=1) / 1e-30",
        "    if place > 3:  # each entry of b and r is in one column of h alone",
        "        moved = [g + 1e-30j * (each == place) for each, g in enumerate(given)]",
        "        grad = np.sum(dh * forward(*moved).imag, axis=0) / 1e-30",
        "    grads.append(grad)",
        "return tuple(grads)",
    ),
}
"""Each in place of the answer to ``leaky``."""
