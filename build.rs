//! Records the commit that the program is built from, whether its files were changed since, and the
//! compiler.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;
use std::path::Path;
use std::process::Command;

/// What the program is made of.
const SOURCES: [&str; 4] = ["src", "build.rs", "Cargo.toml", "Cargo.lock"];

fn main() {
    let watched = [".git/HEAD", ".git/refs/heads", ".git/packed-refs"].into_iter().chain(SOURCES);
    // A path that does not exist (outside git) would run this again at every build.
    for path in watched.filter(|path| Path::new(path).exists()) {
        println!("cargo::rerun-if-changed={path}");
    }
    println!("cargo::rustc-env=AMORPH_COMMIT={}", commit());
    let compiler = std::env::var("RUSTC")
        .ok()
        .and_then(|rustc| Command::new(rustc).arg("--version").output().ok())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned());
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    println!("cargo::rustc-env=AMORPH_COMPILER={compiler}, {}, {}", of("TARGET"), of("PROFILE"));
}

/// The commit; with `-dirty` and a hash of the changes where tracked sources differ from it, so that
/// two such programs can be told apart; `unknown` outside git.
fn commit() -> String {
    let Some(head) = git(&["rev-parse", "HEAD"]) else { return "unknown".to_owned() };
    let head = String::from_utf8_lossy(&head).trim().to_owned();
    let mut arguments = vec!["diff", "HEAD", "--"];
    arguments.extend(SOURCES);
    match git(&arguments) {
        Some(changes) if changes.is_empty() => head,
        Some(changes) => {
            let mut hash = DefaultHasher::new();
            hash.write(&changes);
            format!("{head}-dirty.{:08x}", hash.finish() >> 32)
        }
        None => format!("{head}-dirty"),
    }
}

fn git(arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then_some(output.stdout)
}
