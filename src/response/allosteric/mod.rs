//! Allosteric features: the strain of a target pair T of particles by that of a source pair S.
//!
//! A pair P = (i, j) has R = r_i − r_j, r = |R|, n = R/r, and the unit force dipole b_P: n on i, −n on
//! j. Two opposite unit forces along the source displace the particles by u_S = H⁻¹ b_S at fixed box.
//! The strain of a pair P is e_P = n_P·(u_i − u_j)/r_P, and the feature
//!
//! ```text
//! η = e_T/e_S = (r_S/r_T) g/c,    g = b_T·u_S,   c = b_S·u_S > 0
//! ```
//!
//! does not depend on the size of the forces, nor on the order of the particles in a pair.
//!
//! Its derivative in the adjoint form, with ρ = r_S/r_T, v = u_T − (g/c) u_S and a_P = a_i − a_j for a
//! field a and a pair P:
//!
//! ```text
//! dη/dφ₁ = −(ρ/c) u_S·v + R·z       dη/dφ₂ = −(ρ/c) (R·u_S)(R·v)       z = −H⁻¹ c⃗
//! c⃗[a]   = −(ρ/c) D³U[a, u_S, v]
//!        + (ρ/(c r_S)) a_S·(1 − n_S n_Sᵀ)·(v_S − (g/c) u_S,S) + η (n_S·a_S)/r_S
//!        + (ρ/(c r_T)) a_T·(1 − n_T n_Tᵀ)·u_S,T               − η (n_T·a_T)/r_T
//! ```
//!
//! with the differences over each bond where fields stand beside φ₁, φ₂ and R: the change of the
//! stiffness, and that of the pairs' own directions and lengths as the particles move. One solve per
//! distinct pair (u_S, u_T) and one per feature (z). Where S = T, η is 1 and nothing changes it.

pub mod second_order;

use std::collections::HashMap;

use crate::relax::hessian::Field;
use crate::solid::{Solid, Vector};

use super::bond::third_with;
use super::linear::{LinearResponse, scatter};
use super::sensitivity::Sensitivity;

/// Fields that are solved for at once: enough for the factor to be read seldom.
const SOLVED_AT_ONCE: usize = 64;

/// The particles of a source and of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AllostericPair {
    pub source: [usize; 2],
    pub target: [usize; 2],
}

impl AllostericPair {
    /// Its four particles, the source's first.
    pub fn particles(&self) -> [usize; 4] {
        let ([i, j], [k, l]) = (self.source, self.target);
        [i, j, k, l]
    }

    /// Are all of its particles of the backbone? Otherwise the feature has no value.
    pub fn exists<const D: usize>(&self, response: &LinearResponse<D>) -> bool {
        self.particles().into_iter().all(|particle| response.hessian.holds(particle))
    }
}

/// A pair of particles.
#[derive(Clone, Copy)]
struct Ends<const D: usize> {
    i: usize,
    j: usize,
    /// R/r.
    normal: Vector<D>,
    /// r [length].
    length: f64,
}

impl<const D: usize> Ends<D> {
    fn new(solid: &Solid<D>, [i, j]: [usize; 2]) -> Self {
        let separation = solid.separation(i, j);
        let length = separation.norm();
        Self { i, j, normal: separation / length, length }
    }

    /// a_i − a_j.
    fn change(&self, field: &Field<D>) -> Vector<D> {
        field[self.i] - field[self.j]
    }

    /// n·(a_i − a_j).
    fn stretch(&self, field: &Field<D>) -> f64 {
        self.normal.dot(&self.change(field))
    }

    /// What of a vector is perpendicular to the pair.
    fn across(&self, vector: Vector<D>) -> Vector<D> {
        vector - self.normal * self.normal.dot(&vector)
    }

    /// Adds a force to i and its opposite to j.
    fn pull(&self, field: &mut Field<D>, force: Vector<D>) {
        field[self.i] += force;
        field[self.j] -= force;
    }
}

