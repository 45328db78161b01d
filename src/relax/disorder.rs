//! Between order and disorder: sizes that differ from particle to particle, and particles that have left
//! their sites of a crystal.
//!
//! D_i = D_s (1 + δ ξ_i), ξ_i standard normal and |ξ_i| ≤ 3. Which numbers ξ_i, which sites are left, in
//! which order, and for where, does not depend on δ and f: one solid is followed as these grow.

use rand::seq::SliceRandom;

use crate::solid::cell::Cell;
use crate::solid::lattice::{crystal, random_positions};
use crate::solid::random::{Purpose, StreamKey, gaussian};
use crate::solid::{Solid, Vector};

/// |ξ| at which the normal distribution is cut: what lies beyond is drawn again.
pub const CUT: f64 = 3.0;

/// A left site is occupied again if a particle is nearer to it than this share of the lattice's spacing.
const OCCUPIED: f64 = 0.25;

/// How much disorder is put into a solid.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disorder {
    /// δ, the standard deviation of the diameters of a species over their mean (before the cut).
    pub polydispersity: f64,
    /// f, the share of the sites of a crystal whose particles start at random places instead.
    pub defects: f64,
}

impl Disorder {
    /// 1 + δ ξ_i, shape (N,).
    pub fn size_factors(&self, particles: usize, key: &StreamKey) -> Vec<f64> {
        let mut random = key.stream(Purpose::Sizes);
        let mut cut = || {
            loop {
                let x = gaussian(&mut random);
                if x.abs() <= CUT {
                    return x;
                }
            }
        };
        (0..particles).map(|_| 1.0 + self.polydispersity * cut()).collect()
    }

    /// The particles that leave their sites, and where they start.
    fn displaced<const D: usize>(
        &self,
        cell: &Cell<D>,
        particles: usize,
        key: &StreamKey,
    ) -> Vec<(usize, Vector<D>)> {
        let mut random = key.stream(Purpose::Defects);
        let mut order: Vec<usize> = (0..particles).collect();
        order.shuffle(&mut random);
        order.truncate((self.defects * particles as f64).round() as usize);
        let places = random_positions(cell, order.len(), &mut random);
        order.into_iter().zip(places).collect()
    }

    /// Moves the particles that leave their sites.
    pub fn displace<const D: usize>(
        &self,
        cell: &Cell<D>,
        positions: &mut [Vector<D>],
        key: &StreamKey,
    ) {
        for (i, place) in self.displaced(cell, positions.len(), key) {
            positions[i] = place;
        }
    }

    /// How many of the sites of a crystal that were left are occupied again, by whichever particle; the
    /// lattice lies where those who stayed are on the average.
    pub fn healed<const D: usize>(&self, solid: &Solid<D>, key: &StreamKey) -> usize {
        let left = self.displaced(&solid.cell, solid.len(), key);
        let Ok((unit, mut sites)) = crystal::<D>(solid.len()) else { return 0 };
        let stretch = solid.cell.edges().component_div(&unit.edges());
        let off = |i: usize, site: &Vector<D>| solid.cell.minimum_image(solid.positions[i] - site);
        sites.iter_mut().for_each(|site| site.component_mul_assign(&stretch));
        let stayed: Vec<usize> =
            (0..sites.len()).filter(|i| left.iter().all(|(moved, _)| moved != i)).collect();
        let sum = stayed.iter().fold(Vector::<D>::zeros(), |sum, &i| sum + off(i, &sites[i]));
        let drift = sum / f64::max(stayed.len() as f64, 1.0);
        let near = OCCUPIED * stretch.min();
        let occupied = |site: Vector<D>| (0..sites.len()).any(|i| off(i, &site).norm() < near);
        left.iter().filter(|(i, _)| occupied(sites[*i] + drift)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: StreamKey = StreamKey { seed: 1, solid: 2, replica: 3, attempt: 0 };

    #[test]
    fn sizes_are_normal_within_the_cut_and_follow_delta() {
        let of =
            |polydispersity| Disorder { polydispersity, defects: 0.0 }.size_factors(20_000, &KEY);
        let (narrow, wide) = (of(0.01), of(0.1));
        for (a, b) in narrow.iter().zip(&wide) {
            assert!(((a - 1.0) * 10.0 - (b - 1.0)).abs() < 1e-14);
        }
        assert!(of(0.0).iter().all(|&factor| factor == 1.0));
        let xi: Vec<f64> = wide.iter().map(|factor| (factor - 1.0) / 0.1).collect();
        assert!(xi.iter().all(|x| x.abs() <= CUT) && xi.iter().any(|x| x.abs() > 2.9));
        let moment = |n: i32| xi.iter().map(|x| x.powi(n)).sum::<f64>() / xi.len() as f64;
        // The variance of the cut distribution is 1 − 2·3·φ(3)/(1 − 2Φ(−3)) = 0.9733.
        assert!(moment(1).abs() < 0.02, "{}", moment(1));
        assert!((moment(2) - 0.9733).abs() < 0.02, "{}", moment(2));
    }

    #[test]
    fn defects_are_the_first_of_more_whatever_their_number() {
        let cell = Cell::<2>::with_volume(64.0);
        let of = |defects| Disorder { polydispersity: 0.0, defects }.displaced(&cell, 64, &KEY);
        let (few, many) = (of(0.05), of(0.5));
        assert_eq!((few.len(), many.len()), (3, 32));
        let sites = |list: &[(usize, Vector<2>)]| list.iter().map(|(i, _)| *i).collect::<Vec<_>>();
        assert_eq!(sites(&few), sites(&many)[..3]);
        assert_eq!(few, many[..3]);
        assert!(of(0.0).is_empty());
    }
}
