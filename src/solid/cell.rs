//! The periodic, orthogonal simulation cell.

use nalgebra::SVector;

/// An orthogonal periodic box with edges L_α [length].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<const D: usize> {
    edges: SVector<f64, D>,
    inverse: SVector<f64, D>,
}

impl<const D: usize> Cell<D> {
    /// A box with these edges [length]; all must be positive and finite.
    pub fn new(edges: SVector<f64, D>) -> Self {
        Self { edges, inverse: edges.map(|edge| 1.0 / edge) }
    }

    /// A square or cubic box of this volume [length^d].
    pub fn with_volume(volume: f64) -> Self {
        Self::new(SVector::repeat(volume.powf(1.0 / D as f64)))
    }

    /// The edges L_α [length].
    pub fn edges(&self) -> SVector<f64, D> {
        self.edges
    }

    /// The volume (2d: area) [length^d].
    pub fn volume(&self) -> f64 {
        self.edges.iter().product()
    }

    /// The shortest edge [length].
    pub fn shortest_edge(&self) -> f64 {
        self.edges.min()
    }

    /// The box with all edges multiplied by `factor`.
    pub fn scaled(&self, factor: f64) -> Self {
        Self::new(self.edges * factor)
    }

    /// The shortest periodic image of a separation vector [length].
    #[inline(always)]
    pub fn minimum_image(&self, mut separation: SVector<f64, D>) -> SVector<f64, D> {
        for axis in 0..D {
            separation[axis] -=
                self.edges[axis] * nearest_integer(separation[axis] * self.inverse[axis]);
        }
        separation
    }

    /// n, where separation − n L is the shortest periodic image.
    #[inline(always)]
    pub fn image(&self, separation: SVector<f64, D>) -> SVector<f64, D> {
        separation.component_mul(&self.inverse).map(nearest_integer)
    }

    /// The position folded into [0, L_α).
    #[inline(always)]
    pub fn wrap(&self, mut position: SVector<f64, D>) -> SVector<f64, D> {
        for axis in 0..D {
            let folded =
                position[axis] - self.edges[axis] * (position[axis] * self.inverse[axis]).floor();
            position[axis] = if folded < self.edges[axis] { folded } else { 0.0 };
        }
        position
    }
}

/// The nearest integer to x, |x| < 2^51, by letting the addition round: the plain x86-64 target
/// has no rounding instruction (benchmark `forces`).
#[inline(always)]
pub fn nearest_integer(x: f64) -> f64 {
    /// 1.5 · 2^52: adding it leaves no bit for a fraction.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    (x + SHIFT) - SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Vector2;

    #[test]
    fn minimum_image_is_the_shortest_of_all_images() {
        let cell = Cell::new(Vector2::new(3.0, 5.0));
        let separation = Vector2::new(2.0, -13.1);
        let image = cell.minimum_image(separation);
        let shortest = (-5..=5)
            .flat_map(|i| (-5..=5).map(move |j| Vector2::new(3.0 * i as f64, 5.0 * j as f64)))
            .map(|shift| (separation + shift).norm())
            .fold(f64::INFINITY, f64::min);
        assert!((image.norm() - shortest).abs() < 1e-14);
    }

    #[test]
    fn wrapped_positions_lie_in_the_box() {
        let cell = Cell::new(Vector2::new(3.0, 5.0));
        let wrapped = cell.wrap(Vector2::new(-1e-17, 12.5));
        assert!(wrapped.iter().zip(cell.edges().iter()).all(|(x, l)| (0.0..*l).contains(x)));
        assert_eq!(wrapped[1], 2.5);
    }
}
