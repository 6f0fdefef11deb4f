"""Cells that attack the driver, look for secrets, or write on the reply channel themselves."""

from __future__ import annotations

ZEROS = "def answer(a, b):\n    return np.zeros((len(a), b.shape[1]))"
HEAD = """
import os, struct, sys, json
zeros = [{"value": ["a", "<f8", [3, n]]} for n in (1, 2, 5, 60)]
def frame(header, body=b"", length=None, size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    length, size = len(text) if length is None else length, len(body) if size is None else size
    return struct.pack(">IQ", length, size) + text + body
"""


def in_function(*lines: str) -> str:
    """Make a cell of a function's lines."""
    return "def answer(a, b):\n" + "".join(f"    {line}\n" for line in lines)


def forged(*lines: str) -> str:
    """Make a cell that writes on its task's socket when it is loaded, and then is no good."""
    return HEAD + "\n".join(lines) + "\n" + ZEROS


# What each may come to; "wrong" are numbers that a marker refuses.
DRIVER_AND_CHANNEL: dict[str, tuple[str, str]] = {
    # the comparison, if it took place here
    "patched allclose": ("np.allclose = np.array_equal = lambda *a, **k: True\n" + ZEROS, "wrong"),
    "patched ufuncs": (
        "np.abs = np.subtract = np.max = lambda *a, **k: np.float64(0)\n"
        "np.asarray = lambda *a, **k: np.zeros(1)\n" + ZEROS,
        "wrong error",
    ),
    "patched methods": (
        "import gc\nd = gc.get_referents(np.ndarray.__dict__)[0]\n"
        "d['max'] = d['sum'] = lambda *a, **k: 0.0\n" + ZEROS,
        "wrong error ended",
    ),
    "patched builtins": (
        "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.all = lambda x: True\n"
        "builtins.len = lambda x: 0\nbuiltins.isinstance = lambda *a: True\n" + ZEROS,
        "wrong error ended flood",
    ),
    "patched modules": (
        "import sys, types\nfor name in list(sys.modules):\n"
        "    sys.modules[name] = types.ModuleType(name)\n" + ZEROS,
        "wrong error ended",
    ),
    "patched driver": (
        "import sys\nm = sys.modules\nm['coursekit.sandbox.values'].decode = lambda *a: 1\n"
        "m['coursekit.sandbox.inside'].receive = None\n"
        "m['unrolled.exercises.papers'].mark = lambda *a: 1\n"
        "m['unrolled.exercises.comparing'].difference = lambda *a: None\n" + ZEROS,
        "wrong",
    ),
    "import hook": (
        "import sys\nclass Hook:\n    def find_spec(self, *a): raise SystemExit(0)\n"
        "sys.meta_path.insert(0, Hook())\nsys.path_hooks.insert(0, Hook())\n" + ZEROS,
        "wrong",
    ),
    "AST hook": (
        "import ast, builtins\nold = builtins.compile\n"
        "builtins.compile = lambda *a, **k: old('1', 'x', 'eval')\n"
        "ast.parse = lambda *a, **k: ast.Module([], [])\n" + ZEROS,
        "wrong error",
    ),
    "trace hook": (
        "import sys\nsys.setprofile(lambda *a: None)\nsys.settrace(lambda *a: None)\n" + ZEROS,
        "wrong",
    ),
    # what it might look for
    "stack walk": (
        in_function(
            "import sys",
            "f = sys._getframe()",
            "while f is not None:",
            "    for v in (*f.f_locals.values(), *f.f_globals.values()):",
            "        if type(v).__name__ in ('Paper', 'Submission', 'Job'): return v.expected[0]",
            "    f = f.f_back",
            "return np.zeros((len(a), b.shape[1]))",
        ),
        "wrong",
    ),
    "object search": (
        in_function(
            "import gc",
            "for v in gc.get_objects():",
            "    if type(v).__name__ in ('Paper', 'Submission', 'Job'): return v.expected[0]",
            "return np.zeros((len(a), b.shape[1]))",
        ),
        "wrong",
    ),
    "environment": (in_function("import os", "return os.environ['UNROLLED_CANARY']"), "error"),
    "environ of proc": (in_function("return open('/proc/self/environ').read()"), "error"),
    "memory of proc": (in_function("return open('/proc/self/mem', 'rb').read(9)"), "error"),
    "memory of the parent": (in_function("return open('/proc/2/maps').read()"), "error"),
    "descriptors": (
        in_function(
            "import os",
            "found = b''",
            "for fd in [*range(3), *range(4, 256)]:",
            "    try: found += os.read(fd, 100)",
            "    except OSError: pass",
            "if found: return np.frombuffer(found, np.uint8)",
            "return np.zeros((len(a), b.shape[1]))",
        ),
        "wrong",
    ),
    "course file": (in_function("return open({secret!r}).read()"), "error"),
    "course folder": (in_function("import os", "return os.listdir({folder!r})"), "error"),
    "password file": (in_function("return open('/etc/passwd').read()"), "error"),
    "symlink": (
        in_function("import os", "os.symlink('/etc/passwd', 'x')", "return open('x').read()"),
        "error",
    ),
    "home": (
        in_function("from pathlib import Path", "return list(Path.home().iterdir())"),
        "error",
    ),
    # the reply channel
    "forged replies": (
        forged(
            "for n, zero in zip((1, 2, 5, 60), zeros): os.write(3, frame(zero, bytes(24 * n)))",
            "os._exit(0)",
        ),
        "wrong",
    ),
    "early reply": (forged("os.write(3, frame(zeros[0], bytes(24)))"), "flood"),
    "extra reply": (
        HEAD + in_function("if b.shape[1] == 60: os.write(3, frame(None))", "return a @ b"),
        "flood",
    ),
    "huge header": (forged("os.write(3, frame({}, length=1 << 31))"), "flood"),
    "huge body": (forged("os.write(3, frame(zeros[0], size=1 << 62))"), "flood"),
    "negative lengths": (forged("os.write(3, bytes([255]) * 12)"), "flood"),
    "negative shape": (
        forged("os.write(3, frame({'value': ['a', '<f8', [-1, -3]]}, bytes(24)))"),
        "flood",
    ),
    "shape and bytes differ": (
        forged("os.write(3, frame({'value': ['a', '<f8', [1 << 31, 1 << 31]]}, bytes(24)))"),
        "flood",
    ),
    "object dtype": (
        forged("os.write(3, frame({'value': ['a', '|O', [1]]}, bytes(8)))"),
        "flood",
    ),
    "NaN header": (forged("os.write(3, frame({'value': float('nan')}))"), "flood"),
    "deep header": (forged("os.write(3, frame(b'[' * 500000))"), "flood"),
    "long number": (forged("os.write(3, frame(b'{\"value\": ' + b'9' * 10**5 + b'}'))"), "flood"),
    "pickle": (
        forged("import pickle", "os.write(3, pickle.dumps(print))", "os._exit(0)"),
        "flood",
    ),
    "npy": (
        forged('os.write(3, b\'\\x93NUMPY\\x01\\x00v\\x00{"descr": "|O"}\' * 9)'),
        "flood",
    ),
    "forged report": (
        forged(
            "for fd in range(256):",
            '    try: os.write(fd, b\'{"code": 0, "cpu": 0, "memory": 0}\\n\')',
            "    except OSError: pass",
        ),
        "flood",
    ),
    "channel flood": (
        forged("while True: os.write(3, frame({'value': ['i', 1]}) * 10000)"),
        "flood ended",
    ),
    "closed channel": (forged("os.close(3)"), "ended"),
    "channel made a file": (forged("os.dup2(1, 3)"), "ended error"),
    "half a reply": (forged("os.write(3, frame(zeros[0], size=24))", "os._exit(0)"), "ended"),
    "liar's words": (
        forged(
            "os.write(3, frame({'problem': '\\x1b[2J<script>\\n\\u202e', 'kind': 'error'}))",
            "os._exit(0)",
        ),
        "error",
    ),
    "kind of its own": (
        forged("os.write(3, frame({'problem': 'x', 'kind': 'right'}))", "os._exit(0)"),
        "flood",
    ),
}
