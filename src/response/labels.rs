//! The names of features and parameters, in the order in which every array holds them.

use super::strain::{components, elastic_pairs};
use crate::solid::parameters::ParameterKind;
use crate::system::words::Word;

/// The strain components by their axes: `xx`, …
fn component_names(dimension: usize) -> Vec<String> {
    let axes = ["x", "y", "z"];
    components(dimension).iter().map(|&(a, b)| format!("{}{}", axes[a], axes[b])).collect()
}

/// `stress_xx`, …: 3 in two dimensions, 6 in three.
pub fn stress(dimension: usize) -> Vec<String> {
    component_names(dimension).iter().map(|name| format!("stress_{name}")).collect()
}

/// `C_xxxx`, …: 6 in two dimensions, 21 in three.
pub fn elastic(dimension: usize) -> Vec<String> {
    let names = component_names(dimension);
    elastic_pairs(dimension).iter().map(|&(a, b)| format!("C_{}{}", names[a], names[b])).collect()
}

/// What stands before the number of a frequency.
pub const MODE: &str = "omega_";

/// What stands before the number of an allosteric feature.
pub const ETA: &str = "eta_";

/// `omega_0`, …: the lowest non-zero frequencies, ascending.
pub fn modes(count: usize) -> Vec<String> {
    (0..count).map(|mode| format!("{MODE}{mode}")).collect()
}

/// Pressure, bulk modulus, shear modulus (isotropic average), Poisson's ratio.
pub fn derived() -> Vec<String> {
    ["pressure", "K", "G", "nu"].map(str::to_owned).to_vec()
}

/// `eta_0`, …: the allosteric features in the order of their pairs.
pub fn allosteric(count: usize) -> Vec<String> {
    (0..count).map(|pair| format!("{ETA}{pair}")).collect()
}

/// The parameters of `species` species in the order of `kinds`: D_s, k_st and B_st (pairs s ≤ t by
/// rows), a.
pub fn parameters(kinds: &[ParameterKind], species: usize) -> Vec<String> {
    let pairs = || (0..species).flat_map(|s| (s..species).map(move |t| (s, t)));
    kinds
        .iter()
        .flat_map(|kind| -> Vec<String> {
            let letter = kind.word();
            match kind {
                ParameterKind::Diameter => (0..species).map(|s| format!("{letter}_{s}")).collect(),
                ParameterKind::Stiffness | ParameterKind::Depth => {
                    pairs().map(|(s, t)| format!("{letter}_{s}_{t}")).collect()
                }
                ParameterKind::InverseRange => vec![letter.to_owned()],
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_follow_the_order_of_the_arrays() {
        assert_eq!(
            stress(3).join(" "),
            "stress_xx stress_yy stress_zz stress_yz stress_xz stress_xy"
        );
        assert_eq!(elastic(2)[4], "C_xxxy");
        assert_eq!(elastic(3).len(), 21);
        let kinds =
            [ParameterKind::Diameter, ParameterKind::Stiffness, ParameterKind::InverseRange];
        assert_eq!(parameters(&kinds, 2).join(" "), "D_0 D_1 k_0_0 k_0_1 k_1_1 a");
    }
}
