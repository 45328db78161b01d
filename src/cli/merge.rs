//! `amorph merge`: one results file from several of one study.

use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::format::archive::Storage;
use crate::report::merge::merge;
use crate::system::text::tell;

/// Put results files of one study together: parts, or an extension with more replicas
///
/// The files hold replicas that follow each other, as `amorph run --replicas A:B` and array jobs make
/// them. The merged file is the one that a single run would have made; what is not computed yet is
/// computed by `amorph run --resume`. Every checksum is verified on the way.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Results files of one study with disjoint replicas
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The file to write; it is never overwritten
    #[arg(short, long)]
    output: PathBuf,
    /// Compress the merged file, which must be complete; also for a single file
    #[arg(long)]
    compress: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let storage = if arguments.compress { Storage::Compressed } else { Storage::Contiguous };
    let merged = merge(&arguments.files, &arguments.output, storage, tell)
        .map_err(|error| CommandError::of(error.is_usage(), error))?;
    let (items, output) = (merged.items, arguments.output.display());
    tell(&format!(
        "merged   replicas {}:{} into {output}: {} items done, {} failed, {} pending",
        merged.replicas.start, merged.replicas.end, items.done, items.failed, items.pending
    ));
    if merged.corrupt > 0 {
        tell(&format!(
            "warning  the checksum of {} items does not hold: they are pending in {output}",
            merged.corrupt
        ));
    }
    Ok(Outcome::Done)
}
