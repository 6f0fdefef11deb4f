"""Run a student's function where it can reach nothing.

Three walls, each of which would do alone against what a student can write. ``walls``:
a bubblewrap box without network, devices, ``/proc``, a writable folder or anything of
the course's. ``seccomp``: a list of the few system calls that a computing Python needs.
``asking``: what comes back is bytes, read as hostile, and judged outside the box.

``box.Sandbox`` is the way in.
"""
