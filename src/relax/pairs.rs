//! The pairs of a Verlet list, and the sum of the forces of those without attraction.
//!
//! A block of pairs goes through three stages: separations one by one, slopes side by side, sums one by one. A
//! pair beyond its range costs as much as one within and adds zero, so nothing is guessed by a branch (a third of
//! the pairs of a large solid is beyond, in no order that a processor could foresee). The loop is compiled for AVX2
//! and for any processor, and chosen at run time; nothing is contracted, and sums across lanes have a fixed order:
//! the bits do not depend on the processor.

use pulp::{Arch, NullaryFnOnce};

use super::images::Images;
use super::laws::Law;
use crate::solid::neighbors::Candidate;
use crate::solid::potential::Pair;
use crate::solid::{Solid, Vector};

/// Pairs that go side by side.
const BLOCK: usize = 8;

/// A pair of the list.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    pub i: u32,
    pub j: u32,
    /// Place of the periodic image of j among the shifts.
    pub image: u32,
}

/// Where the particles of listed pairs are.
#[derive(Clone, Copy)]
pub struct Places<'a, const D: usize> {
    pub positions: &'a [Vector<D>],
    /// Of the periodic images [length].
    pub shifts: &'a [Vector<D>],
}

impl<const D: usize> Places<'_, D> {
    /// r_i − r_j of the periodic image [length].
    #[inline(always)]
    pub fn separation(&self, &Listed { i, j, image }: &Listed) -> Vector<D> {
        self.positions[i as usize] - self.positions[j as usize] - self.shifts[image as usize]
    }
}

/// The pairs of a list, with no more than the sum of their forces needs, so that many fit into a cache.
#[derive(Clone, Debug, Default)]
pub struct Pairs<const D: usize> {
    pub listed: Vec<Listed>,
    /// σ [length] and k [energy] of every pair.
    sigma: Vec<f64>,
    k: Vec<f64>,
    /// The periodic images that occur, in numbers of edges, and as lengths at the last evaluation.
    images: Vec<Vector<D>>,
    shifts: Vec<Vector<D>>,
}

impl<const D: usize> Pairs<D> {
    /// Takes these candidates of a solid; their parameters are [taken](Self::take) apart.
    pub fn list(&mut self, solid: &Solid<D>, candidates: &[Candidate]) {
        self.listed.clear();
        let mut images = Images::new(std::mem::take(&mut self.images));
        for &Candidate { i, j } in candidates {
            let image = images.place(solid.image(i as usize, j as usize));
            self.listed.push(Listed { i, j, image });
        }
        self.images = images.all;
    }

    /// Takes the parameters of the listed pairs, which are not attractive.
    pub fn take(&mut self, parameters: impl Iterator<Item = Pair>) {
        self.sigma.clear();
        self.k.clear();
        for pair in parameters {
            self.sigma.push(pair.sigma);
            self.k.push(pair.k);
        }
    }

    /// Puts the periodic images to where they are in the solid's box.
    pub fn shift(&mut self, solid: &Solid<D>) {
        let edges = solid.cell.edges();
        self.shifts.clear();
        self.shifts.extend(self.images.iter().map(|image| image.component_mul(&edges)));
    }

    /// Where the particles of the pairs are.
    pub fn places<'a>(&'a self, solid: &'a Solid<D>) -> Places<'a, D> {
        Places { positions: &solid.positions, shifts: &self.shifts }
    }

    /// Adds the forces of all pairs to `values` [energy/length]; returns Σ_b u' r [energy].
    pub fn add_up(&self, solid: &Solid<D>, law: &mut impl Law, values: &mut [Vector<D>]) -> f64 {
        let Self { listed, sigma, k, .. } = self;
        Arch::new().dispatch(Sum { listed, sigma, k, places: self.places(solid), law, values })
    }
}

struct Sum<'a, L, const D: usize> {
    listed: &'a [Listed],
    sigma: &'a [f64],
    k: &'a [f64],
    places: Places<'a, D>,
    law: &'a mut L,
    values: &'a mut [Vector<D>],
}

impl<L, const D: usize> Sum<'_, L, D> {
    #[inline(always)]
    fn add(&mut self, &Listed { i, j, .. }: &Listed, force: Vector<D>) {
        self.values[i as usize] += force;
        self.values[j as usize] -= force;
    }
}

