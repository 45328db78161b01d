//! The shape of the results: every column of a scenario with its axes, units and meaning, and the
//! parts in which its rows are computed. No HDF5 here.

use std::ops::Range;

use super::row::{Part, Stage};
use crate::analysis::axis::Axis;
use crate::analysis::values::{Kind, Row};

/// One dataset of a scenario; its first axis is the replica.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Path below the scenario's group.
    pub path: String,
    /// Type of the values.
    pub kind: Kind,
    /// Axes after the replica.
    pub axes: Vec<Axis>,
    /// Unit; "1" for pure numbers.
    pub unit: String,
    /// What it is.
    pub description: String,
    /// What computes it. Of a sweep the first axis is the direction, and a part computes its block of
    /// it; of the others a part computes the whole row.
    pub stage: Stage,
    /// Number of replicas that have it: the first ones.
    pub replicas: u64,
    /// Codes and their names, where the values are codes.
    pub flags: Vec<(u8, &'static str)>,
}

impl Column {
    /// Values in one row.
    pub fn row_length(&self) -> usize {
        self.axes.iter().map(|axis| axis.length).product()
    }

    /// The group of the column below the scenario's.
    pub fn group(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// Bytes of one row.
    pub fn row_bytes(&self) -> usize {
        self.row_length() * self.kind.size()
    }

    /// The values of a row that a part computes; none where it computes none of this column.
    pub fn values_of(&self, part: &Part) -> Option<Range<usize>> {
        if part.stage() != self.stage {
            return None;
        }
        Some(match part {
            Part::Solid | Part::Design { .. } => 0..self.row_length(),
            Part::Directions { directions, .. } => {
                let one: usize = self.axes[1..].iter().map(|axis| axis.length).product();
                directions.start * one..directions.end * one
            }
        })
    }
}

/// The columns and parts of one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioSchema {
    /// Name of the scenario and of its group.
    pub name: String,
    /// The axis of all rows.
    pub replica: Axis,
    /// Every column, in the order of checksums.
    pub columns: Vec<Column>,
    /// The parts of every replica: the solid, then the directions of every swept θ in blocks, then the
    /// designs.
    pub parts: Vec<Part>,
    /// Names of the parameterisations.
    pub parameterisations: Vec<String>,
    /// Names of the designs.
    pub designs: Vec<String>,
}

/// A part's row does not have the shape that the schema gives it.
#[derive(Debug, thiserror::Error)]
#[error("scenario {scenario}, {part}: column {path}: {found}, expected {expected}")]
pub struct ShapeError {
    scenario: String,
    part: String,
    path: String,
    found: String,
    expected: String,
}

impl ScenarioSchema {
    /// Indices of the columns that a part computes for the replica in row `slot` (0 is the file's
    /// first), in the order of the schema.
    pub fn columns_of(&self, part: &Part, slot: u64) -> impl Iterator<Item = usize> {
        let wanted = part.stage();
        self.columns
            .iter()
            .enumerate()
            .filter(move |(_, column)| column.stage == wanted && slot < column.replicas)
            .map(|(index, _)| index)
    }

    /// The name of a part in tables and in `/items/part`.
    pub fn part_name(&self, part: &Part) -> String {
        match part {
            Part::Solid => "solid".to_owned(),
            Part::Directions { parameterisation, directions } => format!(
                "{}[{}:{}]",
                self.parameterisations[*parameterisation], directions.start, directions.end
            ),
            Part::Design { parameterisation, design } => {
                format!("{}[{}]", self.parameterisations[*parameterisation], self.designs[*design])
            }
        }
    }

    /// Checks that a part's row has exactly the columns, kinds and lengths of the schema, in its
    /// order.
    pub fn check_row(&self, part: &Part, slot: u64, row: &Row) -> Result<(), ShapeError> {
        let error = |path: &str, found: &str, expected: &str| ShapeError {
            scenario: self.name.clone(),
            part: self.part_name(part),
            path: path.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        };
        let mut given = row.iter();
        for index in self.columns_of(part, slot) {
            let column = &self.columns[index];
            let Some((path, values)) = given.next() else {
                return Err(error(&column.path, "missing", "a value"));
            };
            if *path != column.path {
                return Err(error(path, "stands here", &format!("column {}", column.path)));
            }
            let (kind, length) = (Kind::of(values), values.len());
            let expected = column.values_of(part).map_or(0, |range| range.len());
            if kind != column.kind || length != expected {
                let found = format!("{length} values of {kind:?}");
                return Err(error(path, &found, &format!("{expected} of {:?}", column.kind)));
            }
        }
        match given.next() {
            Some((path, _)) => Err(error(path, "stands here", "no more columns")),
            None => Ok(()),
        }
    }
}

/// Everything that decides about the shape of a results file.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Solids per scenario in the file.
    pub replicas: u64,
    /// Index of the first one in the ensemble.
    pub first_replica: u64,
    /// One entry per scenario.
    pub schemas: Vec<ScenarioSchema>,
}
