"""The per-element equations as plain Python loops: no array operation, nothing from the package.

Every function takes nested lists or arrays and returns nested lists.
"""

from __future__ import annotations

import math


def zeros(*shape):
    if len(shape) == 1:
        return [0.0] * shape[0]
    return [zeros(*shape[1:]) for _ in range(shape[0])]


def row(b):
    """A bias as (H,), whether it came as (H,) or (1, H)."""
    return [float(v) for v in (b[0] if hasattr(b[0], "__len__") else b)]


def like_bias(db, b):
    return [db] if hasattr(b[0], "__len__") else db


def is_ids(xs):
    while hasattr(xs, "__len__"):
        xs = xs[0]
    return float(xs).is_integer() and "int" in type(xs).__name__


def as_vectors(x, D):
    """Token ids (N,) as one-hot rows (N, D)."""
    if not is_ids(x):
        return x
    return [[1.0 if d == i else 0.0 for d in range(D)] for i in x]


def rnn_step(params, x, state):
    """h_nj = tanh(b_j + Σ_i h_ni Wh_ij + Σ_d x_nd Wx_dj)."""
    Wx, Wh, b = params
    (h,) = state
    D, H, N = len(Wx), len(Wh), len(h)
    x, bias = as_vectors(x, D), row(b)
    out = zeros(N, H)
    for n in range(N):
        for j in range(H):
            a = bias[j]
            for i in range(H):
                a += h[n][i] * Wh[i][j]
            for d in range(D):
                a += x[n][d] * Wx[d][j]
            out[n][j] = math.tanh(a)
    return (out,)


def rnn_step_backward(params, x, state, dstate):
    """The six gradients of one step: dx, (dh_prev,), (dWx, dWh, db)."""
    Wx, Wh, b = params
    (h,), (dh,) = state, dstate
    (out,) = rnn_step(params, x, state)
    D, H, N = len(Wx), len(Wh), len(h)
    ids, x = is_ids(x), as_vectors(x, D)
    dx, dh_prev = zeros(N, D), zeros(N, H)
    dWx, dWh, db = zeros(D, H), zeros(H, H), zeros(H)
    for n in range(N):
        for j in range(H):
            da = dh[n][j] * (1.0 - out[n][j] ** 2)
            db[j] += da
            for i in range(H):
                dWh[i][j] += h[n][i] * da
                dh_prev[n][i] += Wh[i][j] * da
            for d in range(D):
                dWx[d][j] += x[n][d] * da
                dx[n][d] += Wx[d][j] * da
    return None if ids else dx, (dh_prev,), (dWx, dWh, like_bias(db, b))


def sigmoid(a):
    return 1.0 / (1.0 + math.exp(-a))


def pre_activation(params, x, h, n, column):
    """b_k + Σ_i h_ni Wh_ik + Σ_d x_nd Wx_dk for one column k."""
    Wx, Wh, b = params
    a = row(b)[column]
    for i in range(len(Wh)):
        a += h[n][i] * Wh[i][column]
    for d in range(len(Wx)):
        a += x[n][d] * Wx[d][column]
    return a


def lstm_gates(params, x, state, n, j):
    """i, f, o, g and the new c of unit j, sequence n."""
    h, c = state
    H = len(params[1])
    i, f, o = (sigmoid(pre_activation(params, x, h, n, k * H + j)) for k in range(3))
    g = math.tanh(pre_activation(params, x, h, n, 3 * H + j))
    return i, f, o, g, f * c[n][j] + i * g


def lstm_step(params, x, state):
    """Per unit, h = o tanh(c), c = f c_prev + i g; columns i, f, o, g."""
    H, N = len(params[1]), len(state[0])
    x = as_vectors(x, len(params[0]))
    h_next, c_next = zeros(N, H), zeros(N, H)
    for n in range(N):
        for j in range(H):
            _, _, o, _, c = lstm_gates(params, x, state, n, j)
            c_next[n][j] = c
            h_next[n][j] = o * math.tanh(c)
    return (h_next, c_next)


