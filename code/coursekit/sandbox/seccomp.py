"""The list of system calls that a computing Python needs; the kernel denies all others.

A denied call fails like one that is not permitted (``EPERM``), so ``open`` raises
``PermissionError`` and a thread does not start; the code can go on. Without ``openat``,
``socket``, ``clone``, ``execve`` and ``kill`` there are no files, no network, no processes
and nobody to signal, whatever else of the box would give way.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from typing import NamedTuple


class Machine(NamedTuple):
    """What differs from processor to processor."""

    audit: int
    """The kernel's name for it, which every filter must check."""
    calls: tuple[int, ...]
    """Allowed whatever their arguments."""
    mapping: tuple[int, ...]
    """``mmap`` and ``mprotect``: allowed unless the memory shall be executable."""


MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        (
            *(0, 1, 3, 8),  # read write close lseek
            *(11, 12, 25, 28),  # munmap brk mremap madvise
            *(13, 14, 15, 131),  # rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack
            *(24, 202, 219),  # sched_yield futex restart_syscall
            *(39, 186, 204),  # getpid gettid sched_getaffinity
            *(96, 98, 100, 201, 228, 229),  # gettimeofday getrusage times time clock_get{time,res}
            *(60, 231),  # exit exit_group
            318,  # getrandom
        ),
        (9, 10),
    ),
    "aarch64": Machine(
        0xC00000B7,
        (
            *(63, 64, 57, 62),
            *(215, 214, 216, 233),
            *(134, 135, 139, 132),
            *(124, 98, 128),
            *(172, 178, 123),
            *(169, 165, 153, 113, 114),
            *(93, 94),
            278,
        ),
        (222, 226),
    ),
}

# The kernel's little machine: load a word of the call's record, compare and skip, return.
LOAD, IF_EQUAL, IF_ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
IF_AT_LEAST = 0x35
NUMBER, ARCHITECTURE = 0, 4  # places in struct seccomp_data
PROTECTION = 16 + 2 * 8  # of mmap and mprotect, the third argument's low word
PROT_EXEC = 4
ALLOW, KILL = 0x7FFF0000, 0x80000000
DENY = 0x00050000 | errno.EPERM
X32 = 0x40000000

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 4, 38, 22
SECCOMP_MODE_FILTER = 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def machine() -> Machine | None:
    """Give this machine's table, or None where there is none.

    Returns
    -------
    Machine or None
        For a 64-bit Python on Linux.
    """
    if not sys.platform.startswith("linux") or struct.calcsize("P") != 8:
        return None
    return MACHINES.get(platform.machine())


def program(table: Machine) -> bytes:
    """Assemble the filter.

    Parameters
    ----------
    table : Machine
        Whose calls.

    Returns
    -------
    bytes
        Instructions of the classic BPF, eight bytes each.
    """
    steps: list[tuple[int, int, int, int]] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (IF_EQUAL, 1, 0, table.audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (IF_AT_LEAST, 0, 1, X32),  # x86's second table of numbers, and nonsense
        (RETURN, 0, 0, DENY),
    ]
    for number in table.calls:
        steps += [(IF_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    for number in table.mapping:
        steps += [
            (IF_EQUAL, 0, 4, number),
            (LOAD, 0, 0, PROTECTION),
            (IF_ANY_BIT, 0, 1, PROT_EXEC),
            (RETURN, 0, 0, DENY),
            (RETURN, 0, 0, ALLOW),
        ]
    steps.append((RETURN, 0, 0, DENY))
    return b"".join(struct.pack("=HBBI", code, yes, no, k) for code, yes, no, k in steps)


def install(instructions: bytes) -> None:
    """Put this process, for good, under a filter.

    Parameters
    ----------
    instructions : bytes
        As :func:`program` made them.

    Raises
    ------
    OSError
        The kernel does not take it.
    """
    set_process(PR_SET_NO_NEW_PRIVS, 1)
    made = _Program(len(instructions) // 8, instructions)
    set_process(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(made))


def set_process(option: int, value: int, pointer: int = 0) -> None:
    """Call Linux's ``prctl``.

    Parameters
    ----------
    option, value, pointer : int
        As the kernel names them.

    Raises
    ------
    OSError
        The kernel says no.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    words = (ctypes.c_ulong(value), ctypes.c_ulong(pointer), ctypes.c_ulong(0), ctypes.c_ulong(0))
    if prctl(ctypes.c_int(option), *words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
