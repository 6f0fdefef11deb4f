"""What recurrences and their gradients do, measured: one idea a module.

The functions are here by name too, but for those of ``rtrl``, ``cliff``, ``costs`` and ``speed``,
whose names say enough only behind the module's, those of ``counting`` and ``timing``, which are
about programs, and ``connectivity``, which is its module's name too.
"""

from unrolled.analysis.counts import MODERN, PUBLISHED_1997, weight_count
from unrolled.analysis.highway import cell_gradients, cell_jacobian
from unrolled.analysis.jacobians import (
    GradientByLag,
    gradient_by_lag,
    gradient_norms,
    jacobian_products,
    state_jacobian,
)
from unrolled.analysis.memory import (
    bias_for_half_life,
    bias_to_keep,
    gate_half_life,
    half_life,
)
from unrolled.analysis.paths import (
    Ledger,
    PathSum,
    path_ledger,
    sum_of_paths,
    sums_by_loss,
    sums_by_use,
    term_norms,
)
from unrolled.analysis.scalar_map import attracts, fixed_points, trajectory
from unrolled.analysis.spectra import (
    largest_singular_value,
    may_explode,
    must_vanish,
    norm_bound,
    orthogonal,
    power_norms,
    scaled,
    spectral_radius,
)
from unrolled.analysis.truncation import kept_terms, noise_share, stationary_share

__all__ = [
    "MODERN",
    "PUBLISHED_1997",
    "GradientByLag",
    "Ledger",
    "PathSum",
    "attracts",
    "bias_for_half_life",
    "bias_to_keep",
    "cell_gradients",
    "cell_jacobian",
    "fixed_points",
    "gate_half_life",
    "gradient_by_lag",
    "gradient_norms",
    "half_life",
    "jacobian_products",
    "kept_terms",
    "largest_singular_value",
    "may_explode",
    "must_vanish",
    "noise_share",
    "norm_bound",
    "orthogonal",
    "path_ledger",
    "power_norms",
    "scaled",
    "spectral_radius",
    "state_jacobian",
    "stationary_share",
    "sum_of_paths",
    "sums_by_loss",
    "sums_by_use",
    "term_norms",
    "trajectory",
    "weight_count",
]