def lstm_step_backward(params, x, state, dstate):
    """Every gradient of one LSTM step: dx, (dh_prev, dc_prev), (dWx, dWh, db)."""
    Wx, Wh, b = params
    (h, c_prev), (dh, dc_next) = state, dstate
    D, H, N = len(Wx), len(Wh), len(h)
    ids, x = is_ids(x), as_vectors(x, D)
    dx, dh_prev, dc_prev = zeros(N, D), zeros(N, H), zeros(N, H)
    dWx, dWh, db = zeros(D, 4 * H), zeros(H, 4 * H), zeros(4 * H)
    for n in range(N):
        for j in range(H):
            i, f, o, g, c = lstm_gates(params, x, state, n, j)
            dc = dc_next[n][j] + dh[n][j] * o / math.cosh(c) ** 2
            dc_prev[n][j] = dc * f
            da = (
                dc * g * i * (1.0 - i),
                dc * c_prev[n][j] * f * (1.0 - f),
                dh[n][j] * math.tanh(c) * o * (1.0 - o),
                dc * i * (1.0 - g * g),
            )
            for block in range(4):
                k = block * H + j
                db[k] += da[block]
                for m in range(H):
                    dWh[m][k] += h[n][m] * da[block]
                    dh_prev[n][m] += Wh[m][k] * da[block]
                for d in range(D):
                    dWx[d][k] += x[n][d] * da[block]
                    dx[n][d] += Wx[d][k] * da[block]
    return None if ids else dx, (dh_prev, dc_prev), (dWx, dWh, like_bias(db, b))


def gru_gates(params, x, h, n, j):
    """r, z, the candidate and q = h W_hn + b_hn of unit j, sequence n."""
    Wx, Wh, b, bhn = params
    H = len(Wh)
    r, z = (sigmoid(pre_activation((Wx, Wh, b), x, h, n, k * H + j)) for k in range(2))
    q = row(bhn)[j]
    for i in range(H):
        q += h[n][i] * Wh[i][2 * H + j]
    a = row(b)[2 * H + j] + r * q
    for d in range(len(Wx)):
        a += x[n][d] * Wx[d][2 * H + j]
    return r, z, math.tanh(a), q


def gru_step(params, x, state):
    """Per unit, h = (1 − z) n + z h_prev, n = tanh(x W_xn + b_n + r q); columns r, z, n."""
    (h,) = state
    H, N = len(params[1]), len(h)
    x = as_vectors(x, len(params[0]))
    out = zeros(N, H)
    for n in range(N):
        for j in range(H):
            _, z, candidate, _ = gru_gates(params, x, h, n, j)
            out[n][j] = candidate + z * (h[n][j] - candidate)
    return (out,)


def gru_step_backward(params, x, state, dstate):
    """Every gradient of one GRU step: dx, (dh_prev,), (dWx, dWh, db, dbhn)."""
    Wx, Wh, b, bhn = params
    (h,), (dh,) = state, dstate
    D, H, N = len(Wx), len(Wh), len(h)
    ids, x = is_ids(x), as_vectors(x, D)
    dx, dh_prev = zeros(N, D), zeros(N, H)
    dWx, dWh, db, dbhn = zeros(D, 3 * H), zeros(H, 3 * H), zeros(3 * H), zeros(H)
    for n in range(N):
        for j in range(H):
            r, z, candidate, q = gru_gates(params, x, h, n, j)
            dh_prev[n][j] += dh[n][j] * z
            da_n = dh[n][j] * (1.0 - z) * (1.0 - candidate**2)
            da_z = dh[n][j] * (h[n][j] - candidate) * z * (1.0 - z)
            da_r = da_n * q * r * (1.0 - r)
            dbhn[j] += da_n * r
            for block, from_x, from_h in ((0, da_r, da_r), (1, da_z, da_z), (2, da_n, da_n * r)):
                k = block * H + j
                db[k] += from_x
                for m in range(H):
                    dWh[m][k] += h[n][m] * from_h
                    dh_prev[n][m] += Wh[m][k] * from_h
                for d in range(D):
                    dWx[d][k] += x[n][d] * from_x
                    dx[n][d] += Wx[d][k] * from_x
    dparams = (dWx, dWh, like_bias(db, b), like_bias(dbhn, bhn))
    return None if ids else dx, (dh_prev,), dparams


