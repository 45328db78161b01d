//! Scans: a list where a key holds one value makes a scenario of each of its values, and several lists
//! one of each combination. The rest of the program sees the scenarios that come out.

use toml::de::DeValue;

use super::entry::{Entry, number};
use super::error::ConfigError;
use super::key::{Form, Key};

/// Decimal places between which a number in a name needs no exponent of its own.
const PLAIN_ZEROS: usize = 6;

/// A list in place of a value.
struct Axis<'d> {
    table: &'static str,
    key: &'static str,
    list: Entry<'d>,
    /// What the name of a scenario says of each value.
    labels: Vec<String>,
}

/// The lists of a scenario, in the order of the tables and their keys.
pub(super) struct Scan<'d>(Vec<Axis<'d>>);

/// A combination: of every list (table, key) the place of its value.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice(Vec<(&'static str, &'static str, usize)>);

impl Choice {
    /// The value that is chosen where `entry` of a table's key is one of the lists.
    pub fn of<'d>(&self, table: &str, key: &str, entry: Entry<'d>) -> Entry<'d> {
        let chosen = self.0.iter().find(|(t, k, _)| (*t, *k) == (table, key));
        chosen.and_then(|(.., place)| entry.items().into_iter().nth(*place)).unwrap_or(entry)
    }
}

impl<'d> Scan<'d> {
    /// The lists among the scanned keys of `tables`; of a key in several parents the first counts.
    pub fn new(parents: &[Entry<'d>], tables: &[(&'static str, &'static [Key])]) -> Self {
        let mut axes = Vec::new();
        for (table, keys) in tables {
            for key in *keys {
                let found = parents.iter().find_map(|parent| parent.find(table)?.find(key.name));
                let (Some(name), Some(list)) = (key.scan, found) else { continue };
                if is_list(&key.form, &list) {
                    let items = list.items();
                    let label = |item: &Entry<'_>| name.replace("{}", &label(item.value));
                    let labels = items.iter().map(label).collect();
                    axes.push(Axis { table, key: key.name, list, labels });
                }
            }
        }
        Scan(axes)
    }

    /// # Errors
    /// A list that repeats a value, or more than `most` combinations.
    pub fn check(&self, most: usize) -> Result<(), ConfigError> {
        let mut combinations = 1_usize;
        for Axis { list, labels, .. } in &self.0 {
            if labels.iter().enumerate().any(|(at, label)| labels[..at].contains(label)) {
                return Err(list.refuse("a list of different values"));
            }
            combinations = combinations.saturating_mul(labels.len());
            if combinations > most {
                let value = format!("{combinations} combinations");
                return Err(list.refuse_as(value, format!("at most {most} scenarios")));
            }
        }
        Ok(())
    }

    /// Every combination with the ending of its name, the last list fastest. Without lists there is
    /// one, without an ending.
    pub fn combinations(&self) -> Vec<(String, Choice)> {
        let mut all = vec![(String::new(), Choice::default())];
        for Axis { table, key, labels, .. } in &self.0 {
            let longer = |(ending, choice): &(String, Choice)| {
                let mut longer = Vec::new();
                for (place, label) in labels.iter().enumerate() {
                    let choice = [choice.0.clone(), vec![(*table, *key, place)]].concat();
                    longer.push((format!("{ending}_{label}"), Choice(choice)));
                }
                longer
            };
            all = all.iter().flat_map(longer).collect();
        }
        all
    }

    /// The error that two combinations, by their places, are the same: a list has no effect.
    pub fn refuse_equal(&self, first: &Choice, second: &Choice) -> Option<ConfigError> {
        let places = first.0.iter().zip(&second.0);
        let (axis, _) = self.0.iter().zip(places).find(|(_, (one, other))| one.2 != other.2)?;
        Some(axis.list.refuse("one value: it makes no difference to this scenario"))
    }
}

/// Whether a value is a list of what its form allows; a table of numbers is none.
fn is_list(form: &Form, entry: &Entry<'_>) -> bool {
    let items = entry.items();
    let numbers = || items.iter().all(|item| number(item.value).is_some());
    !items.is_empty() && (!matches!(form, Form::Table(_)) || numbers())
}

/// A value within a name, which holds letters, digits, `-` and `_`: words as they are, numbers
/// without a point. What is neither is refused by the key's reader.
fn label(value: &DeValue<'_>) -> String {
    match number(value) {
        Some(number) => plain(number),
        None => value.as_str().unwrap_or_default().to_owned(),
    }
}

/// A number as its shortest digits and a power of ten: 0.1 is 1e-1, 0.025 is 25e-3, 256 is 256.
fn plain(number: f64) -> String {
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.parse::<i64>().unwrap_or(0) - decimals.len() as i64;
    let zeros = usize::try_from(exponent).ok().filter(|zeros| *zeros <= PLAIN_ZEROS);
    match zeros {
        Some(zeros) => format!("{whole}{decimals}{}", "0".repeat(zeros)),
        None => format!("{whole}{decimals}e{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_have_no_point_and_differ_where_they_differ() {
        let numbers = [0.1, 1e-4, 0.025, 0.0, 1.0, 1.4, 256.0, 100.0, 1e6, 1.5e9, -0.5, 0.12345];
        let names = numbers.map(plain);
        let expected = [
            "1e-1", "1e-4", "25e-3", "0", "1", "14e-1", "256", "100", "1000000", "15e8", "-5e-1",
            "12345e-5",
        ];
        assert_eq!(names, expected);
    }
}
