"""Features with their Jacobian by automatic differentiation (jax), against amorph.

Stress and elastic constants of a relaxed solid and their derivatives with respect to the diameters of 40
species, through the minimum, and the SVD of these. Float64, one thread of a CPU, compilation apart. Both
routes begin with the relaxed solid and its bonds; all particles that rattle are left out already.

plain     y(u, theta) with the dense Hessian from jax.hessian and a dense solve; dy/du by reverse
          differentiation of all that, du/dtheta by the implicit function theorem.
envelope  dW/dtheta of the minimised energy W is the explicit derivative, so J is its first and second
          derivative along the strain: forward differentiation of the root u(strain), whose linear solves
          share one Cholesky factor. Needs that insight; never differentiates the Hessian.

    python benches/autodiff.py LINES    # what `cargo bench --bench features` prints; prints Markdown

The two must agree with amorph's numbers.
"""

import os

# One thread: jax reads this when it starts.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import json
import statistics
import sys
import time

import jax
import jax.numpy as jnp
import jax.scipy.linalg as linalg
import numpy as np

jax.config.update("jax_enable_x64", True)

# Seconds that the repetitions of one case may take, and how many there are at least and at most.
BUDGET = 15.0
REPEATS = (3, 30)
# Largest relative difference to amorph's J, by its largest element.
AGREEMENT = 1e-8

STRAINS = {2: [(0, 0), (1, 1), (0, 1)], 3: [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]}


def elastic_pairs(count):
    """The order of the elastic constants: the diagonal, then the upper triangle by rows; yyzz xxzz xxyy in 3d."""
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    if count == 6:
        pairs = [(1, 2), (0, 2), (0, 1)] + [(a, b) for a, b in pairs if b > 2]
    return [(a, a) for a in range(count)] + pairs


class Solid:
    """Backbone, bonds and energy; `u` are displacements without those of the first particle, flat."""

    def __init__(self, line):
        self.dimension, self.volume = line["dimension"], line["volume"]
        backbone, bonds = np.unique(np.array(line["bonds"]), return_inverse=True)
        self.i, self.j = bonds.reshape(-1, 2).T
        self.species = np.array(line["species"])[backbone]
        self.separations = jnp.array(line["separations"])
        self.theta = jnp.array(line["diameters"])
        self.free = (len(backbone) - 1) * self.dimension
        basis = np.zeros((len(STRAINS[self.dimension]), self.dimension, self.dimension))
        for a, (alpha, beta) in enumerate(STRAINS[self.dimension]):
            basis[a, alpha, beta] += 0.5
            basis[a, beta, alpha] += 0.5
        self.basis = jnp.array(basis)
        pairs = np.array(elastic_pairs(len(basis)))
        self.rows, self.columns = pairs.T
        self.at_rest = (jnp.zeros(self.free), jnp.zeros(len(basis)))

    def energy(self, u, strain, theta):
        moved = jnp.concatenate([jnp.zeros(self.dimension), u]).reshape(-1, self.dimension)
        deformation = jnp.eye(self.dimension) + jnp.tensordot(strain, self.basis, 1)
        bond = self.separations @ deformation.T + moved[self.i] - moved[self.j]
        sigma = 0.5 * (theta[self.species[self.i]] + theta[self.species[self.j]])
        return 0.5 * jnp.sum((1.0 - jnp.linalg.norm(bond, axis=1) / sigma) ** 2)

    def features(self, stress, elastic):
        return jnp.concatenate([stress, elastic[self.rows, self.columns]]) / self.volume