def before_gates(params, x, h, n):
    """r, z and the candidates of sequence n; the candidate sees r h_prev, unit by unit."""
    H = len(params[1])
    r = [sigmoid(pre_activation(params, x, h, n, j)) for j in range(H)]
    z = [sigmoid(pre_activation(params, x, h, n, H + j)) for j in range(H)]
    seen = [[r[i] * h[n][i] for i in range(H)]]
    candidate = [math.tanh(pre_activation(params, [x[n]], seen, 0, 2 * H + j)) for j in range(H)]
    return r, z, candidate


def before_step(params, x, state):
    """Per unit, h = (1 − z) n + z h_prev, n = tanh(x W_xn + b_n + Σ r h_prev W_hn)."""
    (h,) = state
    H, N = len(params[1]), len(h)
    x = as_vectors(x, len(params[0]))
    out = zeros(N, H)
    for n in range(N):
        _, z, candidate = before_gates(params, x, h, n)
        for j in range(H):
            out[n][j] = candidate[j] + z[j] * (h[n][j] - candidate[j])
    return (out,)


def before_step_backward(params, x, state, dstate):
    """Every gradient of one step, reset before: dx, (dh_prev,), (dWx, dWh, db)."""
    Wx, Wh, b = params
    (h,), (dh,) = state, dstate
    D, H, N = len(Wx), len(Wh), len(h)
    ids, x = is_ids(x), as_vectors(x, D)
    dx, dh_prev = zeros(N, D), zeros(N, H)
    dWx, dWh, db = zeros(D, 3 * H), zeros(H, 3 * H), zeros(3 * H)
    for n in range(N):
        r, z, candidate = before_gates(params, x, h, n)
        da = zeros(3 * H)
        for j in range(H):
            dh_prev[n][j] += dh[n][j] * z[j]
            da[H + j] = dh[n][j] * (h[n][j] - candidate[j]) * z[j] * (1.0 - z[j])
            da[2 * H + j] = dh[n][j] * (1.0 - z[j]) * (1.0 - candidate[j] ** 2)
        for i in range(H):
            dseen = sum(da[2 * H + j] * Wh[i][2 * H + j] for j in range(H))
            da[i] = dseen * h[n][i] * r[i] * (1.0 - r[i])
            dh_prev[n][i] += dseen * r[i]
        for k in range(3 * H):
            db[k] += da[k]
            for m in range(H):
                dWh[m][k] += (h[n][m] if k < 2 * H else r[m] * h[n][m]) * da[k]
                if k < 2 * H:
                    dh_prev[n][m] += Wh[m][k] * da[k]
            for d in range(D):
                dWx[d][k] += x[n][d] * da[k]
                dx[n][d] += Wx[d][k] * da[k]
    return None if ids else dx, (dh_prev,), (dWx, dWh, like_bias(db, b))


def mgu_gates(params, x, h, n):
    """Gate f and the candidates of sequence n; the candidate sees f h_prev."""
    H = len(params[1])
    f = [sigmoid(pre_activation(params, x, h, n, j)) for j in range(H)]
    seen = [[f[i] * h[n][i] for i in range(H)]]
    return f, [math.tanh(pre_activation(params, [x[n]], seen, 0, H + j)) for j in range(H)]


