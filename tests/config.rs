//! Every file of `tests/config/good` is accepted; every one of `tests/config/bad` is refused with
//! exit code 2 and the fragments of its `# error:` lines.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn check(path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_amorph"))
        .args(["config", "check"])
        .arg(path)
        .output()
        .expect("the binary runs")
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder exists")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no configurations", folder.display());
    files
}

#[test]
fn good_configurations_are_accepted() {
    for path in files("tests/config/good").into_iter().chain(files("configs")) {
        let output = check(&path);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {message}", path.display());
    }
}

#[test]
fn bad_configurations_are_refused_with_their_message() {
    for path in files("tests/config/bad") {
        let text = std::fs::read_to_string(&path).expect("readable");
        let expected: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# error: ")).collect();
        assert!(!expected.is_empty(), "{} has no `# error:` line", path.display());
        let output = check(&path);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{}: {message}", path.display());
        assert!(
            message.contains(&path.display().to_string()),
            "{}: the message does not name the file: {message}",
            path.display()
        );
        for fragment in expected {
            assert!(
                message.contains(fragment),
                "{}: no `{fragment}` in: {message}",
                path.display()
            );
        }
    }
}

#[test]
fn directions_from_a_file_become_rows_of_the_resolved_configuration() {
    let show = |path: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_amorph"))
            .args(["config", "show"])
            .arg(path)
            .output()
            .expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good/sweep-directions-file.toml");
    let resolved = show(&path);
    assert!(resolved.contains("directions = { rows = [[1.0, 0.0, 0.0, 0.0], [0.377"), "{resolved}");
    // It stands on its own, away from the file.
    let folder = tempfile::tempdir().expect("a folder");
    let alone = folder.path().join("alone.toml");
    std::fs::write(&alone, &resolved).expect("written");
    assert_eq!(show(&alone), resolved);
}