/// u_P = H⁻¹ b_P of distinct pairs of particles.
struct Dipoles<const D: usize> {
    places: HashMap<[usize; 2], usize>,
    ends: Vec<Ends<D>>,
    displacements: Vec<Field<D>>,
}

impl<const D: usize> Dipoles<D> {
    /// One solve for each pair, however often it occurs.
    fn new(response: &LinearResponse<D>, pairs: impl Iterator<Item = [usize; 2]>) -> Self {
        let mut places = HashMap::new();
        let mut ends = Vec::new();
        for pair in pairs {
            places.entry(pair).or_insert_with(|| {
                ends.push(Ends::new(response.solid, pair));
                ends.len() - 1
            });
        }
        let mut displacements: Vec<Field<D>> = ends
            .iter()
            .map(|ends| {
                let mut dipole = vec![Vector::zeros(); response.solid.len()];
                ends.pull(&mut dipole, ends.normal);
                dipole
            })
            .collect();
        solve(response, &mut displacements);
        Self { places, ends, displacements }
    }

    fn place(&self, pair: [usize; 2]) -> usize {
        self.places[&pair]
    }

    fn of(&self, pair: [usize; 2]) -> (&Ends<D>, &Field<D>) {
        let place = self.place(pair);
        (&self.ends[place], &self.displacements[place])
    }
}

fn solve<const D: usize>(response: &LinearResponse<D>, fields: &mut [Field<D>]) {
    fields.chunks_mut(SOLVED_AT_ONCE).for_each(|fields| response.hessian.solve(fields));
}

/// Those pairs whose particles are all of the backbone.
fn existing<'p, const D: usize>(
    response: &LinearResponse<D>,
    pairs: &'p [AllostericPair],
) -> Vec<&'p AllostericPair> {
    pairs.iter().filter(|pair| pair.exists(response)).collect()
}

/// A value for each pair: of the existing ones in their order, `none` for the others.
fn spread<T: Clone, const D: usize>(
    response: &LinearResponse<D>,
    pairs: &[AllostericPair],
    existing: Vec<T>,
    none: T,
) -> Vec<T> {
    let mut existing = existing.into_iter();
    let mut value = |pair: &AllostericPair| match pair.exists(response) {
        true => existing.next().unwrap_or_else(|| none.clone()),
        false => none.clone(),
    };
    pairs.iter().map(&mut value).collect()
}

/// By how much unit forces along its source stretch a pair.
#[derive(Clone, Copy, Debug)]
pub struct Stretches {
    /// c of the source and g of the target [length²/energy].
    pub by_source: [f64; 2],
    /// r of source and target [length].
    pub lengths: [f64; 2],
}

impl Stretches {
    /// Of a pair with a rattler.
    const NONE: Self = Self { by_source: [f64::NAN; 2], lengths: [f64::NAN; 2] };

    /// η.
    pub fn eta(&self) -> f64 {
        let ([of_source, of_target], [source, target]) = (self.by_source, self.lengths);
        (source * of_target) / (target * of_source)
    }
}

/// What η of every pair is made of, shape (pairs,); NaN where a particle is a rattler. One solve per
/// distinct source.
pub fn stretches<const D: usize>(
    response: &LinearResponse<D>,
    pairs: &[AllostericPair],
) -> Vec<Stretches> {
    let held = existing(response, pairs);
    let dipoles = Dipoles::new(response, held.iter().map(|pair| pair.source));
    let of_pair = |pair: &&AllostericPair| {
        let (source, u) = dipoles.of(pair.source);
        let target = Ends::new(response.solid, pair.target);
        Stretches {
            by_source: [source.stretch(u), target.stretch(u)],
            lengths: [source.length, target.length],
        }
    };
    spread(response, pairs, held.iter().map(of_pair).collect(), Stretches::NONE)
}

/// By how much a field stretches source and target [its unit].
pub fn stretched<const D: usize>(
    solid: &Solid<D>,
    pair: &AllostericPair,
    field: &Field<D>,
) -> [f64; 2] {
    [pair.source, pair.target].map(|ends| Ends::new(solid, ends).stretch(field))
}

