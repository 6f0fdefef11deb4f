"""Cells that return what is no answer, ask the system for what is denied, or do not end."""

from __future__ import annotations

from course.hostile_cells import ZEROS, forged, in_function

LOOP = "while True: pass"

VALUES_AND_SYSTEM: dict[str, tuple[str, str]] = {
    # values
    "10 GB": (in_function("return np.ones(10 * 2**30 // 8)"), "memory"),
    "1 GB": (in_function("return np.broadcast_to(1.0, (2**27,))"), "flood"),
    "objects": (in_function("return np.array([print, 1], object)"), "error"),
    "structured": (in_function("return np.zeros(3, [('x', float)])"), "error"),
    "subclass": (
        in_function(
            "class Liar(np.ndarray):",
            "    def __eq__(self, o): return True",
            "    def tobytes(self, *a): return b''",
            "    def astype(self, *a, **k): return self",
            "return np.zeros((len(a), b.shape[1])).view(Liar)",
        ),
        "wrong flood",
    ),
    "deep list": (in_function("x = []", "for _ in range(10**5): x = [x]", "return x"), "error"),
    "wide list": (in_function("x = [1]", "for _ in range(30): x = [x, x]", "return x"), "error"),
    "long integer": (in_function("return 10**(10**6)"), "error"),
    "NaN": (in_function("return a @ b * np.nan"), "wrong"),
    "infinity": (in_function("return np.full((len(a), b.shape[1]), np.inf)"), "wrong"),
    "generator": (in_function("return (x for x in a)"), "error"),
    "__array__": (
        in_function(
            "class Liar:",
            "    def __array__(self, *a, **k): return np.zeros(1)",
            "    def __eq__(self, o): return True",
            "return Liar()",
        ),
        "error",
    ),
    "__class__": (
        in_function(
            "class Liar:",
            "    __class__ = property(lambda self: np.ndarray)",
            "    def __getattr__(self, name): return self",
            "return Liar()",
        ),
        "error",
    ),
    # processes, files, network
    "os._exit": (in_function("import os", "os._exit(0)"), "ended"),
    "sys.exit": (in_function("import sys", "sys.exit(0)"), "ended"),
    "exit in the cell": ("raise SystemExit(0)", "ended"),
    "abort": (in_function("import os", "os.abort()"), "ended"),
    "segfault": (in_function("import ctypes", "ctypes.string_at(0)"), "ended"),
    "raw memory": (
        in_function("import ctypes", "ctypes.memset(id(np.ndarray), 0, 400)", "return a @ b"),
        "ended error",
    ),
    "fork bomb": (in_function("import os", "while True: os.fork()"), "error"),
    "thread": (
        in_function("import threading", "threading.Thread(target=print).start()", "return a @ b"),
        "error",
    ),
    "os.system": (
        in_function("import os", "return 0.0 + os.system('touch ' + {folder!r} + '/x')"),
        "wrong error",
    ),
    "subprocess": (
        in_function("import os", "return os.posix_spawn('/bin/sh', ['sh'], {})"),
        "error",
    ),
    "exec": (in_function("import os", "os.execv('/bin/sh', ['sh', '-c', 'true'])"), "error"),
    "TCP": (
        in_function("import socket", "return socket.create_connection(('127.0.0.1', {port!r}))"),
        "error",
    ),
    "UDP": (
        in_function("import socket", "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"),
        "error",
    ),
    "abstract socket": (
        in_function(
            "import socket", "s = socket.socket(socket.AF_UNIX)", "s.connect({abstract!r})"
        ),
        "error",
    ),
    "reused socket": (
        in_function(
            "import socket", "s = socket.socket(fileno=3)", "return s.connect(({abstract!r}))"
        ),
        "error",
    ),
    "handed descriptor": (
        in_function(
            "import socket", "s = socket.socket(fileno=3)", "socket.send_fds(s, [b'x'], [0])"
        ),
        "error",
    ),
    "files written": (
        in_function(
            "n = 0",
            "for d in ('/tmp', '/dev/shm', '.', '/', '/box', '/run', {folder!r}):",
            "    try: n += open(d + '/x', 'w').write('x')",
            "    except OSError: pass",
            "return n",
        ),
        "wrong",
    ),
    "output flood": (
        in_function(
            "import os",
            "for _ in range(1024):",
            "    os.write(1, bytes(2**20)); os.write(2, bytes(2**20))",
            "return 0.0",
        ),
        "wrong time",
    ),
    "kill all": (
        in_function(
            "import os, signal",
            "for pid in (-1, 0, 1, 2, os.getpid()):",
            "    try: os.kill(pid, signal.SIGKILL)",
            "    except PermissionError: pass",
            "return 0.0",
        ),
        "wrong",
    ),
    "recursion": (in_function("return answer(a, b)"), "error"),
    "deep recursion": (
        in_function(
            "import sys", "sys.setrecursionlimit(10**9)", "return [].sort(key=answer(a, b))"
        ),
        "memory ended time error",
    ),
    "compiler crash": ("x = " + "(" * 5000 + ")" * 5000, "error ended"),
    "huge source": ("x = " + "-" * 500_000 + "1\n" + ZEROS, "error ended memory"),
}