def mgu_step(params, x, state):
    """Per unit, h = (1 − f) h_prev + f n; columns f, n."""
    (h,) = state
    H, N = len(params[1]), len(h)
    x = as_vectors(x, len(params[0]))
    out = zeros(N, H)
    for n in range(N):
        f, candidate = mgu_gates(params, x, h, n)
        for j in range(H):
            out[n][j] = h[n][j] + f[j] * (candidate[j] - h[n][j])
    return (out,)


def mgu_step_backward(params, x, state, dstate):
    """Every gradient of one minimal gated step: dx, (dh_prev,), (dWx, dWh, db)."""
    Wx, Wh, b = params
    (h,), (dh,) = state, dstate
    D, H, N = len(Wx), len(Wh), len(h)
    ids, x = is_ids(x), as_vectors(x, D)
    dx, dh_prev = zeros(N, D), zeros(N, H)
    dWx, dWh, db = zeros(D, 2 * H), zeros(H, 2 * H), zeros(2 * H)
    for n in range(N):
        f, candidate = mgu_gates(params, x, h, n)
        da = zeros(2 * H)
        for j in range(H):
            dh_prev[n][j] += dh[n][j] * (1.0 - f[j])
            da[H + j] = dh[n][j] * f[j] * (1.0 - candidate[j] ** 2)
        for i in range(H):
            dseen = sum(da[H + j] * Wh[i][H + j] for j in range(H))
            df = dh[n][i] * (candidate[i] - h[n][i]) + dseen * h[n][i]
            da[i] = df * f[i] * (1.0 - f[i])
            dh_prev[n][i] += dseen * f[i]
        for k in range(2 * H):
            db[k] += da[k]
            for m in range(H):
                dWh[m][k] += (h[n][m] if k < H else f[m] * h[n][m]) * da[k]
                if k < H:
                    dh_prev[n][m] += Wh[m][k] * da[k]
            for d in range(D):
                dWx[d][k] += x[n][d] * da[k]
                dx[n][d] += Wx[d][k] * da[k]
    return None if ids else dx, (dh_prev,), (dWx, dWh, like_bias(db, b))


def peephole_gates(params, x, state, n, j):
    """i, f, o, g and the new c of unit j: i and f see c_prev, o sees c."""
    Wx, Wh, b, pi, pf, po = params
    (h, c_prev), plain = state, (Wx, Wh, b)
    H = len(Wh)
    i = sigmoid(pre_activation(plain, x, h, n, j) + float(pi[j]) * c_prev[n][j])
    f = sigmoid(pre_activation(plain, x, h, n, H + j) + float(pf[j]) * c_prev[n][j])
    g = math.tanh(pre_activation(plain, x, h, n, 3 * H + j))
    c = f * c_prev[n][j] + i * g
    return i, f, sigmoid(pre_activation(plain, x, h, n, 2 * H + j) + float(po[j]) * c), g, c


def coupled_gates(params, x, state, n, j):
    """i, 1 − i, o, g and the new c of unit j; columns i, o, g."""
    h, c_prev = state
    H = len(params[1])
    i, o = (sigmoid(pre_activation(params, x, h, n, k * H + j)) for k in range(2))
    g = math.tanh(pre_activation(params, x, h, n, 2 * H + j))
    return i, 1.0 - i, o, g, c_prev[n][j] + i * (g - c_prev[n][j])


def memory_step(gates, params, x, state):
    """One step, h = o tanh(c) and c, with the gates of a cell that keeps a memory."""
    H, N = len(params[1]), len(state[0])
    x = as_vectors(x, len(params[0]))
    h_next, c_next = zeros(N, H), zeros(N, H)
    for n in range(N):
        for j in range(H):
            _, _, o, _, c_next[n][j] = gates(params, x, state, n, j)
            h_next[n][j] = o * math.tanh(c_next[n][j])
    return (h_next, c_next)


def peephole_step(params, x, state):
    return memory_step(peephole_gates, params, x, state)


def coupled_step(params, x, state):
    return memory_step(coupled_gates, params, x, state)