def plain(solid):
    """theta -> (y, J, singular values)."""
    u, strain = solid.at_rest

    def features(u, theta):
        energy = lambda u, strain: solid.energy(u, strain, theta)
        stress = jax.grad(energy, 1)(u, strain)
        hessian = jax.hessian(energy, 0)(u, strain)
        mixed = jax.jacfwd(jax.grad(energy, 0), 1)(u, strain)
        born = jax.hessian(energy, 1)(u, strain)
        return solid.features(stress, born - mixed.T @ jnp.linalg.solve(hessian, mixed))

    def run(theta):
        values, backward = jax.vjp(features, u, theta)
        # One row after the other: all at once, the intermediates of the Hessian take gigabytes.
        by_u, by_theta = jax.lax.map(backward, jnp.eye(len(values)))
        hessian = jax.hessian(solid.energy, 0)(u, strain, theta)
        coupling = jax.jacfwd(jax.grad(solid.energy, 0), 2)(u, strain, theta)
        jacobian = by_theta - by_u @ jnp.linalg.solve(hessian, coupling)
        return values, jacobian, jnp.linalg.svd(jacobian, full_matrices=False)[1]

    return run


def envelope(solid):
    """theta -> (y, J, singular values)."""
    u, strain = solid.at_rest

    def run(theta):
        factor = linalg.cho_factor(jax.hessian(solid.energy, 0)(u, strain, theta))

        def solve(matvec, right):
            back = lambda _, right: linalg.cho_solve(factor, right)
            return jax.lax.custom_linear_solve(matvec, right, back, symmetric=True)

        def minimum(strain):
            force = lambda u: jax.grad(solid.energy, 0)(u, strain, theta)
            return jax.lax.custom_root(force, u, lambda force, guess: guess, solve)

        def slopes(strain):
            return jax.grad(solid.energy, (1, 2))(minimum(strain), strain, theta)

        def first(strain):
            by_strain = jax.jacfwd(slopes)(strain)
            return by_strain, by_strain

        stress = jax.grad(solid.energy, 1)(u, strain, theta)
        (_, of_theta_twice), (elastic, of_theta) = jax.jacfwd(first, has_aux=True)(strain)
        jacobian = jnp.concatenate([of_theta, of_theta_twice[:, solid.rows, solid.columns]], axis=1).T / solid.volume
        values = solid.features(stress, elastic)
        return values, jacobian, jnp.linalg.svd(jacobian, full_matrices=False)[1]

    return run


def measure(route, solid, line):
    """Seconds of compilation, and CPU time of each repetition; exits where the numbers differ from amorph's."""
    start = time.perf_counter()
    run = jax.jit(route(solid)).lower(solid.theta).compile()
    compilation = time.perf_counter() - start
    seconds, begin = [], time.perf_counter()
    while len(seconds) < REPEATS[1]:
        start = time.process_time()
        result = jax.block_until_ready(run(solid.theta))
        seconds.append(time.process_time() - start)
        if len(seconds) >= REPEATS[0] and time.perf_counter() - begin > BUDGET:
            break
    for name, ours in zip(("features", "jacobian", "singular_values"), result):
        expected = np.array(line[name])
        error = np.abs(np.array(ours) - expected).max() / np.abs(expected).max()
        if not error < AGREEMENT:
            sys.exit(f"{route.__name__}, {solid.dimension}d: {name} differ by {error:.1e}")
    return compilation, seconds


def main():
    print(f"Stress, elastic constants, J for 40 diameters and its SVD, the factorisation counted; jax {jax.__version__}\n")
    print("| d | N | features | amorph [ms] | route | compilation [s] | jax [ms] | fastest, slowest | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    for text in open(sys.argv[1]):
        line = json.loads(text)
        solid = Solid(line)
        own = line["seconds"]
        for route in (plain, envelope):
            print(f"{route.__name__}, {line['dimension']}d, N = {line['particles']}", file=sys.stderr)
            compilation, seconds = measure(route, solid, line)
            median = statistics.median(seconds)
            print(
                f"| {line['dimension']} | {line['particles']} | {len(line['features'])} | {1e3 * own:.3f} "
                f"| {route.__name__} | {compilation:.1f} | {1e3 * median:.4g} "
                f"| {1e3 * min(seconds):.4g}, {1e3 * max(seconds):.4g} | {median / own:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
