//! The parameters that a design may change: those of a parameter space, or some of them, with their
//! bounds and the norm in which a change is short.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use faer::Mat;

use crate::response::labels;
use crate::solid::Solid;
use crate::solid::contacts::Bond;
use crate::solid::parameters::{ParameterKind, ParameterSpace, upper_index};
use crate::system::words::Word;

/// The norm of a change Δθ that a design keeps short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// |Δθ|, as in Eq. (4).
    Absolute,
    /// |Δ ln θ|: every parameter in units of its present value.
    Relative,
}

impl Word for Norm {
    const WORDS: &'static [(&'static str, Self)] =
        &[("absolute", Norm::Absolute), ("relative", Norm::Relative)];
}

/// D, k and a stay above this share of what they were, whatever the bounds: at zero they mean nothing.
const LEAST_SHARE: f64 = 1e-3;

/// The parameters of a design.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// Everything that could be changed.
    pub space: ParameterSpace,
    /// Which of it is, ascending, shape (n_θ,).
    pub columns: Vec<usize>,
    /// Smallest and largest value of each, shape (n_θ,).
    pub bounds: Vec<RangeInclusive<f64>>,
    pub norm: Norm,
    /// What a kind counts in the norm, beside 1 of the others.
    pub weights: Vec<(ParameterKind, f64)>,
    /// Where a parameter of the space stands among these.
    place: HashMap<usize, usize>,
}

impl Parameters {
    /// The parameters of these columns; all of the space where none are named.
    pub fn new<const D: usize>(
        solid: &Solid<D>,
        space: ParameterSpace,
        columns: Option<Vec<usize>>,
    ) -> Self {
        let columns = columns.unwrap_or_else(|| (0..space.len()).collect());
        let values = space.values(&solid.interactions);
        let bounds = columns.iter().map(|&column| match space.kind_of(column) {
            Some(ParameterKind::Depth) => 0.0..=f64::INFINITY,
            _ => LEAST_SHARE * values[column]..=f64::INFINITY,
        });
        let place = columns.iter().enumerate().map(|(q, &column)| (column, q)).collect();
        let bounds = bounds.collect();
        Self { space, columns, bounds, norm: Norm::Absolute, weights: Vec::new(), place }
    }

    /// Where a parameter of the space stands among these.
    pub fn place(&self, column: usize) -> Option<usize> {
        self.place.get(&column).copied()
    }

    /// The k or B of every pair of particles that a bond joins, where every particle is a species.
    pub fn of_bonds<const D: usize>(
        solid: &Solid<D>,
        space: ParameterSpace,
        bonds: &[Bond<D>],
    ) -> Self {
        let n = space.species();
        let pair = |bond: &Bond<D>| upper_index(n, solid.species[bond.i], solid.species[bond.j]);
        let offsets = space.kinds().iter().filter_map(|&kind| space.offset(kind));
        let columns = offsets.flat_map(|offset| bonds.iter().map(move |b| offset + pair(b)));
        let mut columns: Vec<usize> = columns.collect();
        columns.sort_unstable();
        Self::new(solid, space, Some(columns))
    }

    /// n_θ.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Is nothing free?
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The kind of a parameter.
    pub fn kind(&self, q: usize) -> Option<ParameterKind> {
        self.space.kind_of(self.columns[q])
    }

    /// Narrows the range of every parameter of a kind.
    pub fn bound(&mut self, kind: ParameterKind, range: &RangeInclusive<f64>) {
        for q in 0..self.len() {
            if self.kind(q) == Some(kind) {
                let old = &self.bounds[q];
                self.bounds[q] = old.start().max(*range.start())..=old.end().min(*range.end());
            }
        }
    }

    /// The names of the parameters.
    pub fn labels(&self) -> Vec<String> {
        let all = labels::parameters(self.space.kinds(), self.space.species());
        self.columns.iter().map(|&column| all[column].clone()).collect()
    }

    /// θ of a solid, shape (n_θ,).
    pub fn values<const D: usize>(&self, solid: &Solid<D>) -> Vec<f64> {
        let all = self.space.values(&solid.interactions);
        self.columns.iter().map(|&column| all[column]).collect()
    }

    /// Gives a solid these parameters.
    pub fn apply<const D: usize>(&self, solid: &mut Solid<D>, theta: &[f64]) {
        let mut all = self.space.values(&solid.interactions);
        self.columns.iter().zip(theta).for_each(|(&column, &value)| all[column] = value);
        self.space.apply(&mut solid.interactions, &all);
    }

    /// A change of these parameters as one of the whole space.
    pub fn spread(&self, change: &[f64]) -> Vec<f64> {
        let mut all = vec![0.0; self.space.len()];
        self.columns.iter().zip(change).for_each(|(&column, &value)| all[column] = value);
        all
    }

    /// What each parameter counts in the norm at θ, shape (n_θ,): the norm is |w Δθ|.
    pub fn scales(&self, theta: &[f64]) -> Vec<f64> {
        (0..self.len())
            .map(|q| {
                let kind = self.kind(q);
                let weight = self.weights.iter().find(|(of, _)| Some(*of) == kind);
                let weight = weight.map_or(1.0, |(_, weight)| *weight);
                match self.norm {
                    Norm::Relative if theta[q] > 0.0 => weight / theta[q],
                    _ => weight,
                }
            })
            .collect()
    }

    /// Sums derivatives with respect to the bonds' own parameters, one matrix (rows, bonds) per kind of
    /// the space, into those with respect to θ: one row of shape (n_θ,) for each.
    pub fn project<const D: usize>(
        &self,
        of_bonds: &[Mat<f64>],
        bonds: &[Bond<D>],
        species: &[usize],
    ) -> Vec<Vec<f64>> {
        let rows = of_bonds.first().map_or(0, Mat::nrows);
        let mut projected = vec![vec![0.0; self.len()]; rows];
        for (&kind, of_bonds) in self.space.kinds().iter().zip(of_bonds) {
            let Some(offset) = self.space.offset(kind) else { continue };
            let mut add = |column: usize, weight: f64, bond: usize| {
                let Some(q) = self.place(offset + column) else { return };
                for (row, entry) in of_bonds.col(bond).iter().enumerate() {
                    projected[row][q] += weight * entry;
                }
            };
            for (index, bond) in bonds.iter().enumerate() {
                let (s, t) = (species[bond.i], species[bond.j]);
                match kind {
                    ParameterKind::Diameter => {
                        add(s, 0.5, index);
                        add(t, 0.5, index);
                    }
                    ParameterKind::Stiffness | ParameterKind::Depth => {
                        add(upper_index(self.space.species(), s, t), 1.0, index);
                    }
                    ParameterKind::InverseRange => add(0, 1.0, index),
                }
            }
        }
        projected
    }
}