def memory_back(params, x, state, columns_of, dc_extra):
    """What all memory cells share once the da of each unit are known."""
    Wx, Wh = params[:2]
    D, H, N = len(Wx), len(Wh), len(state[0])
    x = as_vectors(x, D)
    K = len(Wh[0])
    dx, dh_prev = zeros(N, D), zeros(N, H)
    dWx, dWh, db = zeros(D, K), zeros(H, K), zeros(K)
    for n in range(N):
        for j in range(H):
            for block, da in enumerate(columns_of(n, j)):
                k = block * H + j
                db[k] += da
                for m in range(H):
                    dWh[m][k] += state[0][n][m] * da
                    dh_prev[n][m] += Wh[m][k] * da
                for d in range(D):
                    dWx[d][k] += x[n][d] * da
                    dx[n][d] += Wx[d][k] * da
    dc_prev = [[dc_extra(n, j) for j in range(H)] for n in range(N)]
    return dx, (dh_prev, dc_prev), (dWx, dWh, db)


def peephole_step_backward(params, x, state, dstate):
    """Every gradient of one peephole step; the three peepholes last."""
    po = params[5]
    (_, c_prev), (dh, dc_next) = state, dstate
    rows = as_vectors(x, len(params[0]))
    H, N = len(params[1]), len(dh)

    def of(n, j):
        i, f, o, g, c = peephole_gates(params, rows, state, n, j)
        da_o = dh[n][j] * math.tanh(c) * o * (1.0 - o)
        dc = dc_next[n][j] + dh[n][j] * o / math.cosh(c) ** 2 + da_o * float(po[j])
        da_f = dc * c_prev[n][j] * f * (1.0 - f)
        return dc * g * i * (1.0 - i), da_f, da_o, dc * i * (1.0 - g * g), dc * f, c

    def extra(n, j):
        da_i, da_f, _, _, kept, _ = of(n, j)
        return kept + da_i * float(params[3][j]) + da_f * float(params[4][j])

    dx, before, (dWx, dWh, db) = memory_back(params, x, state, lambda n, j: of(n, j)[:4], extra)
    dp = zeros(3, H)
    for n in range(N):
        for j in range(H):
            da_i, da_f, da_o, _, _, c = of(n, j)
            dp[0][j] += da_i * c_prev[n][j]
            dp[1][j] += da_f * c_prev[n][j]
            dp[2][j] += da_o * c
    return None if is_ids(x) else dx, before, (dWx, dWh, like_bias(db, params[2]), *dp)


def coupled_step_backward(params, x, state, dstate):
    """Every gradient of one coupled step: dx, (dh_prev, dc_prev), (dWx, dWh, db)."""
    (_, c_prev), (dh, dc_next) = state, dstate
    rows = as_vectors(x, len(params[0]))

    def of(n, j):
        i, f, o, g, c = coupled_gates(params, rows, state, n, j)
        dc = dc_next[n][j] + dh[n][j] * o / math.cosh(c) ** 2
        return (
            dc * (g - c_prev[n][j]) * i * f,
            dh[n][j] * math.tanh(c) * o * (1.0 - o),
            dc * i * (1.0 - g * g),
            dc * f,
        )

    dx, before, (dWx, dWh, db) = memory_back(
        params, x, state, lambda n, j: of(n, j)[:3], lambda n, j: of(n, j)[3]
    )
    return None if is_ids(x) else dx, before, (dWx, dWh, like_bias(db, params[2]))


STEPS = {
    "RNN": (rnn_step, rnn_step_backward),
    "LSTM": (lstm_step, lstm_step_backward),
    "GRU": (gru_step, gru_step_backward),
    "ResetBeforeGRU": (before_step, before_step_backward),
    "MGU": (mgu_step, mgu_step_backward),
    "PeepholeLSTM": (peephole_step, peephole_step_backward),
    "CoupledLSTM": (coupled_step, coupled_step_backward),
}


def add(one, other):
    if isinstance(one, (tuple, list)):
        return type(one)([add(a, b) for a, b in zip(one, other, strict=True)])
    return one + other


