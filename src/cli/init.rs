//! `amorph init`: a study to begin with.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::study::config::Study;

/// Write a commented study, NAME.toml, to begin with: a few small solids, every key with its meaning
///
/// Without an option the solids are packings of soft spheres. An existing file is refused.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Name of the study
    #[arg(default_value = "study")]
    name: String,
    /// Particles that attract each other at short range
    #[arg(long, group = "kind")]
    attractive: bool,
    /// Unstressed spring networks
    #[arg(long, group = "kind")]
    network: bool,
    /// Triangular crystals, whose rank is low; nothing is swept
    #[arg(long, group = "kind")]
    crystal: bool,
}

impl Arguments {
    /// What kind of solids, and what makes them that: a line of `[solid]`, and one of `[sweep]`.
    fn kind(&self) -> [&'static str; 3] {
        const ALL_DIRECTIONS: &str = "parameters = [\"D_n40\"]";
        if self.attractive {
            ["particles with short-range attraction", "B = 0.01", ALL_DIRECTIONS]
        } else if self.network {
            ["unstressed spring networks", "structure = \"network\"", ALL_DIRECTIONS]
        } else if self.crystal {
            ["crystals", "structure = \"triangular\"", "parameters = []"]
        } else {
            ["soft spheres", "", ALL_DIRECTIONS]
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let name = arguments.name.trim_end_matches(".toml");
    let path = PathBuf::from(format!("{name}.toml"));
    let [kind, solid, sweep] = arguments.kind();
    let text = format!(
        "version = 1\n\
         study = {{ name = {name:?}, replicas = 6 }}\n\
         features.sets = [[\"stress\"], [\"elastic\"], [\"stress\", \"elastic\"]]\n\
         [solid]\ndimension = 2\nparticles = 128\npressure = 0.1\n{solid}\n\
         [sweep]\nset = [\"stress\", \"elastic\"]\n{sweep}\n"
    );
    let study = Study::parse(&path.display().to_string(), &text).map_err(CommandError::usage)?;
    let text = format!(
        "# A study of {kind}. A key that is left out has its default:\n\
         # `amorph config keys` lists all keys and defaults, and so does docs/configuration.md.\n{}",
        study.template()
    );
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        CommandError::usage(format!(
            "{}: cannot be written: {error}; give the study another name",
            path.display()
        ))
    })?;
    super::say(|out| {
        writeln!(
            out,
            "{0}: {kind}; next\n\n    amorph plan {0}\n    amorph run {0} -o {name}.h5",
            path.display()
        )
    })?;
    Ok(Outcome::Done)
}
