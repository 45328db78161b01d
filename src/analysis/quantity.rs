//! What an output quantity is: declared once, read by the shape of the results, by the rows, by
//! the file of one solid and by everything that reads them back.

use super::unit::Units;
use super::values::{Kind, Row, Values};
use crate::linearity::cause::Cause;
use crate::response::features::Absence;

/// How the names of quantities with causes end.
pub const CAUSE_SUFFIX: &str = "_cause";

/// What stands along an axis of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    Particle,
    /// x, y, z.
    Cartesian,
    /// All features.
    Feature,
    /// θ.
    Parameter,
    /// Singular directions.
    Mode,
    /// The features of a set.
    FeatureOfSet,
    /// Lower and upper end.
    Bracket,
    /// The grid of γ.
    Gamma,
    /// Allosteric features.
    Pair,
    /// Source and target.
    Role,
    /// The two particles of either.
    End,
}

/// Codes with their names.
pub type Codes = &'static [(u8, &'static str)];

/// The value of a quantity, taken from a result.
pub enum Value<T> {
    Floats(fn(&T) -> Vec<f64>),
    /// One beyond the range of the file's integers stands at its end.
    Counts(fn(&T) -> Vec<usize>),
    Integers(fn(&T) -> Vec<i32>),
    Flags(fn(&T) -> Vec<bool>),
    Causes(fn(&T) -> Vec<Cause>),
    Absences(fn(&T) -> Vec<Option<Absence>>),
    /// Codes with their names.
    Codes((fn(&T) -> Vec<u8>, Codes)),
}

/// One output quantity of results of type T.
pub struct Quantity<T> {
    pub name: &'static str,
    pub along: &'static [Along],
    /// "1" for pure numbers, or what [`Units::of`] understands.
    pub(crate) unit: &'static str,
    pub description: &'static str,
    /// Name and description in the file of one solid, where it stands there.
    pub alone: Option<(&'static str, &'static str)>,
    pub value: Value<T>,
}

impl Along {
    /// The name of the axis in files.
    pub fn name(self) -> &'static str {
        match self {
            Along::Particle => "particle",
            Along::Cartesian => "axis",
            Along::Feature => "feature",
            Along::Parameter => "parameter",
            Along::Mode => "mode",
            Along::FeatureOfSet => "feature_of_set",
            Along::Bracket => "bracket",
            Along::Gamma => "gamma",
            Along::Pair => "pair",
            Along::Role => "role",
            Along::End => "end",
        }
    }
}

impl<T> Quantity<T> {
    /// The unit, where y and θ have these.
    pub fn unit(&self, units: &Units) -> String {
        units.of(self.unit)
    }

    /// Its values in a result.
    pub fn values(&self, of: &T) -> Values {
        match self.value {
            Value::Floats(value) => Values::F64(value(of)),
            Value::Counts(value) => {
                let count = |count| i32::try_from(count).unwrap_or(i32::MAX);
                Values::I32(value(of).into_iter().map(count).collect())
            }
            Value::Integers(value) => Values::I32(value(of)),
            Value::Flags(value) => Values::U8(value(of).into_iter().map(u8::from).collect()),
            Value::Causes(value) => Values::U8(value(of).into_iter().map(Cause::code).collect()),
            Value::Absences(value) => {
                Values::U8(value(of).into_iter().map(Absence::code).collect())
            }
            Value::Codes((value, _)) => Values::U8(value(of)),
        }
    }

    /// The type of the values.
    pub fn kind(&self) -> Kind {
        match self.value {
            Value::Floats(_) => Kind::F64,
            Value::Counts(_) | Value::Integers(_) => Kind::I32,
            Value::Flags(_) | Value::Causes(_) | Value::Absences(_) | Value::Codes(_) => Kind::U8,
        }
    }

    /// Codes and their names, where the values are codes.
    pub fn codes(&self) -> Vec<(u8, &'static str)> {
        match self.value {
            Value::Flags(_) => vec![(0, "no"), (1, "yes")],
            Value::Causes(_) => Cause::ALL.iter().map(|c| (c.code(), c.name())).collect(),
            Value::Absences(_) => Absence::CODES.to_vec(),
            Value::Codes((_, codes)) => codes.to_vec(),
            _ => Vec::new(),
        }
    }
}

/// A stored row does not hold a quantity as it is declared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("internal error, please report it: column {path} has {found} values, expected {expected}")]
pub struct StoredError {
    pub path: String,
    pub found: usize,
    pub expected: usize,
}

/// How a stored row is read.
impl<T> Quantity<T> {
    /// Its path in a group.
    pub fn path(&self, group: &str) -> String {
        format!("{group}/{}", self.name)
    }

    /// Its values in a stored row, where the study keeps them.
    pub fn find<'r>(&self, row: &'r Row, group: &str) -> Option<&'r Values> {
        let path = self.path(group);
        row.iter().find(|(name, _)| *name == path).map(|(_, values)| values)
    }

    /// So many values of a stored row.
    fn stored<'r, V>(
        &self,
        row: &'r Row,
        group: &str,
        expected: usize,
        of: fn(&Values) -> &[V],
    ) -> Result<&'r [V], StoredError> {
        let values = self.find(row, group);
        let found = values.map_or(0, Values::len);
        let typed = values.map(of).filter(|typed| typed.len() == expected);
        typed.ok_or_else(|| StoredError { path: self.path(group), found, expected })
    }

    /// The floats of a stored row.
    ///
    /// # Errors
    /// [`StoredError`] where it does not hold so many.
    pub fn floats<'r>(
        &self,
        row: &'r Row,
        group: &str,
        n: usize,
    ) -> Result<&'r [f64], StoredError> {
        self.stored(row, group, n, Values::floats)
    }

    /// The counts of a stored row.
    ///
    /// # Errors
    /// As [`Quantity::floats`].
    pub fn counts(&self, row: &Row, group: &str, n: usize) -> Result<Vec<usize>, StoredError> {
        let values = self.stored(row, group, n, Values::integers)?;
        Ok(values.iter().map(|&value| usize::try_from(value).unwrap_or(0)).collect())
    }

    /// The flags or codes of a stored row.
    ///
    /// # Errors
    /// As [`Quantity::floats`].
    pub fn flags<'r>(&self, row: &'r Row, group: &str, n: usize) -> Result<&'r [u8], StoredError> {
        self.stored(row, group, n, Values::codes)
    }
}

/// Declares the quantities of one kind of result: a list in the order of the results file, and a
/// constant for each.
///
/// `NAME = "name", Kind[axes], "unit", "description": value;` where the file of one solid has it
/// alike; `("name" "description")` before the colon where it differs there, `(ensemble)` where it
/// is not there.
macro_rules! quantities {
    (@alone $name:literal $text:literal) => { Some(($name, $text)) };
    (@alone $name:literal $text:literal ensemble) => { None };
    (@alone $name:literal $text:literal $alone:literal $other:literal) => { Some(($alone, $other)) };
    ($(#[$doc:meta])* $list:ident of $of:ty: $(
        $quantity:ident = $name:literal, $kind:ident[$($along:ident),*], $unit:literal, $text:literal
        $(($($alone:tt)*))?: $value:expr;
    )*) => {
        $(pub const $quantity: Quantity<$of> = Quantity {
            name: $name,
            along: &[$(Along::$along),*],
            unit: $unit,
            description: $text,
            alone: quantities!(@alone $name $text $($($alone)*)?),
            value: Value::$kind($value),
        };)*
        $(#[$doc])*
        pub const $list: &[Quantity<$of>] = &[$($quantity),*];
    };
}
pub(crate) use quantities;