impl<L: Law, const D: usize> NullaryFnOnce for Sum<'_, L, D> {
    /// Σ_b u' r.
    type Output = f64;

    #[inline(always)]
    fn call(mut self) -> f64 {
        let (blocks, rest) = self.listed.as_chunks::<BLOCK>();
        let (sigma, last_sigma) = self.sigma.as_chunks::<BLOCK>();
        let (k, last_k) = self.k.as_chunks::<BLOCK>();
        let mut virial = [0.0; BLOCK];
        for ((block, sigma), k) in blocks.iter().zip(sigma).zip(k) {
            let mut separations = [Vector::<D>::zeros(); BLOCK];
            let mut push = [0.0; BLOCK];
            for n in 0..BLOCK {
                separations[n] = self.places.separation(&block[n]);
                push[n] = separations[n].norm_squared();
            }
            for n in 0..BLOCK {
                let squared = push[n];
                push[n] = self.law.push(sigma[n], k[n], squared);
                virial[n] -= push[n] * squared;
            }
            for n in 0..BLOCK {
                self.add(&block[n], separations[n] * push[n]);
            }
        }
        for (n, ((pair, &sigma), &k)) in rest.iter().zip(last_sigma).zip(last_k).enumerate() {
            let separation = self.places.separation(pair);
            let squared = separation.norm_squared();
            let push = self.law.push(sigma, k, squared);
            virial[n] -= push * squared;
            self.add(pair, separation * push);
        }
        virial.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relax::laws::{Soft, Springs};
    use crate::relax::processors::everywhere;
    use crate::solid::cell::Cell;
    use crate::solid::interactions::{Interactions, SymmetricTable};
    use crate::solid::neighbors::pairs_within;
    use crate::solid::potential::{Potential, Tail};

    /// N particles of three species, anywhere.
    fn solid<const D: usize>(n: usize) -> Solid<D> {
        let cell = Cell::<D>::with_volume(n as f64);
        let edges = cell.edges();
        let place =
            |i: usize| Vector::<D>::from_fn(|axis, _| ((D * i + axis + 1) as f64 * 2.7).sin());
        Solid {
            cell,
            positions: (0..n).map(|i| place(i).component_mul(&edges) * 2.0).collect(),
            species: (0..n).map(|i| i % 3).collect(),
            interactions: Interactions {
                diameters: vec![1.0, 1.2, 1.4],
                k: SymmetricTable::from_fn(3, |s, t| 1.0 + 0.1 * (s + 2 * t) as f64),
                depths: SymmetricTable::uniform(3, 0.0),
                potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
            },
            size_factors: None,
            springs: None,
        }
    }

    struct Forces<'a, const D: usize> {
        pairs: &'a Pairs<D>,
        solid: &'a Solid<D>,
        springs: bool,
    }

    impl<const D: usize> NullaryFnOnce for Forces<'_, D> {
        type Output = (Vec<Vector<D>>, f64);

        #[inline(always)]
        fn call(self) -> Self::Output {
            let Self { pairs, solid, springs } = self;
            let Pairs { listed, sigma, k, .. } = pairs;
            let mut values = vec![Vector::zeros(); solid.len()];
            let places = pairs.places(solid);
            let virial = if springs {
                Sum { listed, sigma, k, places, law: &mut Springs, values: &mut values }.call()
            } else {
                Sum { listed, sigma, k, places, law: &mut Soft, values: &mut values }.call()
            };
            (values, virial)
        }
    }

    /// The same bits on all processors, and the forces that the pair energy has; also where the pairs do not
    /// fill a block.
    fn agree<const D: usize>(n: usize) {
        let solid = solid::<D>(n);
        let mut candidates = Vec::new();
        pairs_within(&solid, 0.3, &mut candidates);
        let mut pairs = Pairs::default();
        pairs.list(&solid, &candidates);
        let places = candidates.iter().enumerate();
        pairs.take(places.map(|(place, pair)| pair.parameters(&solid, place).0));
        pairs.shift(&solid);
        for springs in [false, true] {
            let found = everywhere(|| Forces { pairs: &pairs, solid: &solid, springs });
            assert!(found.iter().all(|sums| *sums == found[0]), "{D}d, {n}, {springs}");
            let (values, virial) = &found[0];
            let mut expected = vec![Vector::<D>::zeros(); n];
            let (mut expected_virial, mut scale) = (0.0, 0.0);
            for Candidate { i, j } in &candidates {
                let (i, j) = (*i as usize, *j as usize);
                let pair = Pair { spring: springs, ..solid.pair(i, j) };
                let separation = solid.separation(i, j);
                let r = separation.norm();
                let (_, slope) = solid.interactions.potential.energy_and_slope(&pair, r);
                expected[i] -= separation * (slope / r);
                expected[j] += separation * (slope / r);
                expected_virial += slope * r;
                scale += slope.abs() * r.max(1.0);
            }
            let within = 1e-14 * scale;
            assert!(scale > 0.1 && (virial - expected_virial).abs() <= within, "{D}d, {n}");
            let off = values.iter().zip(&expected).map(|(a, b)| (a - b).norm());
            assert!(off.fold(0.0, f64::max) <= within, "{D}d, {n}, {springs}");
        }
    }

    #[test]
    fn forces_are_those_of_the_pair_energy_with_the_same_bits_on_every_processor() {
        for n in [8, 30, 31, 100] {
            agree::<2>(n);
            agree::<3>(n + 30);
        }
    }
}
