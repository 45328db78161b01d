//! Targets for every elastic constant at once, for tests and benchmarks.

use amorph::design::feature::BASE;
use amorph::design::parameters::Parameters;
use amorph::design::problem::Problem;
use amorph::design::state::State;
use amorph::design::target::{Target, Wanted, Wish};
use amorph::response::features::FeatureKind;
use amorph::solid::Solid;
use amorph::solid::random::StreamKey;

/// +1 or −1 at random.
pub fn signs(count: usize, key: &StreamKey) -> Vec<f64> {
    key.directions(count, 1).remove(0).iter().map(|x| x.signum()).collect()
}

/// Every elastic constant moved by this share of K (C_xxxx …) or of G (the others), up or down.
pub fn elastic<const D: usize>(
    solid: &Solid<D>,
    parameters: &Parameters,
    share: f64,
    key: &StreamKey,
) -> Vec<Wish> {
    let problem = Problem { parameters: parameters.clone(), targets: Vec::new(), request: BASE };
    let state = State::new(&problem, solid.clone()).expect("a minimum");
    let moduli = [Wish::hold("K"), Wish::hold("G")];
    let moduli = Target::all::<D>(&moduli, &BASE, &state.values, 1.0).expect("targets");
    let labels = FeatureKind::Elastic.labels(D, 0, 0);
    let signs = signs(labels.len(), key);
    let wishes = labels.into_iter().zip(signs).map(|(name, sign)| {
        let axes = name.trim_start_matches("C_").as_bytes();
        let modulus = &moduli[usize::from(axes.iter().any(|axis| *axis != axes[0]))];
        Wish { name, wanted: Wanted::Change(sign * share * modulus.start) }
    });
    wishes.collect()
}
