//! A list of arrays: each with its column and its bytes.

use crate::analysis::axis::Axis;
use crate::analysis::values::Kind;
use crate::format::schema::Column;

/// Arrays with their bytes.
#[derive(Default)]
pub(super) struct Arrays {
    /// What stands before their names.
    pub group: String,
    pub arrays: Vec<(Column, Vec<u8>)>,
}

impl Arrays {
    pub fn add(
        &mut self,
        name: &str,
        kind: Kind,
        axes: &[&Axis],
        unit: &str,
        description: &str,
        bytes: Vec<u8>,
    ) {
        let column = Column {
            path: format!("{}{name}", self.group),
            kind,
            axes: axes.iter().map(|&axis| axis.clone()).collect(),
            unit: unit.to_owned(),
            description: description.to_owned(),
            parameterisation: None,
            replicas: 1,
            flags: Vec::new(),
        };
        self.arrays.push((column, bytes));
    }

    pub fn floats(&mut self, name: &str, axes: &[&Axis], unit: &str, text: &str, values: &[f64]) {
        let bytes = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        self.add(name, Kind::F64, axes, unit, text, bytes);
    }

    /// Numbers of something, as floats.
    pub fn numbers(&mut self, name: &str, axes: &[&Axis], text: &str, values: &[u64]) {
        let values: Vec<f64> = values.iter().map(|&count| count as f64).collect();
        self.floats(name, axes, "1", text, &values);
    }

    pub fn integers(&mut self, name: &str, axes: &[&Axis], text: &str, values: &[i32]) {
        let bytes = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        self.add(name, Kind::I32, axes, "1", text, bytes);
    }
}
