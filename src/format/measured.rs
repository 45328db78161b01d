//! What stands in an output of `measure` beside its values: attributes and units.

use super::measurement::Measurement;
use super::slab;

impl Measurement {
    /// Every attribute of the root as text, in the order of their names.
    pub fn attributes(&self) -> Vec<(String, String)> {
        let file = self.file();
        let mut names = file.attr_names().unwrap_or_default();
        names.sort_unstable();
        let value = |name: &String| {
            slab::read_text(file, name).ok().or_else(|| {
                let number = file.attr(name).ok()?.read_scalar::<f64>().ok()?;
                Some(number.to_string())
            })
        };
        names.into_iter().filter_map(|name| value(&name).map(|value| (name, value))).collect()
    }

    /// The unit of a dataset; none where there is no such dataset.
    pub fn unit(&self, name: &str) -> Option<String> {
        let dataset = self.file().dataset(name).ok()?;
        slab::read_text(&dataset, "units").ok()
    }
}
