//! A solid as it stands in files.

use std::sync::Arc;

use nalgebra::SVector;

use crate::solid::cell::Cell;
use crate::solid::interactions::{Interactions, SymmetricTable};
use crate::solid::potential::{Potential, Tail};
use crate::solid::{Solid, SolidError, SpringBond};

/// A solid of either dimension as plain arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct SolidData {
    /// Row-major (N, d).
    pub positions: Vec<f64>,
    /// Edges, shape (d,): its length is the dimension.
    pub edges: Vec<f64>,
    pub species: Vec<usize>,
    pub diameters: Vec<f64>,
    /// D_i over the diameter of its species, shape (N,), where the group holds them.
    pub size_factors: Option<Vec<f64>>,
    /// Row-major (n_sp, n_sp).
    pub k: Vec<f64>,
    /// Row-major (n_sp, n_sp).
    pub depths: Vec<f64>,
    pub a: f64,
    /// The exponent α of the repulsion.
    pub exponent: f64,
    /// The end of the attraction's tail, where the group states it.
    pub tail: Option<Tail>,
    /// The bonds, where the solid is a spring network.
    pub springs: Option<Vec<SpringBond>>,
    /// Row-major (n_dir, n_θ) with its number of columns, where the group holds it.
    pub directions: Option<(Vec<f64>, usize)>,
}

impl SolidData {
    /// d.
    pub fn dimension(&self) -> usize {
        self.edges.len()
    }

    /// The solid, checked.
    ///
    /// # Errors
    /// [`SolidError`] where a value is out of range.
    pub fn solid<const D: usize>(&self, tail: Tail) -> Result<Solid<D>, SolidError> {
        let n = self.diameters.len();
        let table = |values: &[f64]| SymmetricTable::from_fn(n, |s, t| values[s * n + t]);
        for (name, values) in [("k", &self.k), ("B", &self.depths)] {
            for s in 0..n {
                for t in 0..s {
                    if values[s * n + t] != values[t * n + s] {
                        return Err(SolidError::Invalid(format!(
                            "{name} is not symmetric: {name}[{s},{t}] = {} but {name}[{t},{s}] = {}",
                            values[s * n + t],
                            values[t * n + s]
                        )));
                    }
                }
            }
        }
        if let Some(&edge) = self.edges.iter().find(|edge| !(edge.is_finite() && **edge > 0.0)) {
            return Err(SolidError::Invalid(format!("box edge {edge} (allowed: > 0, finite)")));
        }
        let solid = Solid {
            cell: Cell::new(SVector::from_column_slice(&self.edges)),
            positions: self.positions.chunks_exact(D).map(SVector::from_column_slice).collect(),
            species: self.species.clone(),
            interactions: Interactions {
                diameters: self.diameters.clone(),
                k: table(&self.k),
                depths: table(&self.depths),
                potential: Potential { a: self.a, tail, exponent: self.exponent },
            },
            size_factors: self.size_factors.clone().map(Arc::new),
            springs: self.springs.clone().map(Arc::new),
        };
        solid.check()?;
        Ok(solid)
    }
}
