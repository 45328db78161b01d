//! Units of what is stored: products of powers of an energy and a length.

use std::fmt;
use std::ops::Div;

use crate::analysis::directions::Scale;
use crate::response::features::FeatureKind;
use crate::solid::parameters::ParameterKind;

/// energy^(half_energies/2) · length^lengths
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    half_energies: i32,
    lengths: i32,
}

/// No unit.
const ONE: Unit = Unit { half_energies: 0, lengths: 0 };

impl Div for Unit {
    type Output = Unit;

    fn div(self, other: Unit) -> Unit {
        Unit {
            half_energies: self.half_energies - other.half_energies,
            lengths: self.lengths - other.lengths,
        }
    }
}

/// As in `energy/length^2`; half an energy is `energy^0.5`.
impl fmt::Display for Unit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let factors =
            [("energy", f64::from(self.half_energies) / 2.0), ("length", f64::from(self.lengths))];
        let power = |name: &str, exponent: f64| match exponent {
            1.0 => name.to_owned(),
            exponent => format!("{name}^{exponent}"),
        };
        let above: Vec<String> =
            factors.iter().filter(|(_, e)| *e > 0.0).map(|&(name, e)| power(name, e)).collect();
        out.write_str(if above.is_empty() { "1" } else { "" })?;
        out.write_str(&above.join(" "))?;
        factors
            .iter()
            .filter(|(_, e)| *e < 0.0)
            .try_for_each(|&(name, e)| write!(out, "/{}", power(name, -e)))
    }
}

/// The units of y, of θ and of |Δy| in d dimensions; none where their components have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    dimension: usize,
    feature: Option<Unit>,
    parameter: Option<Unit>,
    norm: Option<Unit>,
}

impl Units {
    /// Of these features and parameters.
    pub fn new(dimension: usize, features: &[FeatureKind], parameters: &[ParameterKind]) -> Self {
        let feature = common(features.iter().map(|&kind| of_feature(kind, dimension)));
        let parameter = common(parameters.iter().map(|&kind| Some(of_parameter(kind))));
        Units { dimension, feature, parameter, norm: feature }
    }

    /// With the weights of a scale in |Δy|.
    pub fn scaled(self, scale: &Scale) -> Self {
        let norm = match scale {
            Scale::None => self.feature,
            Scale::Initial => Some(ONE),
            Scale::Table(_) => None,
        };
        Units { norm, ..self }
    }

    /// The unit of a quantity: a plain one with d for the dimension, or a formula of y, `|y|` and
    /// theta; "mixed" where these have none.
    pub fn of(&self, formula: &str) -> String {
        let (y, norm, theta) = (self.feature, self.norm, self.parameter);
        let over = |of: Option<Unit>, by: Option<Unit>| Some(of? / by?);
        let unit = match formula {
            "y" => y,
            "theta" => theta,
            "|y|" => norm,
            "y/theta" => over(y, theta),
            "|y|/theta" => over(norm, theta),
            "y/theta^2" => over(over(y, theta), theta),
            "|y|/y" => over(norm, y),
            plain => return plain.replace("^d", &format!("^{}", self.dimension)),
        };
        unit.map_or_else(|| "mixed".to_owned(), |unit| unit.to_string())
    }
}

/// The unit that all have.
fn common(mut units: impl Iterator<Item = Option<Unit>>) -> Option<Unit> {
    let first = units.next()??;
    units.all(|unit| unit == Some(first)).then_some(first)
}

fn of_feature(kind: FeatureKind, dimension: usize) -> Option<Unit> {
    match kind {
        FeatureKind::Stress | FeatureKind::Elastic => {
            Some(Unit { half_energies: 2, lengths: -(dimension as i32) })
        }
        FeatureKind::Modes => Some(Unit { half_energies: 1, lengths: -1 }),
        FeatureKind::Allosteric => Some(ONE),
        // Three moduli, and Poisson's ratio.
        FeatureKind::Derived => None,
    }
}

fn of_parameter(kind: ParameterKind) -> Unit {
    match kind {
        ParameterKind::Diameter => Unit { half_energies: 0, lengths: 1 },
        ParameterKind::Stiffness | ParameterKind::Depth => Unit { half_energies: 2, lengths: 0 },
        ParameterKind::InverseRange => Unit { half_energies: 0, lengths: -1 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FeatureKind::{Derived, Elastic, Modes, Stress};
    use ParameterKind::{Depth, Diameter, InverseRange, Stiffness};

    #[test]
    fn units_are_real_where_all_components_share_one() {
        let of = |features: &[_], parameters: &[_], formula| {
            Units::new(2, features, parameters).of(formula)
        };
        assert_eq!(of(&[Stress, Elastic], &[Diameter], "y/theta"), "energy/length^3");
        assert_eq!(of(&[Stress], &[Stiffness, Depth], "y/theta"), "1/length^2");
        assert_eq!(of(&[Stress], &[Diameter, Stiffness], "y/theta"), "mixed");
        assert_eq!(of(&[Stress], &[Diameter, Stiffness], "y"), "energy/length^2");
        assert_eq!(of(&[Modes], &[InverseRange], "y/theta"), "energy^0.5");
        assert_eq!(of(&[Modes], &[Diameter], "y/theta^2"), "energy^0.5/length^3");
        assert_eq!(of(&[Stress, Modes], &[Diameter], "theta"), "length");
        assert_eq!(of(&[Derived], &[Diameter], "y"), "mixed");
        assert_eq!(of(&[Stress], &[Diameter], "energy/length^d"), "energy/length^2");
    }

    #[test]
    fn weights_change_the_unit_of_norms_only() {
        let plain = Units::new(3, &[Stress], &[Diameter]);
        let scaled = plain.scaled(&Scale::Initial);
        assert_eq!((plain.of("|y|/y"), scaled.of("|y|/y")), ("1".into(), "length^3/energy".into()));
        assert_eq!((scaled.of("|y|"), scaled.of("y")), ("1".into(), "energy/length^3".into()));
        assert_eq!(plain.scaled(&Scale::Table(vec![1.0])).of("|y|"), "mixed");
    }
}