/// η of every pair, shape (pairs,); NaN where a particle is a rattler.
pub fn values<const D: usize>(response: &LinearResponse<D>, pairs: &[AllostericPair]) -> Vec<f64> {
    stretches(response, pairs).iter().map(Stretches::eta).collect()
}

/// dη/dφ₁ and dη/dφ₂ of every bond for each pair; NaN where a particle of the pair is a rattler.
pub fn sensitivities<const D: usize>(
    response: &LinearResponse<D>,
    pairs: &[AllostericPair],
) -> Vec<Sensitivity> {
    let held = existing(response, pairs);
    let dipoles = Dipoles::new(response, held.iter().flat_map(|pair| [pair.source, pair.target]));
    let forms: Vec<Form<D>> = held.iter().map(|pair| Form::new(&dipoles, pair)).collect();
    let mut found = Vec::with_capacity(forms.len());
    for forms in forms.chunks(SOLVED_AT_ONCE) {
        let mut adjoints: Vec<Field<D>> = forms.iter().map(|form| form.load(response)).collect();
        response.hessian.solve(&mut adjoints);
        found.extend(forms.iter().zip(&adjoints).map(|(form, z)| form.sensitivity(response, z)));
    }
    spread(response, pairs, found, Sensitivity::none(response.bonds.len()))
}

/// η of one pair as a function of H, of both directions and of both lengths.
struct Form<'a, const D: usize> {
    source: &'a Ends<D>,
    target: &'a Ends<D>,
    /// u_S and u_T.
    fields: [&'a Field<D>; 2],
    /// g/c.
    ratio: f64,
    /// ρ/c.
    scale: f64,
    eta: f64,
}

impl<'a, const D: usize> Form<'a, D> {
    fn new(dipoles: &'a Dipoles<D>, pair: &AllostericPair) -> Self {
        let ((source, of_source), (target, of_target)) =
            (dipoles.of(pair.source), dipoles.of(pair.target));
        let (g, c) = (target.stretch(of_source), source.stretch(of_source));
        let lengths = source.length / target.length;
        Self {
            source,
            target,
            fields: [of_source, of_target],
            ratio: g / c,
            scale: lengths / c,
            eta: lengths * g / c,
        }
    }

    /// u_S and v over the ends of a bond or a pair.
    fn changes(&self, i: usize, j: usize) -> [Vector<D>; 2] {
        let [of_source, of_target] = self.fields.map(|field| field[i] - field[j]);
        [of_source, of_target - of_source * self.ratio]
    }

    /// −c⃗.
    fn load(&self, response: &LinearResponse<D>) -> Field<D> {
        let (source, target) = (self.source, self.target);
        let mut load = scatter(response.bonds, response.solid.len(), |index, bond| {
            let [u, v] = self.changes(bond.i, bond.j);
            third_with(&response.phi[index], &bond.separation, &u, &v) * self.scale
        });
        let [u, v] = self.changes(source.i, source.j);
        let turned = source.across(v - u * self.ratio) * self.scale + source.normal * self.eta;
        source.pull(&mut load, turned / -source.length);
        let [u, _] = self.changes(target.i, target.j);
        let turned = target.across(u) * self.scale - target.normal * self.eta;
        target.pull(&mut load, turned / -target.length);
        load
    }

    /// From z = −H⁻¹ c⃗.
    fn sensitivity(&self, response: &LinearResponse<D>, adjoint: &Field<D>) -> Sensitivity {
        let (phi1, phi2) = response
            .bonds
            .iter()
            .map(|bond| {
                let r = &bond.separation;
                let [u, v] = self.changes(bond.i, bond.j);
                let moved = adjoint[bond.i] - adjoint[bond.j];
                (r.dot(&moved) - self.scale * u.dot(&v), -self.scale * r.dot(&u) * r.dot(&v))
            })
            .unzip();
        Sensitivity { phi1, phi2 }
    }
}
