//! `amorph run`: computes a study.

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use super::{CommandError, Outcome};
use crate::report::collect::{Statistics, gather, summary};
use crate::study::replica::Worker;
use crate::study::request::Request;
use crate::study::run::{Ended, RunError, run as run_study};
use crate::study::runner::Job;
use crate::system::program::program;
use crate::system::text::{human_time, tell};

/// Exit code after a second SIGINT, as shells report it.
const INTERRUPTED_AT_ONCE: i32 = 130;

const STOPPING: &str = "\
Stopping:
  SIGUSR1, SIGTERM or SIGINT (Ctrl-C) to any rank: what is finished is stored at once, what runs is
  finished and stored, nothing new begins, exit code 75. A second SIGINT ends it at once (130).
  Under mpirun send SIGUSR1 to mpirun, which passes it on. SIGTERM and Ctrl-C are Open MPI's own:
  mpirun tells its ranks after one second, kills them after another one, and exits with code 1;
  what is finished is stored then, too, and --resume computes what ran again.";

/// Compute a study: alone, or under mpirun/srun
#[derive(Debug, clap::Args)]
#[command(after_help = STOPPING)]
pub struct Arguments {
    /// The study's TOML file
    study: PathBuf,
    /// The results file to make
    #[arg(short, long)]
    output: PathBuf,
    /// Only a part of the study's replicas, A:B without B itself; a file of the same ensemble
    #[arg(long, value_name = "A:B", value_parser = replicas)]
    replicas: Option<Range<u64>>,
    /// Continue the output where it exists; start it where it does not
    #[arg(long)]
    resume: bool,
    /// With --resume: compute failed items again
    #[arg(long, requires = "resume")]
    retry_failed: bool,
    /// End after this time, starting nothing that would not be finished: seconds, or
    /// [[DD-]HH:]MM:SS; exit code 75
    #[arg(long, value_parser = super::duration)]
    max_time: Option<Duration>,
    /// End when more items than this have failed in this run; exit code 3
    #[arg(long)]
    max_failures: Option<u64>,
    /// With --resume: continue a file that another version of the program has written
    #[arg(long, requires = "resume")]
    allow_version_change: bool,
    /// The longest time between two commits of a rank: seconds, or [[DD-]HH:]MM:SS [default: 5,
    /// and longer above 500 ranks]
    #[arg(long, value_parser = super::duration)]
    commit_interval: Option<Duration>,
    /// Say nothing but warnings and errors
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let started = Instant::now();
    let stop = Arc::new(AtomicBool::new(false));
    watch_signals(&stop).map_err(CommandError::failure)?;
    let job = Job::start();
    let request = Request {
        study: arguments.study.clone(),
        replicas: arguments.replicas.clone(),
        output: arguments.output.clone(),
        resume: arguments.resume,
        retry_failed: arguments.retry_failed,
        commit_interval: arguments.commit_interval,
        deadline: arguments.max_time.and_then(|time| started.checked_add(time)),
        max_failures: arguments.max_failures,
        allow_version_change: arguments.allow_version_change,
        stop,
        quiet: arguments.quiet,
        inform: if arguments.quiet { warn } else { tell },
    };
    let (root, ranks) = (job.rank() == 0, job.ranks());
    if root && !arguments.quiet {
        tell(&format!("amorph   {}", program()));
    }
    let ended = run_study(&job, &request, Worker::new);
    // Everything is said before MPI ends: a launcher may end the whole job when a rank has exited
    // with a code other than zero. For the same reason only rank 0 does.
    let result = match ended {
        Ok(_) if !root => Ok(Outcome::Done),
        Ok(ended) => conclude(&ended, arguments, ranks),
        Err(RunError::Elsewhere) => Ok(Outcome::Done),
        Err(error) => Err(CommandError::reported(error.is_usage(), error)),
    };
    job.finish();
    result
}

