//! This program and the processor that it runs on: what decides about the last bits of a result.

/// The version of this program.
pub const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from.
pub const COMMIT: &str = env!("AMORPH_COMMIT");
/// What it was built with: compiler, target, profile.
pub const COMPILER: &str = env!("AMORPH_COMPILER");
/// The most bytes of [`program`].
pub const PROGRAM_LENGTH: usize = 48;
/// The most bytes of [`processor`].
pub const PROCESSOR_LENGTH: usize = 64;

/// Version and commit: results of equal programs are equal.
pub fn program() -> String {
    program_of(PROGRAM_VERSION, COMMIT)
}

/// The same of another program. A commit whose tracked files were changed ends in `-dirty` and a
/// hash of the changes.
pub fn program_of(version: &str, commit: &str) -> String {
    const SHORT: usize = 12;
    let (commit, changes) = commit.split_at(commit.find('-').unwrap_or(commit.len()));
    format!("{version} ({}{changes})", commit.get(..SHORT).unwrap_or(commit))
}

/// What decides about the last bits of a result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComputedBy {
    /// Version and commit.
    pub program: String,
    /// The kind of processor.
    pub processor: String,
}

impl ComputedBy {
    /// This program on this processor.
    pub fn here() -> Self {
        ComputedBy { program: program(), processor: processor() }
    }
}

impl std::fmt::Display for ComputedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let processor =
            if self.processor.is_empty() { "an unknown processor" } else { &self.processor };
        write!(f, "amorph {} on {processor}", self.program)
    }
}

/// Behind the name of a processor without AVX2: it computes other bits. With AVX-512 they are those with AVX2, as far
/// as it was tried (`make test-avx2`).
const WITHOUT_AVX2: &str = ", without AVX2";

/// The kind of processor: results are equal on equal ones.
pub fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    processor_of(&text, has_avx2())
}

fn processor_of(cpuinfo: &str, has_avx2: bool) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(':')).map_or("", |(_, name)| name.trim());
    let units = if has_avx2 { "" } else { WITHOUT_AVX2 };
    let room = PROCESSOR_LENGTH - units.len();
    name.chars().filter(char::is_ascii).take(room).chain(units.chars()).collect()
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    pulp::x86::V3::try_new().is_some()
}

/// Other architectures have one path only.
#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_build_is_another_program_than_its_commit() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(program_of("1.2.3", commit), "1.2.3 (0123456789ab)");
        let changed = program_of("1.2.3", &format!("{commit}-dirty.01234567"));
        assert_eq!(changed, "1.2.3 (0123456789ab-dirty.01234567)");
        assert!(changed.len() <= PROGRAM_LENGTH);
    }

    #[test]
    fn a_processor_without_avx2_is_another_one() {
        let info = format!("processor\t: 0\nmodel name\t: Xeon {}\n", "x".repeat(80));
        let with = processor_of(&info, true);
        let without = processor_of(&info, false);
        assert_eq!((with.len(), without.len()), (PROCESSOR_LENGTH, PROCESSOR_LENGTH));
        assert!(with.starts_with("Xeon xx") && without.ends_with("x, without AVX2"));
        assert_eq!(processor_of("", true), "");
    }
}
