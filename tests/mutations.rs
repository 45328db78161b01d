//! Damaged files of every kind: whatever is wrong with one, the program says something and ends with
//! one of its exit codes; it never panics, is killed, hangs, or asks for much memory.

mod common;

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use common::engine::PROGRAM;

/// Copies of every kind of file; `AMORPH_COPIES` says more.
const COPIES: u64 = 300;
/// A command that takes longer has hung.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most memory that a command may have [KiB].
const MEMORY: i64 = 200 << 10;
/// The program's exit codes.
const CODES: [i32; 5] = [0, 1, 2, 3, 75];

const STUDY: &str = "version = 1\n[study]\nname = \"m\"\nreplicas = 2\n[solid]\ndimension = 2\n\
    particles = 16\npressure = 0.1\n[features]\nmodes = 0\nsets = [[\"stress\"]]\n[parameters]\n\
    species = [2]\n[sweep]\npoints = 3\ndirections = 1\n[output]\ncurves = 1\nsnapshots = 1\n";

/// Random numbers that are the same for ever (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

/// The seeds of the copies.
fn seeds() -> std::ops::Range<u64> {
    let copies = std::env::var("AMORPH_COPIES").ok().and_then(|text| text.parse().ok());
    0..copies.unwrap_or(COPIES)
}

/// How a command ended, and what it said.
struct Ended {
    status: ExitStatus,
    peak: i64,
    said: String,
}

