"""JAX's side: ``lax.scan`` over the steps, gradients by ``vjp``, the whole compiled by ``jit``.

As one writes it who knows JAX: the input product of all steps before the scan, one recurrent
product a step. Compilation is not timed, and results are waited for.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.sizes import Answer, Problem, Rival

# each call runs where it is made: a queue costs more than it gains where every result is awaited
jax.config.update("jax_cpu_enable_async_dispatch", False)


def rnn(params: Any, xs: Any) -> Any:
    """Run the plain cell."""
    Wx, Wh, b = params

    def step(h: Any, a: Any) -> Any:
        h = jnp.tanh(a + h @ Wh)
        return h, h

    return jax.lax.scan(step, _zeros(xs, Wh), xs @ Wx + b)[1]


def lstm(params: Any, xs: Any) -> Any:
    """Run the LSTM."""
    Wx, Wh, b = params

    def step(state: Any, a: Any) -> Any:
        h, c = state
        i, f, o, g = jnp.split(a + h @ Wh, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    return jax.lax.scan(step, (_zeros(xs, Wh), _zeros(xs, Wh)), xs @ Wx + b)[1]


def gru(params: Any, xs: Any) -> Any:
    """Run the GRU."""
    Wx, Wh, b, bhn = params

    def step(h: Any, a: Any) -> Any:
        a_r, a_z, a_n = jnp.split(a, 3, axis=1)
        u_r, u_z, u_n = jnp.split(h @ Wh, 3, axis=1)
        r, z = jax.nn.sigmoid(a_r + u_r), jax.nn.sigmoid(a_z + u_z)
        n = jnp.tanh(a_n + r * (u_n + bhn))
        h = (1 - z) * n + z * h
        return h, h

    return jax.lax.scan(step, _zeros(xs, Wh), xs @ Wx + b)[1]


RUNS = {"RNN": rnn, "LSTM": lstm, "GRU": gru}


def rival(problem: Problem) -> Rival:
    """Forward, and backward to the weights and to the inputs."""
    forward = RUNS[problem.cell.name]
    params = tuple(jnp.asarray(array) for array in problem.params)
    xs, dhs = jnp.asarray(problem.xs), jnp.asarray(problem.dhs)

    def both(params: Any, xs: Any, dhs: Any) -> Any:
        hs, backward = jax.vjp(forward, params, xs)
        return hs, *backward(dhs)

    compiled = jax.jit(both)

    def run() -> Any:
        return jax.block_until_ready(compiled(params, xs, dhs))

    def answer() -> Answer:
        hs, dparams, dxs = run()
        return Answer(*(np.asarray(array) for array in (hs, dxs, *dparams[:2])))

    return Rival(run, answer)


def _zeros(xs: Any, Wh: Any) -> Any:
    return jnp.zeros((xs.shape[1], Wh.shape[0]), xs.dtype)
