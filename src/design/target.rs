//! What a design is asked for: features and the values that they shall have.

use super::feature::{BASE, Feature, Unknown};
use crate::response::allosteric::AllostericPair;
use crate::response::features::{FeatureKind, FeatureRequest};

/// What a feature shall become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// This value.
    Value(f64),
    /// Its present value times 1 + this share.
    Share(f64),
    /// Its present value and so much more.
    Change(f64),
}

/// A wish: a feature and what it shall become.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// Its label, such as `K`, `stress_xy`, `C_xxyy`, `omega_0`, `volume`.
    pub name: String,
    pub wanted: Wanted,
}

/// Why there is nothing to design.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TargetError {
    #[error("no target: nothing is to be changed")]
    Empty,
    #[error(
        "\"{text}\" is no target (allowed: NAME=VALUE, NAME=+5%, NAME=-5%, NAME+=CHANGE, NAME-=CHANGE)"
    )]
    Text { text: String },
    #[error("target {name}: {value} is not finite")]
    NotFinite { name: String, value: f64 },
    #[error(transparent)]
    Unknown(#[from] Unknown),
    #[error("{0} twice")]
    Twice(String),
    #[error(
        "target {0}: it is 0 in this solid, and a share of 0 is 0: give a value, or a change by {0}+=…"
    )]
    ShareOfZero(String),
    #[error(
        "the targets contradict each other: {name} = {wanted} cannot be with {others} as wanted"
    )]
    Contradiction { name: String, others: String, wanted: f64 },
    #[error("target {name}: there are at most {found} modes")]
    TooFewModes { name: String, found: usize },
    #[error("target {name}: there are {found} pairs of allosteric features")]
    TooFewPairs { name: String, found: usize },
    #[error("target {name}: it has no value in this solid, a particle of its pair is a rattler")]
    Rattler { name: String },
}

impl Wish {
    /// The wishes of a list such as `K=+5%,G=-20%,nu=0.1,C_xxxy+=0.01`.
    ///
    /// # Errors
    /// [`TargetError`] for what is no wish.
    pub fn list(text: &str) -> Result<Vec<Self>, TargetError> {
        text.split(',').map(Self::from_text).collect()
    }

    /// The wish of a text such as `K=+5%`.
    ///
    /// # Errors
    /// As [`Wish::list`].
    pub fn from_text(text: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError::Text { text: text.trim().to_owned() };
        let (left, right) = text.split_once('=').ok_or_else(wrong)?;
        let (left, right) = (left.trim(), right.trim());
        let number = |text: &str| text.trim().parse::<f64>().map_err(|_| wrong());
        let (name, wanted) = if let Some(name) = left.strip_suffix('+') {
            (name, Wanted::Change(number(right)?))
        } else if let Some(name) = left.strip_suffix('-') {
            (name, Wanted::Change(-number(right)?))
        } else if let Some(share) = right.strip_suffix('%') {
            // 5% alone could also mean five percent of what it is.
            if !share.starts_with(['+', '-']) {
                return Err(wrong());
            }
            (left, Wanted::Share(number(share)? / 100.0))
        } else {
            (left, Wanted::Value(number(right)?))
        };
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(wrong());
        }
        Ok(Self { name, wanted })
    }

    /// That a feature stays what it is.
    pub fn hold(name: &str) -> Self {
        Self { name: name.trim().to_owned(), wanted: Wanted::Change(0.0) }
    }
}

/// How many of those features whose number is free some wishes need: all up to the last one that is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    pub modes: usize,
    pub pairs: usize,
}

impl Need {
    /// Of wishes in this dimension.
    ///
    /// # Errors
    /// [`Unknown`] for a name that is none.
    pub fn of(dimension: usize, wishes: &[Wish]) -> Result<Self, Unknown> {
        let mut need = Self::default();
        for wish in wishes {
            let feature = Feature::from_name(dimension, &wish.name)?;
            need.modes = need.modes.max(feature.needs(FeatureKind::Modes));
            need.pairs = need.pairs.max(feature.needs(FeatureKind::Allosteric));
        }
        Ok(need)
    }

    /// Whether so many modes and pairs are enough.
    ///
    /// # Errors
    /// [`TargetError::TooFewModes`], [`TargetError::TooFewPairs`].
    pub fn check(&self, dimension: usize, modes: usize, pairs: usize) -> Result<(), TargetError> {
        let last = |kind, needed: usize| Feature::Row(kind, needed - 1).label(dimension);
        if self.modes > modes {
            let name = last(FeatureKind::Modes, self.modes);
            return Err(TargetError::TooFewModes { name, found: modes });
        }
        if self.pairs > pairs {
            let name = last(FeatureKind::Allosteric, self.pairs);
            return Err(TargetError::TooFewPairs { name, found: pairs });
        }
        Ok(())
    }

    /// What is measured of a solid with these pairs, of which there are enough.
    pub fn request(&self, pairs: &[AllostericPair]) -> FeatureRequest {
        FeatureRequest { modes: self.modes, pairs: pairs[..self.pairs].to_vec(), ..BASE }
    }
}

