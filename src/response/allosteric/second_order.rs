//! The first and the second derivative of η along a direction.
//!
//! Along the direction q the positions are r + w γ + ½ w' γ², so H, the dipoles and the lengths are known
//! to second order, and H u_S = b_S gives
//!
//! ```text
//! u'  = H⁻¹ (b' − H' u)                  H' u  = D³U[·, u, q]
//! u'' = H⁻¹ (b'' − 2 H' u' − H'' u)      H'' u = D⁴U[·, u, q, q] + D³U[·, u, w']
//! ```
//!
//! From u, u', u'' follow those of g, c and η as of products and quotients: two solves more for each
//! distinct source.

use crate::relax::hessian::Field;
use crate::solid::Vector;

use super::super::bond::third_with;
use super::super::direction::DirectionResponse;
use super::super::linear::{LinearResponse, scatter};
use super::{AllostericPair, Dipoles, Ends, existing, solve, spread};

/// A quantity with its first and second derivative along the direction.
type Jet = [f64; 3];

fn times(a: Jet, b: Jet) -> Jet {
    [a[0] * b[0], a[1] * b[0] + a[0] * b[1], a[2] * b[0] + 2.0 * a[1] * b[1] + a[0] * b[2]]
}

fn over(a: Jet, b: Jet) -> Jet {
    let value = a[0] / b[0];
    let first = (a[1] - value * b[1]) / b[0];
    [value, first, (a[2] - 2.0 * first * b[1] - value * b[2]) / b[0]]
}

/// How a pair turns and stretches.
struct Motion<const D: usize> {
    /// n, n', n''.
    normal: [Vector<D>; 3],
    /// r, r', r''.
    length: Jet,
}

impl<const D: usize> Motion<D> {
    /// From w and w'.
    fn new(ends: &Ends<D>, motion: [&Field<D>; 2]) -> Self {
        let (n, r) = (ends.normal, ends.length);
        let [first, second] = motion.map(|field| ends.change(field));
        let r1 = n.dot(&first);
        let n1 = (first - n * r1) / r;
        let r2 = n1.dot(&first) + n.dot(&second);
        let n2 = (second - n * r2 - n1 * (2.0 * r1)) / r;
        Self { normal: [n, n1, n2], length: [r, r1, r2] }
    }

    /// b·u with its derivatives, from the changes of u, u' and u'' over the pair.
    fn stretch(&self, [u, u1, u2]: [Vector<D>; 3]) -> Jet {
        let [n, n1, n2] = self.normal;
        [n.dot(&u), n1.dot(&u) + n.dot(&u1), n2.dot(&u) + 2.0 * n1.dot(&u1) + n.dot(&u2)]
    }
}

/// dη/dγ and d²η/dγ² of every pair, each of shape (pairs,), from w' = d²r/dγ²; NaN where a particle is
/// a rattler.
pub fn derivatives<const D: usize>(
    response: &LinearResponse<D>,
    direction: &DirectionResponse<D>,
    bend: &Field<D>,
    pairs: &[AllostericPair],
) -> (Vec<f64>, Vec<f64>) {
    let held = existing(response, pairs);
    let dipoles = Dipoles::new(response, held.iter().map(|pair| pair.source));
    let motion = [&direction.displacement, bend];
    let motions: Vec<Motion<D>> =
        dipoles.ends.iter().map(|ends| Motion::new(ends, motion)).collect();
    let mut first: Vec<Field<D>> = (dipoles.displacements.iter().enumerate())
        .map(|(place, u)| {
            let mut load = stiffened(response, direction, u);
            load.iter_mut().for_each(|force| *force = -*force);
            dipoles.ends[place].pull(&mut load, motions[place].normal[1]);
            load
        })
        .collect();
    solve(response, &mut first);
    let mut second: Vec<Field<D>> = (dipoles.displacements.iter().enumerate())
        .map(|(place, u)| {
            let of_first = stiffened(response, direction, &first[place]);
            let mut load = stiffened_twice(response, direction, bend, u);
            load.iter_mut().zip(of_first).for_each(|(sum, once)| *sum = -*sum - once * 2.0);
            dipoles.ends[place].pull(&mut load, motions[place].normal[2]);
            load
        })
        .collect();
    solve(response, &mut second);
    let eta = |pair: &&AllostericPair| {
        let place = dipoles.place(pair.source);
        let fields = [&dipoles.displacements[place], &first[place], &second[place]];
        let (source, target) = (&dipoles.ends[place], Ends::new(response.solid, pair.target));
        let (of_source, of_target) = (&motions[place], Motion::new(&target, motion));
        let g = of_target.stretch(fields.map(|field| target.change(field)));
        let c = of_source.stretch(fields.map(|field| source.change(field)));
        let [_, rate, curvature] = over(times(of_source.length, g), times(of_target.length, c));
        (rate, curvature)
    };
    let found = held.iter().map(eta).collect();
    spread(response, pairs, found, (f64::NAN, f64::NAN)).into_iter().unzip()
}

/// H' u.
fn stiffened<const D: usize>(
    response: &LinearResponse<D>,
    direction: &DirectionResponse<D>,
    u: &Field<D>,
) -> Field<D> {
    scatter(response.bonds, response.solid.len(), |index, bond| {
        direction.third_once(response, index, &(u[bond.i] - u[bond.j]))
    })
}

/// H'' u.
fn stiffened_twice<const D: usize>(
    response: &LinearResponse<D>,
    direction: &DirectionResponse<D>,
    bend: &Field<D>,
    u: &Field<D>,
) -> Field<D> {
    scatter(response.bonds, response.solid.len(), |index, bond| {
        let change = u[bond.i] - u[bond.j];
        let bent = bend[bond.i] - bend[bond.j];
        direction.fourth_twice(response, index, &change)
            + third_with(&response.phi[index], &bond.separation, &change, &bent)
    })
}
