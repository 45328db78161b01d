"""What scenarios, features and parameters are called in a figure."""

import math

SYMBOLS = {"stress": r"$\Sigma$", "elastic": "$C$", "derived": r"$K, G, \nu$", "allosteric": r"$\eta$"}
STRUCTURES = {
    "disordered": "soft spheres",
    "network": "spring network",
    "triangular": "triangular",
    "fcc": "fcc",
}
# What computing a power of ten may be off by.
ROUNDING = 1e-9
FAMILIES = ["soft spheres", "parameters", "attraction", "networks", "crystals"]


def features(source, name):
    """A feature set in the paper's symbols."""
    kinds = name.split("+")
    symbols = {"modes": rf"$\omega^{{{source.feature_count('modes')}}}$"} | SYMBOLS
    return ", ".join(symbols.get(kind, kind) for kind in kinds)


def crystal(source):
    return source.solid["structure"] in ("triangular", "fcc")


def family(theta):
    """The group of scenarios that a parameterisation belongs to."""
    solid = theta.source.solid
    if crystal(theta.source):
        return "crystals"
    if solid["structure"] == "network":
        return "networks"
    if solid.get("B", 0) != 0:
        return "attraction"
    return "soft spheres" if theta.kinds == "D" else "parameters"


def structure(source):
    """What kind of solid it is, without its dimension."""
    solid = source.solid
    if solid["structure"] == "disordered" and solid.get("B", 0) != 0:
        return f"attractive, $B = {number(solid['B'])}$"
    return source.name if solid["structure"] == "file" else STRUCTURES[solid["structure"]]


def dimension(source):
    return f"{source.solid['dimension']}d"


def kinds(theta):
    """The kinds of parameters as symbols."""
    return "$" + ", ".join(theta.kinds) + "$"


def pressure(source):
    value = source.solid.get("pressure")
    return "–" if value is None else f"${scientific(value)}$"


def number(value):
    """A number for mathtext: 0.01, 256, 2.5 \\times 10^{-4}."""
    plain = value == 0 or 0.01 <= abs(value) < 10000
    return f"{value:.3g}" if plain else scientific(value)


def scientific(value, digits=".3g"):
    """A number with its power of ten for mathtext: 10^{-3}, 2.5 \\times 10^{-4}."""
    exponent = math.floor(math.log10(value) + ROUNDING)
    mantissa = f"{value / 10**exponent:{digits}}"
    if float(mantissa) == 10:
        exponent += 1
        mantissa = f"{1:{digits}}"
    return f"10^{{{exponent}}}" if mantissa == "1" else rf"{mantissa} \times 10^{{{exponent}}}"


def bracket(low, high):
    """The centre of a bracket, with half of its width on the last digit: 6.29(3) \\times 10^{-4}."""
    centre, half = math.sqrt(low * high), (high - low) / 2
    exponent = math.floor(math.log10(centre))
    digits = max(0, exponent - math.floor(math.log10(half)))
    width = math.ceil(half / 10 ** (exponent - digits) - ROUNDING)
    return rf"{centre / 10**exponent:.{digits}f}({width}) \times 10^{{{exponent}}}"


def interval(value, low, high, digits=2):
    """An estimate with its interval: 0.97 [0.95, 0.98]."""
    show = lambda number: f"{number:.{digits}f}".replace("-", "−")
    return f"{show(value)} [{show(low)}, {show(high)}]"
