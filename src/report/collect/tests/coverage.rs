//! Intervals of simulated ensembles hold what is known of them.

use crate::report::resample;

use super::super::sample::{LIMIT, Sample};
use super::super::sweeps::{RECORD, Range, of_solids, record};

/// A number between 0 and 1.
fn uniform(key: u64) -> f64 {
    resample::uniform(key, 11)
}

/// Solids with six directions that share most of their log s and of their log γ*, which are independent
/// and spread alike: Pearson's coefficient of shuffled ζ is √½, and nothing is left over. The range of
/// shuffles of one ensemble knows nothing of which solids it happens to have.
#[test]
fn intervals_of_what_zeta_owes_to_s_hold_the_truth() {
    const SOLIDS: u64 = 40;
    const ENSEMBLES: u64 = 60;
    let (mut held, mut nothing) = (0, 0);
    for ensemble in 0..ENSEMBLES {
        let mut sample = Sample::new(1, RECORD, LIMIT);
        for solid in 0..SOLIDS {
            let key = (ensemble * SOLIDS + solid) * 100;
            let value = |first: u64, direction: u64| {
                (4.0 * uniform(key + first) + uniform(key + first + 1 + direction)).exp()
            };
            for direction in 0..6 {
                let (s, star) = (value(0, direction), value(50, direction));
                let known = |value| Range { lower: value, upper: value };
                let ranges = [star, star, star, star, s * star].map(known);
                sample.add(solid, &record(s, &ranges));
            }
        }
        let (_, of) = of_solids(&sample.solids(), ensemble, "test");
        let within = |[low, high]: [f64; 2], truth| low <= truth && truth <= high;
        held += u64::from(within(of.zeta_shuffled.pearson.interval, 0.5_f64.sqrt()));
        nothing += u64::from(within(of.zeta_minus_shuffled.spearman.interval, 0.0));
    }
    assert!(held * 100 >= 85 * ENSEMBLES && nothing * 100 >= 85 * ENSEMBLES, "{held} {nothing}");
}
