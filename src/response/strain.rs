//! Strain components, their order, and the pairs of them that make the elastic constants.
//!
//! A strain acts as F = 1 + ε with symmetric ε; the component a has E_a = (e_α⊗e_β + e_β⊗e_α)/2.
//! Order: xx yy xy in 2d, xx yy zz yz xz xy in 3d.

use crate::solid::Vector;

const STRAINS_2D: [(usize, usize); 3] = [(0, 0), (1, 1), (0, 1)];
const STRAINS_3D: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)];

/// xxxx yyyy xyxy xxyy xxxy yyxy.
const ELASTIC_2D: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)];

/// The diagonal, then yyzz xxzz xxyy, xxyz xxxz xxxy, yyyz yyxz yyxy, zzyz zzxz zzxy, yzxz yzxy xzxy.
const ELASTIC_3D: [(usize, usize); 21] = [
    (0, 0),
    (1, 1),
    (2, 2),
    (3, 3),
    (4, 4),
    (5, 5),
    (1, 2),
    (0, 2),
    (0, 1),
    (0, 3),
    (0, 4),
    (0, 5),
    (1, 3),
    (1, 4),
    (1, 5),
    (2, 3),
    (2, 4),
    (2, 5),
    (3, 4),
    (3, 5),
    (4, 5),
];

/// The strain components (α, β), α ≤ β: 3 in 2d, 6 in 3d.
pub fn components(dimension: usize) -> &'static [(usize, usize)] {
    if dimension == 2 { &STRAINS_2D } else { &STRAINS_3D }
}

/// The elastic constants as pairs (a, b) of strain components: 6 in 2d, 21 in 3d.
pub fn elastic_pairs(dimension: usize) -> &'static [(usize, usize)] {
    if dimension == 2 { &ELASTIC_2D } else { &ELASTIC_3D }
}

/// The place of C_ab among the elastic constants, for either order of a and b.
pub fn elastic_index(dimension: usize, a: usize, b: usize) -> usize {
    elastic_pairs(dimension)
        .iter()
        .position(|&(s, t)| (s, t) == (a.min(b), a.max(b)))
        .unwrap_or_else(|| unreachable!("every pair of strain components has its constant"))
}

/// E_a R.
#[inline(always)]
pub fn strained<const D: usize>(component: (usize, usize), separation: &Vector<D>) -> Vector<D> {
    let (alpha, beta) = component;
    let mut moved = Vector::zeros();
    moved[alpha] += 0.5 * separation[beta];
    moved[beta] += 0.5 * separation[alpha];
    moved
}