/// Runs the program; none where it hangs.
#[expect(clippy::zombie_processes, reason = "waited for by wait4, which counts its memory")]
fn run(arguments: &[&str], said: &Path) -> Option<Ended> {
    let file = std::fs::File::create(said).expect("writable");
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    command.stdout(file.try_clone().expect("cloned")).stderr(file);
    let child = command.spawn().expect("it starts");
    let (started, pid) = (Instant::now(), child.id() as i32);
    loop {
        let mut status = 0;
        // SAFETY: a record of numbers.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: both are places of the right size, and the child is ours and not waited for yet.
        let waited = unsafe { libc::wait4(pid, &raw mut status, libc::WNOHANG, &raw mut usage) };
        if waited == pid {
            let said = std::fs::read(said).expect("readable");
            return Some(Ended {
                status: ExitStatus::from_raw(status),
                peak: usage.ru_maxrss,
                said: String::from_utf8_lossy(&said).into_owned(),
            });
        }
        if started.elapsed() > PATIENCE {
            // SAFETY: as above.
            unsafe { libc::kill(pid, libc::SIGKILL) };
            unsafe { libc::wait4(pid, &raw mut status, 0, std::ptr::null_mut()) };
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What is wrong with the way in which the commands end, and how often each code was seen.
#[derive(Default)]
struct Findings {
    wrong: Vec<String>,
    codes: std::collections::BTreeMap<(String, i32), u64>,
}

impl Findings {
    fn look(&mut self, arguments: &[&str], what: &str, said: &Path) {
        let mut wrong = |text: String| self.wrong.push(format!("{what}: {arguments:?}: {text}"));
        let Some(Ended { status, peak, said }) = run(arguments, said) else {
            return wrong("it hangs".to_owned());
        };
        match status.code() {
            Some(code) if CODES.contains(&code) && !said.trim().is_empty() => {
                *self.codes.entry((arguments[0].to_owned(), code)).or_default() += 1;
            }
            _ => wrong(format!("{status:?}: {said}")),
        }
        if peak > MEMORY {
            let line = said.lines().next().unwrap_or_default();
            self.wrong.push(format!("{what}: {arguments:?}: {} MiB; {line}", peak >> 10));
        }
    }

    fn verdict(self) {
        println!("{:?}", self.codes);
        let count = self.wrong.len();
        assert!(count == 0, "{count} wrong:\n{}", self.wrong.join("\n"));
    }
}

/// Damages the bytes of a file in one of the ways in which disks and copies do, and some worse ones;
/// returns what was done.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) -> String {
    let length = bytes.len();
    let place = random.below(length);
    match random.below(8) {
        0 => {
            bytes.truncate(place);
            format!("cut at {place}")
        }
        1 => {
            let end = (place + 512).min(length);
            bytes[place..end].fill(0);
            format!("zeros from {place}")
        }
        2 => {
            let count = 1 + random.below(64);
            for byte in bytes[place..].iter_mut().take(count) {
                *byte = random.next() as u8;
            }
            format!("{count} other bytes from {place}")
        }
        3 => {
            let place = (place / 8 * 8).min(length - 8);
            let values = [u64::MAX, 1 << 40, 1 << 31, 0, 1, 0x7fff_ffff_ffff_ffff];
            let value = random.of(&values);
            bytes[place..place + 8].copy_from_slice(&value.to_le_bytes());
            format!("{value:#x} at {place}")
        }
        4 => {
            let count = 1 + random.below(32);
            bytes.drain(place..(place + count).min(length));
            format!("{count} bytes lost at {place}")
        }
        _ => {
            let count = 1 + random.below(4);
            let flips: Vec<(usize, u8)> =
                (0..count).map(|_| (random.below(length), 1 << random.below(8))).collect();
            flips.iter().for_each(|&(place, bit)| bytes[place] ^= bit);
            format!("flips {flips:?}")
        }
    }
}

/// A folder with a results file and what `measure` makes of a solid in it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Place { folder: tempfile::tempdir().expect("a folder") };
        std::fs::write(place.at("study.toml"), STUDY).expect("writable");
        let (study, results) = (place.name("study.toml"), place.name("results.h5"));
        place.done(&["run", &study, "-o", &results]);
        let solid = place.name("solid.h5");
        place.done(&["measure", &results, "--scenario", "main", "--replica", "0", "-o", &solid]);
        std::fs::write(place.at("study.toml"), STUDY.replace("replicas = 2", "replicas = 12"))
            .expect("writable");
        let (long, compressed) = (place.name("long.h5"), place.name("compressed.h5"));
        place.done(&["run", &study, "-o", &long]);
        place.done(&["merge", &long, "--compress", "-o", &compressed]);
        let chunked = common::open(&compressed).dataset("items/reason").expect("there");
        assert!(chunked.is_chunked());
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn name(&self, name: &str) -> String {
        self.at(name).display().to_string()
    }

    fn done(&self, arguments: &[&str]) {
        let ended = run(arguments, &self.at("said")).expect("it ends");
        assert!(ended.status.success(), "{}", ended.said);
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Looks at damaged copies of results files with these commands.
fn results(commands: [&[&str]; 2]) {
    let place = Place::new();
    let [copy, said] = ["copy.h5", "said"].map(|name| place.name(name));
    // The last one is in the format of HDF5 before 1.8, without its checksums.
    let files = [place.at("results.h5"), place.at("compressed.h5"), data("results-version-1.h5")];
    let mut findings = Findings::default();
    for seed in seeds() {
        let file = &files[seed as usize % files.len()];
        let mut bytes = std::fs::read(file).expect("readable");
        let what = damage(&mut bytes, &mut Random(seed));
        let what = format!("{}, seed {seed}, {what}", file.display());
        std::fs::write(&copy, bytes).expect("writable");
        for command in commands {
            let arguments = [command[0], &copy].into_iter().chain(command[1..].iter().copied());
            findings.look(&arguments.collect::<Vec<_>>(), &what, Path::new(&said));
        }
    }
    findings.verdict();
}

#[test]
fn damaged_results_files_are_refused_or_read() {
    results([&["status"], &["check"]]);
}

#[test]
fn damaged_results_files_are_refused_or_give_statistics_and_solids() {
    results([&["stats"], &["export", "-o", "/dev/null"]]);
}

#[test]
fn damaged_solid_files_are_refused_or_measured() {
    let place = Place::new();
    let [copy, out, said] = ["copy.h5", "out", "said"].map(|name| place.name(name));
    let files = [
        place.at("solid.h5"),
        data("attractive_2d_n048_p1e-2_B1e-2.h5"),
        data("s2d_n064_p1e-1_D10.h5"),
    ];
    let mut findings = Findings::default();
    for seed in seeds() {
        let file = &files[seed as usize % files.len()];
        let mut bytes = std::fs::read(file).expect("readable");
        let what = damage(&mut bytes, &mut Random(seed));
        let what = format!("{}, seed {seed}, {what}", file.display());
        std::fs::write(&copy, bytes).expect("writable");
        findings.look(&["measure", &copy, "-o", &out], &what, Path::new(&said));
        if seed % 3 == 0 {
            findings.look(&["export", &copy, "-o", "/dev/null"], &what, Path::new(&said));
        }
        let _ = std::fs::remove_file(&out);
    }
    findings.verdict();
}

/// Changes a text; returns what was done.
fn mutate(text: &mut Vec<u8>, random: &mut Random) -> String {
    let mut lines: Vec<String> = String::from_utf8_lossy(text).lines().map(str::to_owned).collect();
    let index = random.below(lines.len());
    let values = [
        "nan",
        "inf",
        "-inf",
        "1e999",
        "1e308",
        "-1",
        "0",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999",
        "100000000",
        "1e-320",
        "true",
        "\"all\"",
        "[]",
        "[[]]",
        "[[[1]]]",
        "{}",
        "{ a = 1 }",
        "1979-05-27",
        "'''x'''",
        "0x7fffffffffffffff",
        "1_000_000",
        "\"\\u0000\"",
        "",
        "[1, \"a\"]",
        "1000",
        "65536",
        "1048576",
    ];
    let what = match random.below(6) {
        0 => {
            let place = random.below(text.len());
            text[place] ^= 1 << random.below(8);
            return format!("a flip at {place}");
        }
        1 => {
            let place = random.below(text.len());
            text[place] = random.next() as u8;
            return format!("another byte at {place}");
        }
        2 => format!("without {:?}", lines.remove(index)),
        3 => {
            let again = lines[index].clone();
            lines.insert(random.below(lines.len()), again.clone());
            format!("twice {again:?}")
        }
        _ => {
            let keyed: Vec<usize> =
                (0..lines.len()).filter(|&index| lines[index].contains(" = ")).collect();
            let index = *random.of(&keyed);
            let key = lines[index].split(" = ").next().unwrap_or_default().to_owned();
            lines[index] = format!("{key} = {}", random.of(&values));
            lines[index].clone()
        }
    };
    *text = lines.join("\n").into_bytes();
    what
}

#[test]
fn mutated_studies_are_refused_or_read() {
    let place = Place::new();
    let [copy, said] = ["copy.toml", "said"].map(|name| place.name(name));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![place.at("study.toml")];
    for folder in ["configs", "tests/config/good"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("a folder");
        files.extend(entries.map(|entry| entry.expect("readable").path()));
    }
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let mut findings = Findings::default();
    for seed in seeds() {
        let mut random = Random(seed);
        let file = random.of(&files);
        // Every key with its value: there is more to change.
        let mut text = std::fs::read(file).expect("readable");
        if seed % 2 == 0 {
            let shown = run(&["config", "show", &file.display().to_string()], Path::new(&said));
            text = shown.filter(|it| it.status.success()).map_or(text, |it| it.said.into_bytes());
        }
        let what = mutate(&mut text, &mut random);
        let what = format!("{}, seed {seed}, {what}", file.display());
        std::fs::write(&copy, text).expect("writable");
        for arguments in [&["config", "show", &copy][..], &["plan", &copy, "--pilot", "0"]] {
            findings.look(arguments, &what, Path::new(&said));
        }
    }
    findings.verdict();
}

#[test]
fn damaged_packings_are_refused_or_imported() {
    let place = Place::new();
    let [copy, out, said] = ["copy", "out", "said"].map(|name| place.name(name));
    let entries = std::fs::read_dir(data("packings")).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    let mut findings = Findings::default();
    for seed in seeds() {
        let mut random = Random(seed);
        let file = random.of(&files);
        let mut text = std::fs::read(file).expect("readable");
        let what = match seed % 2 {
            0 => damage(&mut text, &mut random),
            _ => change_a_word(&mut text, &mut random),
        };
        let what = format!("{}, seed {seed}, {what}", file.display());
        std::fs::write(&copy, text).expect("writable");
        let arguments = ["import", &copy, "-o", &out, "--diameters", "1=1.0,2=1.4"];
        let arguments = if random.below(2) == 0 { &arguments[..] } else { &arguments[..4] };
        findings.look(arguments, &what, Path::new(&said));
        let _ = std::fs::remove_file(&out);
    }
    findings.verdict();
}

/// Puts another value in the place of a word, mostly of the first lines; returns what was done.
fn change_a_word(text: &mut Vec<u8>, random: &mut Random) -> String {
    let whole = String::from_utf8_lossy(text).into_owned();
    let mut words: Vec<&str> = whole.split_inclusive([' ', '\n', '=', '"', ':']).collect();
    let end = if random.below(4) == 0 { words.len() } else { words.len().min(60) };
    let place = random.below(end);
    let value = random.of(&["nan", "-1", "0", "1e999", "99999999999999999999", "x", "", "1e-300"]);
    let separator = words[place].chars().last().unwrap_or(' ');
    let other = format!("{value}{separator}");
    words[place] = &other;
    *text = words.concat().into_bytes();
    format!("{value:?} as word {place}")
}
