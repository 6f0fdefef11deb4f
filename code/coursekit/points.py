"""Points as they are written, everywhere in the same way."""


def written(points: float) -> str:
    """Write points with a decimal point and at most two decimals.

    Parameters
    ----------
    points : float
        13.333333333333334, say.

    Returns
    -------
    str
        ``"13.33"``; ``"20"`` and not ``"20.00"``.
    """
    return f"{points:.2f}".rstrip("0").rstrip(".")
