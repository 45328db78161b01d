"""Scenarios that differ in one number of the solid only, such as p or N."""

from . import words


class Scan:
    """One parameterisation at several values of a number, by growing value."""

    def __init__(self, key, thetas):
        self.thetas = sorted(thetas, key=lambda theta: theta.source.solid[key])
        self.values = [theta.source.solid[key] for theta in self.thetas]

    def title(self, every, key):
        """What it is, as far as scans of one figure differ; their dimension always."""
        theta = self.thetas[0]
        parts = [words.dimension(theta.source)]
        for describe in (lambda t: words.structure(t.source), words.kinds, *_numbers(key)):
            if len({describe(scan.thetas[0]) for scan in every}) > 1:
                parts.append(describe(theta))
        return ", ".join(parts)


def _numbers(key):
    if key != "pressure":
        yield lambda theta: f"$p =$ {words.pressure(theta.source)}"
    if key != "particles":
        yield lambda theta: f"$N = {theta.source.solid['particles']}$"
    yield lambda theta: rf"$n_\theta = {len(theta.parameters)}$"


def scans(sources, key, where=lambda theta: True):
    """The parameterisations (those that are wanted) by what they have in common, where `key` takes several values."""
    groups = {}
    for source in sources:
        if source.solid.get(key) is None:
            continue
        rest = str(
            sorted(
                (name, value)
                for name, value in source.solid.items()
                if name != key and name != "start_packing_fraction"
            )
        )
        for theta in filter(where, source.thetas):
            groups.setdefault((rest, theta.kinds, len(theta.parameters)), []).append(theta)
    made = [Scan(key, thetas) for thetas in groups.values()]
    return sorted(
        (scan for scan in made if len(set(scan.values)) > 1),
        key=lambda scan: scan.thetas[0].source.solid["dimension"],
    )
