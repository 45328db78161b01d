//! The shape of the results: every column of a scenario with its axes, units and meaning, and the
//! parts in which its rows are computed. No HDF5 here.

mod columns;

use crate::study::config::{Scenario, Study};
use crate::study::work::{Part, Row, Values};

/// The directions of a parameterisation are computed in at most this many parts: enough to share
/// a solid among ranks, few enough that each is worth a message.
pub const DIRECTION_BLOCKS: usize = 9;

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 64-bit float.
    F64,
    /// 32-bit signed integer.
    I32,
    /// Byte: a flag or a code.
    U8,
    /// ASCII text in cells of this length; not for columns of parts.
    Text(usize),
}

impl Kind {
    /// Bytes per value.
    pub fn size(self) -> usize {
        match self {
            Kind::F64 => 8,
            Kind::I32 => 4,
            Kind::U8 => 1,
            Kind::Text(length) => length,
        }
    }

    /// The kind of these values.
    pub fn of(values: &Values) -> Kind {
        match values {
            Values::F64(_) => Kind::F64,
            Values::I32(_) => Kind::I32,
            Values::U8(_) => Kind::U8,
        }
    }
}

/// What stands along an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Ticks {
    /// 0, 1, 2, …
    Index,
    /// first, first + 1, … (the replicas).
    From(u64),
    /// Names.
    Labels(Vec<String>),
    /// Values, such as the grid of γ.
    Values(Vec<f64>),
}

/// An axis; it becomes a dimension scale in the group of every column that has it, so that a
/// group can be opened alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Name of the scale.
    pub name: String,
    /// Number of ticks.
    pub length: usize,
    /// The ticks.
    pub ticks: Ticks,
    /// Unit of the ticks; empty: none.
    pub unit: &'static str,
    /// What it counts.
    pub description: &'static str,
}

/// Which part computes a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// [`Part::Solid`].
    Solid,
    /// The [`Part::Directions`] of this parameterisation; the column's first axis is the
    /// direction, and a part computes its block of it.
    Directions {
        /// Index of the parameterisation.
        parameterisation: usize,
    },
}

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
    /// Who computes it.
    pub part: PartKind,
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

    /// Whether the values are codes of [`Cause`](crate::linearity::cause::Cause).
    pub fn holds_causes(&self) -> bool {
        self.path.ends_with(columns::CAUSE_SUFFIX)
    }

    /// Bytes of the whole dataset.
    pub fn bytes(&self) -> u64 {
        self.replicas * (self.row_length() * self.kind.size()) as u64
    }

    /// Values in a part's block of a row.
    pub fn part_length(&self, part: &Part) -> usize {
        match part {
            Part::Solid => self.row_length(),
            Part::Directions { directions, .. } => {
                directions.len() * self.axes[1..].iter().map(|axis| axis.length).product::<usize>()
            }
        }
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
    /// The parts of every replica: the solid, then the directions of every swept θ in blocks.
    pub parts: Vec<Part>,
    /// Names of the parameterisations.
    pub parameterisations: Vec<String>,
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
    /// The schema of one scenario of a study.
    pub fn new(study: &Study, scenario: &Scenario) -> Self {
        let columns = columns::columns(study, scenario);
        let mut parts = vec![Part::Solid];
        for parameterisation in scenario.swept() {
            let theta = &scenario.parameterisations()[parameterisation];
            let count =
                scenario.sweep.direction_count(scenario.sweep_features(), theta.parameters());
            let block = count.div_ceil(DIRECTION_BLOCKS).max(1);
            parts.extend((0..count).step_by(block).map(|start| Part::Directions {
                parameterisation,
                directions: start..(start + block).min(count),
            }));
        }
        ScenarioSchema {
            name: scenario.name.clone(),
            replica: columns::replica_axis(study),
            columns,
            parts,
            parameterisations: scenario
                .parameterisations()
                .into_iter()
                .map(|theta| theta.name)
                .collect(),
        }
    }

    /// Indices of the columns that a part computes for the replica in row `slot` (0 is the file's
    /// first), in the order of the schema.
    pub fn columns_of(&self, part: &Part, slot: u64) -> impl Iterator<Item = usize> {
        let wanted = match part {
            Part::Solid => PartKind::Solid,
            Part::Directions { parameterisation, .. } => {
                PartKind::Directions { parameterisation: *parameterisation }
            }
        };
        self.columns
            .iter()
            .enumerate()
            .filter(move |(_, column)| column.part == wanted && slot < column.replicas)
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
        }
    }

    /// Checks that a part's row has exactly the columns, kinds and lengths of the schema, in its
    /// order.
    pub fn check_row(&self, part: &Part, slot: u64, row: &Row) -> Result<(), ShapeError> {
        let error = |path: &str, found: String, expected: String| ShapeError {
            scenario: self.name.clone(),
            part: self.part_name(part),
            path: path.to_owned(),
            found,
            expected,
        };
        let mut given = row.iter();
        for index in self.columns_of(part, slot) {
            let column = &self.columns[index];
            let Some((path, values)) = given.next() else {
                return Err(error(&column.path, "missing".to_owned(), "a value".to_owned()));
            };
            if *path != column.path {
                return Err(error(
                    path,
                    "stands here".to_owned(),
                    format!("column {}", column.path),
                ));
            }
            let (kind, length) = (Kind::of(values), values.len());
            let expected = column.part_length(part);
            if kind != column.kind || length != expected {
                return Err(error(
                    path,
                    format!("{length} values of {kind:?}"),
                    format!("{expected} of {:?}", column.kind),
                ));
            }
        }
        match given.next() {
            Some((path, _)) => {
                Err(error(path, "stands here".to_owned(), "no more columns".to_owned()))
            }
            None => Ok(()),
        }
    }
}

/// The schemas of every scenario of a study.
pub fn schemas(study: &Study) -> Vec<ScenarioSchema> {
    study.scenarios.iter().map(|scenario| ScenarioSchema::new(study, scenario)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> ScenarioSchema {
        let text = "version = 1\n[study]\nname = \"s\"\nreplicas = 20\n[solid]\ndimension = 2\n\
                    particles = 64\npressure = 0.1\n[parameters]\nspecies = [2, 40]\n\
                    [sweep]\nsigns = \"both\"\n";
        let study = Study::parse("s.toml", text).expect("valid");
        ScenarioSchema::new(&study, &study.scenarios[0])
    }

    #[test]
    fn directions_are_cut_into_blocks() {
        let schema = schema();
        let of = |theta| {
            schema
                .parts
                .iter()
                .filter_map(|part| match part {
                    Part::Directions { parameterisation, directions }
                        if *parameterisation == theta =>
                    {
                        Some(directions.clone())
                    }
                    _ => None,
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(schema.parts[0], Part::Solid);
        assert_eq!(of(0), vec![0..1, 1..2, 2..3, 3..4]);
        assert_eq!(of(1).len(), 9);
        assert_eq!(of(1)[8], 16..18);
    }

    #[test]
    fn curves_belong_to_the_first_replicas_only() {
        let schema = schema();
        let part = &schema.parts[1];
        let with = schema.columns_of(part, 9).count();
        let without = schema.columns_of(part, 10).count();
        assert!(with > without);
    }

    #[test]
    fn paths_are_unique() {
        let schema = schema();
        let mut paths: Vec<&str> = schema.columns.iter().map(|c| c.path.as_str()).collect();
        paths.sort_unstable();
        let length = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), length);
    }
}
