"""How numbers are written in a table."""

import numpy as np

from ..figures import bootstrap


def number(value):
    """Two digits: 0.40, 8.2e-5, 63."""
    if value == 0 or 0.1 <= abs(value) < 1000:
        return f"{value:#.2g}".rstrip(".")
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def digits(value):
    """Three digits behind the point, for coordination and order."""
    return f"{value:.3f}"


def whole(value):
    """A count, with a half where a median has one, or a number as it is written in a study: 1e-6."""
    return f"{value:g}".replace("e-0", "e-")


def spread(values, show=number):
    """The median (the smallest to the largest), or what all are."""
    low, middle, high = map(show, np.quantile(values, [0, 0.5, 1]))
    return low if low == high else f"{middle} ({low} to {high})"


def reach(values, show=whole):
    """The smallest to the largest."""
    ends = [show(np.min(values)), show(np.max(values))]
    return " to ".join(dict.fromkeys(ends))


def estimated(estimate, groups, show=number):
    """An estimate with its 95% interval by a bootstrap over solids."""
    middle, low, high = map(show, bootstrap.interval(estimate, groups))
    return f"{middle} [{low}, {high}]"


def median(values, show=number):
    """The median of one value per solid with its interval."""
    return estimated(lambda groups: np.median(groups[0]), [list(values)], show)


def share(yes):
    """How many of how many."""
    return f"{int(np.sum(yes))} of {len(yes)}"
