//! H x = b by conjugate gradients, where a factor of H is dearer: in large solids in three dimensions.
//!
//! Preconditioned by the blocks of H on its diagonal, one for each particle. The number of iterations grows as the
//! root of the condition number, thus with the size and towards jamming; the factor's cost grows with N² in three
//! dimensions.

use nalgebra::SMatrix;

use super::forces::max_norm;
use super::hessian::{Field, dot, multiply, stiffnesses};
use crate::solid::contacts::Contacts;
use crate::solid::potential::Potential;
use crate::solid::{Solid, Vector};

/// From so many particles on in three dimensions (N = 4096, p = 0.1: a solution to 1e-5 takes a sixth of the time of
/// pattern and factor).
const LARGE: usize = 2048;

/// Iterations before giving up, in units of N: as long as pattern and factor take.
const PATIENCE: f64 = 0.2;

/// Are conjugate gradients cheaper than a factor?
pub fn cheaper<const D: usize>(solid: &Solid<D>) -> bool {
    D == 3 && solid.len() >= LARGE
}

type Block<const D: usize> = SMatrix<f64, D, D>;

/// The Hessian of a backbone as a sum over its bonds.
pub struct Conjugate<'a, const D: usize> {
    contacts: &'a Contacts<D>,
    /// φ₁ and φ₂ of every bond.
    stiffnesses: Vec<(f64, f64)>,
    /// The inverse of every block on the diagonal; zero for rattlers.
    inverse: Vec<Block<D>>,
    backbone: usize,
}

impl<'a, const D: usize> Conjugate<'a, D> {
    /// `None` where a block on the diagonal is singular.
    pub fn new(potential: &Potential, contacts: &'a Contacts<D>) -> Option<Self> {
        let mut blocks = vec![Block::zeros(); contacts.rattler.len()];
        let stiffnesses = stiffnesses(potential, &contacts.bonds);
        for (bond, &(phi1, phi2)) in contacts.bonds.iter().zip(&stiffnesses) {
            let r = bond.separation;
            let block = Block::identity() * phi1 + r * r.transpose() * phi2;
            blocks[bond.i] += block;
            blocks[bond.j] += block;
        }
        let inverse = blocks.into_iter().zip(&contacts.rattler).map(|(block, &rattles)| {
            if rattles { Some(Block::zeros()) } else { block.try_inverse() }
        });
        let inverse = inverse.collect::<Option<_>>()?;
        Some(Self { contacts, stiffnesses, inverse, backbone: contacts.backbone_count() })
    }

    fn precondition(&self, rest: &Field<D>, out: &mut Field<D>) {
        let blocks = rest.iter().zip(&self.inverse);
        out.iter_mut().zip(blocks).for_each(|(z, (r, block))| *z = block * r);
    }

    /// x with max_i |b − H x|_i below this share of max_i |b|_i and zero mean over the backbone; b sums to zero over it
    /// and is zero for rattlers. `None` where H is found not to be positive definite, or where it takes too long.
    pub fn solve(&self, right: &Field<D>, share: f64) -> Option<Field<D>> {
        self.solve_within(right, share, (PATIENCE * right.len() as f64) as usize)
    }

    fn solve_within(&self, right: &Field<D>, share: f64, iterations: usize) -> Option<Field<D>> {
        let zeros = || vec![Vector::<D>::zeros(); right.len()];
        let limit = share * max_norm(right);
        // What rounding leaves of a translation is in no H x.
        let mut rest = self.without_mean(right.clone());
        let (mut x, mut product, mut z) = (zeros(), zeros(), zeros());
        self.precondition(&rest, &mut z);
        let mut along = z.clone();
        let mut size = dot(&rest, &z);
        for _ in 0..iterations {
            if max_norm(&rest) <= limit {
                return Some(self.without_mean(x));
            }
            multiply(&self.contacts.bonds, &self.stiffnesses, &along, &mut product);
            let curvature = dot(&along, &product);
            if !(curvature > 0.0) {
                return None;
            }
            let step = size / curvature;
            x.iter_mut().zip(&along).for_each(|(x, p)| *x += p * step);
            rest.iter_mut().zip(&product).for_each(|(r, q)| *r -= q * step);
            self.precondition(&rest, &mut z);
            let next = dot(&rest, &z);
            let kept = next / size;
            along.iter_mut().zip(&z).for_each(|(p, z)| *p = z + *p * kept);
            size = next;
        }
        None
    }