SYSCALLS = {  # x86's numbers; where another processor allows what it calls so, it is left out
    "ptrace": (101, 16, 1),
    "unshare": (272, 0x10000000),
    "mount": (165, 0, 0),
    "setuid": (105, 0),
    "io_uring_setup": (425, 8),
    "keyctl": (250, 0),
    "memfd_create": (319, 0),
    "shmget": (29, 1, 4096, 0o1777),
    "semget": (64, 1, 1, 0o1777),
    "msgget": (68, 1, 0o1777),
    "prlimit64": (302, 0),
    "setrlimit": (160, 0),
    "bpf": (321, 0),
    "perf_event_open": (298, 0),
    "userfaultfd": (323, 0),
    "clone3": (435, 0),
    "vfork": (58,),
    "prctl": (157, 4, 1),
    "pidfd_open": (434, 1),
    "process_vm_readv": (310, 1),
    "nanosleep": (35, 0),
    "openat2": (437, 0),
    "getdents64": (217, 3),
    "x32 open": (0x40000002, 0),
    "executable memory": (9, 0, 4096, 7, 0x22, -1, 0),
}
SLOW: dict[str, tuple[str, str]] = {
    "loop": (in_function(LOOP), "time"),
    "loop in the cell": (LOOP, "time"),
    "loop in __del__": (
        in_function("class D:", "    def __del__(s):", f"        {LOOP}", "D()"),
        "time",
    ),
    "loop in __str__": (
        in_function("class E(Exception):", "    def __str__(s):", f"        {LOOP}", "raise E"),
        "time",
    ),
    "loop in __class__": (
        in_function(
            "class L:",
            "    @property",
            "    def __class__(s):",
            f"        {LOOP}",
            "return L()",
        ),
        "time",
    ),
    "loop in the large call": (
        in_function("if b.shape[1] == 60:", f"    {LOOP}", "return a @ b"),
        "time",
    ),
    "ignored signals": (
        in_function(
            "import signal",
            "for n in range(1, 65):",
            "    try: signal.signal(n, signal.SIG_IGN)",
            "    except (OSError, ValueError): pass",
            LOOP,
        ),
        "time",
    ),
    "everything caught": (
        in_function("while True:", "    try:", f"        {LOOP}", "    except BaseException: pass"),
        "time",
    ),
    "memory caught": (
        in_function(
            "kept = []",
            "while True:",
            "    try: kept.append(np.ones(10**6))",
            "    except BaseException: pass",
        ),
        "time",
    ),
    "deadlock": (
        in_function("import threading", "x = threading.Lock()", "x.acquire()", "x.acquire()"),
        "time",
    ),
    "reads its own task": (forged("os.read(3, 1)"), "time"),
    "half a reply, then waits": (
        forged(
            "import threading",
            "os.write(3, bytes(5))",
            "x = threading.Lock()",
            "x.acquire()",
            "x.acquire()",
        ),
        "time",
    ),
    "closes, then waits": (
        forged(
            "import threading", "os.close(3)", "x = threading.Lock()", "x.acquire()", "x.acquire()"
        ),
        "time",
    ),
}
