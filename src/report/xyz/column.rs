//! Columns of particles in a frame.

/// Some columns of the particles under one name.
pub(super) struct Column {
    pub name: String,
    /// Whole numbers.
    pub integer: bool,
    /// Values of a particle.
    pub width: usize,
    /// Shape (N, width).
    pub values: Vec<f64>,
}

impl Column {
    pub fn floats(name: String, width: usize, values: Vec<f64>) -> Self {
        Column { name, integer: false, width, values }
    }

    /// Its part of the header.
    pub fn property(&self) -> String {
        format!(":{}:{}:{}", self.name, if self.integer { 'I' } else { 'R' }, self.width)
    }

    pub fn counts(name: &str, values: Vec<f64>) -> Self {
        Column { name: name.to_owned(), integer: true, width: 1, values }
    }
}