    /// Without the translation of the backbone, and zero for rattlers.
    fn without_mean(&self, mut x: Field<D>) -> Field<D> {
        let mean = x.iter().sum::<Vector<D>>() / self.backbone as f64;
        x.iter_mut()
            .zip(&self.contacts.rattler)
            .filter(|(_, rattles)| !*rattles)
            .for_each(|(x, _)| *x -= mean);
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relax::forces::Forces;
    use crate::relax::hessian::Hessian;
    use crate::relax::newton::relax_by_fire;
    use crate::relax::prepare::{Recipe, Structure, Target};
    use crate::solid::interactions::SymmetricTable;
    use crate::solid::potential::Tail;
    use crate::solid::random::StreamKey;

    fn relaxed<const D: usize>(
        packing_fraction: f64,
        depth: f64,
        replica: u64,
    ) -> (Solid<D>, Contacts<D>, Hessian<D>) {
        let recipe = Recipe {
            particles: 150,
            structure: Structure::Disordered,
            size_ratio: 1.4,
            target: Target::PackingFraction(packing_fraction),
            start_packing_fraction: None,
            k: SymmetricTable::from_fn(2, |s, t| 1.0 + (s + t) as f64),
            depths: SymmetricTable::uniform(2, depth),
            potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
            disorder: None,
            pressure_tolerance: 1e-6,
            max_attempts: 1,
        };
        let key = StreamKey { seed: 3, solid: 1, replica, attempt: 0 };
        let mut solid = recipe.start::<D>(&key).unwrap();
        let mut forces = Forces::new(&solid);
        let equilibrium = relax_by_fire(&mut solid, &mut forces, None).unwrap();
        (solid, equilibrium.contacts, equilibrium.hessian)
    }

    /// In the first solid that has rattlers.
    fn agrees<const D: usize>(packing_fraction: f64, depth: f64) {
        let (solid, contacts, hessian) = (0..20)
            .map(|replica| relaxed::<D>(packing_fraction, depth, replica))
            .find(|(_, contacts, _)| contacts.rattler_count() > 0)
            .unwrap();
        let mut right = vec![Vector::zeros(); solid.len()];
        for (n, bond) in contacts.bonds.iter().enumerate() {
            let push = bond.separation * (n as f64).sin();
            right[bond.i] += push;
            right[bond.j] -= push;
        }
        let gradients = Conjugate::new(&solid.interactions.potential, &contacts).unwrap();
        let mut expected = right.clone();
        hessian.solve_one(&mut expected);
        let found = gradients.solve_within(&right, 1e-12, 10_000).unwrap();
        let off = found.iter().zip(&expected).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
        assert!(off < 1e-9 * max_norm(&expected), "{off} of {}", max_norm(&expected));
    }

    #[test]
    fn the_solution_is_that_of_the_factor() {
        agrees::<2>(0.86, 0.0);
        agrees::<3>(0.68, 0.0);
        agrees::<3>(0.68, 0.01);
    }

    #[test]
    fn what_is_not_positive_definite_is_refused() {
        let (solid, mut contacts, _) = relaxed::<3>(0.7, 0.0, 0);
        // Half of the bonds pull where they pushed.
        for bond in contacts.bonds.iter_mut().step_by(2) {
            bond.distance *= 3.0;
            bond.pair.k *= -1.0;
        }
        let mut right = vec![Vector::zeros(); solid.len()];
        let bond = &contacts.bonds[0];
        (right[bond.i], right[bond.j]) = (bond.separation, -bond.separation);
        let gradients = Conjugate::new(&solid.interactions.potential, &contacts).unwrap();
        assert!(gradients.solve_within(&right, 1e-12, 10_000).is_none());
    }
}
