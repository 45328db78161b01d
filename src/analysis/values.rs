//! Values of any type that is stored.

use std::ops::Range;

/// The values of one column in one row (or in the part's block of a row).
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    F64(Vec<f64>),
    I32(Vec<i32>),
    U8(Vec<u8>),
}

impl Values {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Values::F64(values) => values.len(),
            Values::I32(values) => values.len(),
            Values::U8(values) => values.len(),
        }
    }

    /// The floats; none where the values are of another type.
    pub fn floats(&self) -> &[f64] {
        match self {
            Values::F64(values) => values,
            _ => &[],
        }
    }

    /// The integers; none where the values are of another type.
    pub fn integers(&self) -> &[i32] {
        match self {
            Values::I32(values) => values,
            _ => &[],
        }
    }

    /// These values alone.
    pub fn slice(&self, range: Range<usize>) -> Values {
        match self {
            Values::F64(values) => Values::F64(values[range].to_vec()),
            Values::I32(values) => Values::I32(values[range].to_vec()),
            Values::U8(values) => Values::U8(values[range].to_vec()),
        }
    }

    /// The codes or flags; none where the values are of another type.
    pub fn codes(&self) -> &[u8] {
        match self {
            Values::U8(values) => values,
            _ => &[],
        }
    }

    /// No values of this type.
    pub fn none(kind: Kind) -> Values {
        match kind {
            Kind::F64 => Values::F64(Vec::new()),
            Kind::I32 => Values::I32(Vec::new()),
            Kind::U8 | Kind::Text(_) => Values::U8(Vec::new()),
        }
    }

    /// Appends others of the same type.
    pub fn append(&mut self, others: Values) {
        match (self, others) {
            (Values::F64(values), Values::F64(more)) => values.extend(more),
            (Values::I32(values), Values::I32(more)) => values.extend(more),
            (Values::U8(values), Values::U8(more)) => values.extend(more),
            _ => debug_assert!(false, "values of one column have one type"),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

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

/// What a part computed: (path of the column below the scenario's group, values), one entry for
/// every column that the schema assigns to the part, in the schema's order.
pub type Row = Vec<(String, Values)>;
