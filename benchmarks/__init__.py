"""How fast the package is, measured beside others in one run: ``make bench``.

Read ``sizes`` (what is computed), then ``ours``, ``loops``, ``floor``, ``pytorch`` and
``jax_scan`` (who computes it), ``clock`` (how it is timed), and ``__main__`` (the whole run).
"""
