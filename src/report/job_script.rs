//! A job script for a study: `jobscripts/amorph.slurm` with the lines that depend on the study
//! filled in.

use std::path::Path;

use super::pilot::{Geometry, Rounds};

const SCRIPT: &str = include_str!("../../jobscripts/amorph.slurm");

/// What the script runs.
#[derive(Clone, Copy, Debug)]
pub struct Task<'t> {
    /// Name of the study.
    pub name: &'t str,
    /// Its file.
    pub study: &'t Path,
    /// The results file.
    pub output: &'t Path,
    /// This program.
    pub program: &'t Path,
}

/// The complete script.
pub fn fill(task: &Task<'_>, geometry: &Geometry, rounds: &Rounds) -> String {
    let Geometry { ranks, minutes, memory, notice } = geometry;
    let lines = [
        ("# Adapt the lines", format!("# {rounds}")),
        ("#SBATCH --job-name=", format!("#SBATCH --job-name={}", task.name)),
        ("#SBATCH --ntasks=", format!("#SBATCH --ntasks={ranks}")),
        ("#SBATCH --mem-per-cpu=", format!("#SBATCH --mem-per-cpu={memory}M")),
        ("#SBATCH --time=", format!("#SBATCH --time={:02}:{:02}:00", minutes / 60, minutes % 60)),
        ("#SBATCH --signal=", format!("#SBATCH --signal=B:USR1@{notice}")),
        ("study=", format!("study=${{STUDY:-{}}}", quoted(task.study))),
        ("output=", format!("output=${{OUTPUT:-{}}}", quoted(task.output))),
        ("amorph=", format!("amorph=${{AMORPH:-{}}}", quoted(task.program))),
    ];
    let filled = |line: &str| {
        let new = lines.iter().find(|(start, _)| line.starts_with(start));
        new.map_or_else(|| line.to_owned(), |(_, new)| new.clone()) + "\n"
    };
    SCRIPT.lines().map(filled).collect()
}

/// A path as a word of the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_place_in_the_shipped_script() {
        let task = Task {
            name: "hard",
            study: Path::new("it's a {study}.toml"),
            output: Path::new("hard.h5"),
            program: Path::new("/opt/amorph"),
        };
        let geometry = Geometry { ranks: 7, minutes: 605, memory: 384, notice: 90 };
        let rounds = Rounds { core_hours: [1.0, 2.0, 12.34], count: 3 };
        let script = fill(&task, &geometry, &rounds);
        for line in [
            "# About 2.0 core-hours (1.0 to 12) on a core like that of `amorph plan`: up to 3 rounds.",
            "#SBATCH --job-name=hard",
            "#SBATCH --ntasks=7",
            "#SBATCH --mem-per-cpu=384M",
            "#SBATCH --time=10:05:00",
            "#SBATCH --signal=B:USR1@90",
            r"study=${STUDY:-'it'\''s a {study}.toml'}",
            "output=${OUTPUT:-'hard.h5'}",
            "amorph=${AMORPH:-'/opt/amorph'}",
        ] {
            assert_eq!(script.lines().filter(|it| *it == line).count(), 1, "{line}: {script}");
        }
        assert_eq!(script.lines().count(), SCRIPT.lines().count());
    }
}
