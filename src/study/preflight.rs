//! What is looked at before a run begins, one line each; what is wrong is refused with what to do.

use std::path::{Path, PathBuf};

use crate::format::access::hdf5_version;
use crate::system::disk::{directory_of, free_space};
use crate::system::temporary::{sweep, temporary};
use crate::system::text::human_bytes;
use crate::system::world::{LAUNCHED, WITH_MPI, library};

/// HDF5's own switch: it overrides what a program asks for.
const LOCKING: &str = "HDF5_USE_FILE_LOCKING";

/// Something that must be set right before the run.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// Another MPI than that of the launcher.
    #[error(
        "the launcher has started {launched} processes ({variable}), but MPI sees {ranks}: it belongs to another MPI than {mpi}, which amorph was built with; use that one's mpirun, or with srun try --mpi=pmix"
    )]
    OtherMpi {
        /// What the launcher says.
        launched: usize,
        /// Where it says so.
        variable: &'static str,
        /// What MPI sees.
        ranks: usize,
        /// The library.
        mpi: String,
    },
    /// Several processes of a program that is built for one.
    #[error(
        "the launcher has started {launched} processes ({variable}), but this amorph was built without MPI and computes on one core: start it without a launcher, or build it with MPI"
    )]
    Alone {
        /// What the launcher says.
        launched: usize,
        /// Where it says so.
        variable: &'static str,
    },
    /// The output's directory cannot take the output.
    #[error("{}: {found}; choose a directory that exists and that you may write to", output.display())]
    Directory {
        /// The output.
        output: PathBuf,
        /// What is wrong.
        found: String,
    },
    /// The disk is too small.
    #[error("{}: takes about {}, but only {} are free there; free space, choose another file system, or compute fewer replicas per file (`amorph plan` prints the size)", output.display(), human_bytes(*needed), human_bytes(*free))]
    Space {
        /// The output.
        output: PathBuf,
        /// Size of the file [bytes].
        needed: u64,
        /// Free space [bytes].
        free: u64,
    },
    /// HDF5 would lock the file.
    #[error(
        "{LOCKING}={0} makes HDF5 lock the results, which shuts readers out; unset it or set it to FALSE"
    )]
    Locking(String),
}

/// The parallel side: MPI, ranks, hosts.
pub fn ranks(hosts: &[String]) -> Result<Vec<String>, PreflightError> {
    let ranks = hosts.len();
    for &variable in LAUNCHED {
        let launched = std::env::var(variable).ok().and_then(|text| text.parse().ok());
        if let Some(launched) = launched.filter(|&launched| launched != ranks) {
            if !WITH_MPI {
                return Err(PreflightError::Alone { launched, variable });
            }
            return Err(PreflightError::OtherMpi { launched, variable, ranks, mpi: library() });
        }
    }
    let mut names = hosts.to_vec();
    names.sort();
    let most = names.chunk_by(|a, b| a == b).map(<[String]>::len).max().unwrap_or(0);
    let mut lines = vec![format!("MPI      {}", library()), format!("HDF5     {}", hdf5_version())];
    // SAFETY: a plain question to the system.
    let cores = usize::try_from(unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }).unwrap_or(0);
    if cores > 0 && most > cores {
        lines.push(format!(
            "warning  {most} ranks on a host with {cores} cores: one rank per core is fastest"
        ));
    }
    Ok(lines)
}

/// The output: directory, space for `needed` bytes, locks.
pub fn output(output: &Path, needed: u64) -> Result<Vec<String>, PreflightError> {
    let wrong = |found: String| PreflightError::Directory { output: output.to_owned(), found };
    let directory = directory_of(output);
    let place = directory.display();
    let metadata = std::fs::metadata(directory)
        .map_err(|error| wrong(format!("cannot create it in {place}: {error}")))?;
    if !metadata.is_dir() {
        return Err(wrong(format!("cannot create it: {place} is not a directory")));
    }
    if output.is_dir() {
        return Err(wrong("cannot create it: this is a directory".to_owned()));
    }
    // Permissions alone do not tell: the file system may be read-only.
    sweep(output);
    let probe = probe(output)
        .map_err(|error| wrong(format!("cannot create a file in {place}: {error}")))?;
    let mut lines = Vec::new();
    let free = free_space(directory);
    match free {
        Some(free) if free < needed => {
            return Err(PreflightError::Space { output: output.to_owned(), needed, free });
        }
        Some(free) => lines.push(format!(
            "output   {place} is writable, {} free, about {} needed",
            human_bytes(free),
            human_bytes(needed)
        )),
        None => lines.push(format!("output   {place} is writable")),
    }
    if let Ok(value) = std::env::var(LOCKING)
        && !["FALSE", "0"].contains(&value.to_uppercase().as_str())
    {
        return Err(PreflightError::Locking(value));
    }
    lines.push(match probe.try_lock_shared() {
        Ok(()) => "locks    the file system has them; the results are not locked, readers are free".to_owned(),
        Err(_) => format!(
            "warning  the file system has no locks: to read the results with h5py set {LOCKING}=FALSE"
        ),
    });
    Ok(lines)
}

/// A file in the output's directory that has no name any more.
fn probe(output: &Path) -> std::io::Result<std::fs::File> {
    let path = temporary(output);
    let file = std::fs::File::create(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_fit_is_refused_before_it_is_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.h5");
        let message = output(&path, u64::MAX).expect_err("too large").to_string();
        assert!(message.contains("free space") && message.contains("out.h5"), "{message}");
        assert!(output(&path, 1).expect("fits")[0].contains("is writable"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0);
    }

    #[test]
    fn a_directory_is_no_output() {
        let folder = tempfile::tempdir().expect("a folder");
        let message = output(folder.path(), 1).expect_err("a directory").to_string();
        assert!(message.contains("this is a directory"), "{message}");
    }

    #[test]
    fn a_host_with_more_ranks_than_cores_is_mentioned() {
        let hosts = vec!["one".to_owned(); 100_000];
        let lines = ranks(&hosts).expect("nothing wrong");
        assert!(lines.iter().any(|line| line.starts_with("warning  100000 ranks")), "{lines:?}");
    }
}