def unroll(name, params, xs, state0):
    """All hidden states, and every state from the first to the last."""
    step, _ = STEPS[name]
    states = [state0]
    for x in xs:
        states.append(step(params, x, states[-1]))
    return [state[0] for state in states[1:]], states


def unroll_backward(name, params, xs, state0, dhs, dstate_T):
    """BPTT, one number at a time: dxs, dstate0, dparams; h is the state's first array."""
    _, step_backward = STEPS[name]
    _, states = unroll(name, params, xs, state0)
    carry = dstate_T
    if carry is None:
        carry = tuple(zeros(len(part), len(part[0])) for part in state0)
    dxs, total = [None] * len(xs), None
    for t in range(len(xs) - 1, -1, -1):
        if dhs is not None:
            above = [[float(v) for v in r] for r in dhs[t]]
            carry = above_first(carry, above)
        dxs[t], carry, part = step_backward(params, xs[t], states[t], carry)
        total = part if total is None else add(total, part)
    return (None if dxs[0] is None else dxs), carry, total


def above_first(carry, above):
    first = [[float(v) for v in r] for r in carry[0]]
    return (add(first, above), *carry[1:])


def cross_entropy(logits, targets, mask=None):
    """Logits (T, N, V): the loss, and its gradient."""
    T, N, V = len(logits), len(logits[0]), len(logits[0][0])
    total, grad = 0.0, zeros(T, N, V)
    for t in range(T):
        for n in range(N):
            if mask is not None and not mask[t][n]:
                continue
            z = [float(v) for v in logits[t][n]]
            top = max(z)
            log_sum = top + math.log(sum(math.exp(v - top) for v in z))
            total += (log_sum - z[targets[t][n]]) / N
            for v in range(V):
                right = 1.0 if v == targets[t][n] else 0.0
                grad[t][n][v] = (math.exp(z[v] - log_sum) - right) / N
    return total, grad


def squared_error(y, targets, mask=None):
    """Predictions (T, N, V): the loss, and its gradient."""
    T, N, V = len(y), len(y[0]), len(y[0][0])
    total, grad = 0.0, zeros(T, N, V)
    for t in range(T):
        for n in range(N):
            if mask is not None and not mask[t][n]:
                continue
            for v in range(V):
                gap = float(y[t][n][v]) - float(targets[t][n][v])
                total += gap * gap / V / N
                grad[t][n][v] = 2.0 * gap / V / N
    return total, grad


LOSSES = {"cross_entropy": cross_entropy, "squared_error": squared_error}


def model(name, loss, steps, params, xs, targets, state0, mask):
    """Loss, ((dcell), dWy, dby), dxs, dstate0 of a cell with a readout."""
    cell, Wy, by = params
    hs, _ = unroll(name, cell, xs, state0)
    T, N, H, V = len(hs), len(hs[0]), len(Wy), len(Wy[0])
    scored = range(T) if steps == "every" else [T - 1]
    if steps == "last":
        targets, mask = [targets], None if mask is None else [mask]
    out = zeros(len(scored), N, V)
    bias = row(by)
    for k, t in enumerate(scored):
        for n in range(N):
            for v in range(V):
                out[k][n][v] = bias[v] + sum(hs[t][n][j] * Wy[j][v] for j in range(H))
    value, dout = LOSSES[loss](out, targets, mask)
    dWy, dby, dhs = zeros(H, V), zeros(V), zeros(T, N, H)
    for k, t in enumerate(scored):
        for n in range(N):
            for v in range(V):
                dby[v] += dout[k][n][v]
                for j in range(H):
                    dWy[j][v] += hs[t][n][j] * dout[k][n][v]
                    dhs[t][n][j] += Wy[j][v] * dout[k][n][v]
    dxs, dstate0, dcell = unroll_backward(name, cell, xs, state0, dhs, None)
    return value, (dcell, dWy, like_bias(dby, by)), dxs, dstate0
