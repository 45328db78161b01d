//! For tests: the same computation as it runs on different processors.

use pulp::NullaryFnOnce;

/// What comes out on any processor, and on those with AVX2 where this one has it.
pub(super) fn everywhere<F: NullaryFnOnce>(make: impl Fn() -> F) -> Vec<F::Output> {
    let mut found = vec![make().call()];
    #[cfg(target_arch = "x86_64")]
    found.extend(pulp::x86::V3::try_new().map(|simd| simd.vectorize(make())));
    found
}
