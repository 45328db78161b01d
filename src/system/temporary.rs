//! Files that a process makes beside its output and takes away again: their names end with the host
//! and the process, so that what a process has left that died can be told and removed.

use std::path::{Path, PathBuf};

use super::disk::{directory_of, with_suffix};

/// The name of this host.
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// A name beside `output` that only this process uses.
pub fn temporary(output: &Path) -> PathBuf {
    with_suffix(output, &format!(".{}.{}", host(), std::process::id()))
}

/// Removes what processes of this host that are gone have left beside `output`. Nothing depends on
/// it: what cannot be removed stays.
pub fn sweep(output: &Path) {
    let Some(name) = output.file_name() else { return };
    let prefix = format!("{}.{}.", name.to_string_lossy(), host());
    for entry in std::fs::read_dir(directory_of(output)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process =
            name.to_str().and_then(|name| name.strip_prefix(&prefix)?.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_dead_process_of_this_host_has_left_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = folder.path().join("out.h5");
        let own = temporary(&output);
        let dead = with_suffix(&output, &format!(".{}.{}", host(), u32::MAX));
        let kept = [
            own,
            output.clone(),
            with_suffix(&output, ".2024"),
            with_suffix(&output, &format!(".elsewhere-{}.{}", host(), u32::MAX)),
            with_suffix(&output, &format!(".{}.old", host())),
        ];
        for path in kept.iter().chain([&dead]) {
            std::fs::write(path, "").expect("writable");
        }
        sweep(&output);
        assert!(!dead.exists());
        assert!(kept.iter().all(|path| path.exists()));
    }
}
