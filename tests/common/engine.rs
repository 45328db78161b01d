//! Drives the real program under the real launcher.

use std::path::Path;
use std::process::Command;

/// The program's path.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_amorph");

/// Fields of `/items` that may differ between two runs of one study.
const VOLATILE: [&str; 5] =
    ["/items/seconds", "/items/host", "/items/finished", "/items/program", "/items/processor"];

thread_local! {
    /// Where Open MPI keeps what its processes share. By default that is one folder for all programs of a
    /// user: who ends last removes it, and who starts at that moment fails.
    static SESSIONS: tempfile::TempDir = tempfile::tempdir().expect("a folder");
}

/// The program on this many ranks (0: without a launcher), ended after `timeout` seconds with
/// exit code 124.
pub fn launch(ranks: usize, timeout: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-k", "5", timeout]);
    if ranks > 0 {
        let launcher = std::env::var("MPIRUN").unwrap_or_else(|_| "mpirun".to_owned());
        command.args([&launcher, "-n", &ranks.to_string()]);
    }
    command.arg(PROGRAM);
    for (name, value) in [
        ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
        ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
    ] {
        command.env(name, value);
    }
    SESSIONS.with(|folder| command.env("OMPI_MCA_orte_tmpdir_base", folder.path()));
    command
}

/// The interpreter with h5py and xarray: `make test` makes one and says where.
pub fn python() -> std::path::PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    let python = std::env::var_os("AMORPH_PYTHON").map_or(own, Into::into);
    assert!(python.exists(), "no {}: `make test` makes it", python.display());
    python
}

/// The launcher below `timeout`; without one, nothing.
pub fn launcher_of(timeout: u32) -> Option<u32> {
    let children = format!("/proc/{timeout}/task/{timeout}/children");
    std::fs::read_to_string(children).ok()?.split_whitespace().next()?.parse().ok()
}

/// The ranks that work on this output.
pub fn ranks_of(output: &Path) -> Vec<u32> {
    let output = output.display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let mut words = line.split(|&byte| byte == 0);
        let program = words.next() == Some(PROGRAM.as_bytes());
        if program && words.any(|word| word == output.as_bytes()) {
            found.push(pid);
        }
    }
    found
}

/// Every dataset of the file with its bytes, but those that may differ between runs.
pub fn contents(path: &Path) -> Vec<(String, Vec<u8>)> {
    super::contents::contents(path, &VOLATILE)
}