/// A feature with the value that it shall have.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub label: String,
    pub feature: Feature,
    /// y before the design.
    pub start: f64,
    /// y*.
    pub value: f64,
    /// What errors of this feature are measured in: |y*| or |y* − y|, the larger one, but no less than
    /// [`LEAST_SCALE`] of the largest feature of its kind.
    pub scale: f64,
    /// What the search measures errors in: the scale, but no less than [`LEAST_UNIT`] of the largest
    /// feature of its kind.
    pub unit: f64,
}

/// Errors of a feature that is nearly zero are measured in this share of the largest one of its kind.
const LEAST_SCALE: f64 = 1e-3;

/// Contact changes move all features of a kind by similar amounts. In units of itself a small one would
/// outweigh all others, and the search would look at nothing else.
const LEAST_UNIT: f64 = 0.1;

/// A feature below this share of the largest one of its kind is zero within rounding.
const ZERO: f64 = 1e-12;

/// A wish whose gradient lies within this share of its length in the span of others depends on them.
const DEPENDENT: f64 = 1e-9;

/// Values that follow from others may differ by this share from what is wanted.
const CONSISTENT: f64 = 1e-9;

impl Target {
    /// (y − y*) in units of the search.
    pub fn error(&self, value: f64) -> f64 {
        (value - self.value) / self.unit
    }

    /// The targets of these wishes for a solid with these features; `values` are all that are requested,
    /// `volume` the volume of all particles.
    ///
    /// # Errors
    /// [`TargetError`] where a wish is none, or cannot be granted beside the others whatever the solid.
    pub fn all<const D: usize>(
        wishes: &[Wish],
        request: &FeatureRequest,
        values: &[f64],
        volume: f64,
    ) -> Result<Vec<Target>, TargetError> {
        let mut targets: Vec<Target> = Vec::new();
        for wish in wishes {
            let feature = Feature::from_name(D, &wish.name)?;
            let label = feature.label(D);
            if targets.iter().any(|other| other.feature == feature) {
                return Err(TargetError::Twice(label));
            }
            let start = feature.value::<D>(request, values, volume);
            let (Wanted::Value(x) | Wanted::Share(x) | Wanted::Change(x)) = wish.wanted;
            if !x.is_finite() {
                return Err(TargetError::NotFinite { name: label, value: x });
            }
            let kind = feature.kind();
            if kind == Some(FeatureKind::Allosteric) && start.is_nan() {
                return Err(TargetError::Rattler { name: label });
            }
            let rows = kind.map(|kind| request.rows(D, &[kind])).unwrap_or_default();
            let largest = rows.iter().fold(0.0, |max: f64, &row| max.max(values[row].abs()));
            let value = match wish.wanted {
                Wanted::Value(value) => value,
                Wanted::Share(_) if start.abs() <= ZERO * largest => {
                    return Err(TargetError::ShareOfZero(label));
                }
                Wanted::Share(share) => start * (1.0 + share),
                Wanted::Change(change) => start + change,
            };
            let own = value.abs().max((value - start).abs());
            // ν is a number of order one by itself, K and G by themselves too.
            let largest = match kind {
                Some(FeatureKind::Derived) | None => 0.0,
                Some(_) => largest,
            };
            let scale = own.max(LEAST_SCALE * largest);
            let scale = if scale > 0.0 { scale } else { 1.0 };
            let unit = scale.max(LEAST_UNIT * largest);
            targets.push(Target { label, feature, start, value, scale, unit });
        }
        if targets.is_empty() {
            return Err(TargetError::Empty);
        }
        check_consistency::<D>(&targets, request, values)?;
        Ok(targets)
    }
}

/// Pressure, K, G and ν follow from stress and elastic constants; a target for ν is one for a linear
/// combination of K and G. Refuses values that exclude each other.
fn check_consistency<const D: usize>(
    targets: &[Target],
    request: &FeatureRequest,
    values: &[f64],
) -> Result<(), TargetError> {
    let part = |kind| -> Vec<f64> {
        request.rows(D, &[kind]).into_iter().map(|row| values[row]).collect()
    };
    let (stress, elastic) = (part(FeatureKind::Stress), part(FeatureKind::Elastic));
    // Rows over (stress, elastic constants, 1): what is wanted is row · (s, C) = last entry.
    let mut kept: Vec<(Vec<f64>, &Target)> = Vec::new();
    for target in targets {
        let Some((mut row, mut wanted)) =
            target.feature.linear::<D>(&stress, &elastic, target.value)
        else {
            continue;
        };
        let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        for (other, _) in &kept {
            let (other, bound) = other.split_at(row.len());
            let overlap: f64 = row.iter().zip(other).map(|(x, y)| x * y).sum();
            row.iter_mut().zip(other).for_each(|(x, y)| *x -= overlap * y);
            wanted -= overlap * bound[0];
        }
        let left = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        if left > DEPENDENT * length {
            row.iter_mut().for_each(|x| *x /= left);
            row.push(wanted / left);
            kept.push((row, target));
        } else if wanted.abs() > CONSISTENT * target.scale.max(1e-300) {
            let names: Vec<&str> = kept.iter().map(|(_, other)| other.label.as_str()).collect();
            return Err(TargetError::Contradiction {
                name: target.label.clone(),
                others: names.join(", "),
                wanted: target.value,
            });
        }
    }
    Ok(())
}