/// Rank 0 stores the statistics, and says how the run has ended.
fn conclude(ended: &Ended, arguments: &Arguments, ranks: usize) -> Result<Outcome, CommandError> {
    let closed = Instant::now();
    let statistics =
        gather(&arguments.output).map_err(|error| CommandError::reported(false, error))?;
    let files = ended.files + closed.elapsed().as_secs_f64();
    if !arguments.quiet {
        // The results are safe, whoever reads this.
        let _ = super::say(|out| report(ended, files, &statistics, arguments, ranks, out));
    }
    let items = statistics.items();
    if items.pending > 0 && is_hopeless(ended, arguments.max_time) {
        let took = human_time(ended.longest);
        return Err(CommandError::reported(
            true,
            format!(
                "nothing was begun: the longest item in the file took {took}, more than --max-time; give it more"
            ),
        ));
    }
    let too_many = arguments.max_failures.is_some_and(|limit| ended.progress.failures > limit);
    Ok(match &statistics.rounds {
        _ if too_many => Outcome::Failed,
        Some(rounds) if items.pending == 0 && rounds.is_reached() => Outcome::Done,
        Some(_) if items.pending == 0 => Outcome::Failed,
        _ => Outcome::of(items),
    })
}

/// Whether every run with this limit does nothing.
fn is_hopeless(ended: &Ended, max_time: Option<Duration>) -> bool {
    let finished = ended.progress.done + ended.progress.failed;
    finished == 0 && max_time.is_some_and(|limit| limit.as_secs_f64() < ended.longest)
}

fn warn(line: &str) {
    if line.starts_with("warning") {
        tell(line);
    }
}

/// The first signal stops softly; a second SIGINT at once.
fn watch_signals(stop: &Arc<AtomicBool>) -> std::io::Result<()> {
    signal_hook::flag::register_conditional_shutdown(
        SIGINT,
        INTERRUPTED_AT_ONCE,
        Arc::clone(stop),
    )?;
    for signal in [SIGINT, SIGTERM, SIGUSR1] {
        signal_hook::flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}

fn report(
    ended: &Ended,
    files: f64,
    statistics: &Statistics,
    arguments: &Arguments,
    ranks: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let output = arguments.output.display();
    write!(out, "{}", summary(statistics))?;
    let items = statistics.items();
    let share = |seconds: f64| 100.0 * seconds / (ended.span * ranks as f64).max(f64::MIN_POSITIVE);
    writeln!(
        out,
        "\n{} items in {:.1} s on {ranks} ranks, {:.1}% of the time computing, {:.2}% in commits; the file made and read in {:.2} s; results in {output}",
        ended.progress.done + ended.progress.failed,
        ended.span,
        share(ended.progress.busy),
        share(ended.progress.commits),
        files,
    )?;
    if items.failed > 0 && statistics.rounds.is_none() {
        writeln!(
            out,
            "{} items have failed: see the reasons above, or /items/reason",
            items.failed
        )?;
    }
    if arguments.max_failures.is_some_and(|limit| ended.progress.failures > limit) {
        writeln!(out, "{} of them in this run, more than --max-failures", ended.progress.failures)?;
    }
    if items.pending > 0 {
        let part = arguments.replicas.as_ref();
        let part =
            part.map_or_else(String::new, |it| format!(" --replicas {}:{}", it.start, it.end));
        writeln!(
            out,
            "{} items are pending: continue with `amorph run {}{part} -o {output} --resume`",
            items.pending,
            arguments.study.display()
        )?;
    }
    Ok(())
}

/// Reads `A:B`.
pub(super) fn replicas(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once(':').and_then(|(a, b)| Some(a.parse().ok()?..b.parse().ok()?));
    let range: Option<Range<u64>> = ends.filter(|range: &Range<u64>| !range.is_empty());
    range.ok_or_else(|| "allowed: A:B with A below B, the replicas A to B-1".to_owned())
}
