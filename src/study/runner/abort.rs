//! Ends the whole job when one rank cannot go on: never a hang.

use std::cell::Cell;
use std::io::Write as _;

use crate::system::world;

/// Exit code of an I/O failure or a broken invariant.
pub const FAILURE: u8 = 1;

thread_local! {
    static IN_PHYSICS: Cell<bool> = const { Cell::new(false) };
}

/// Ends all ranks with a message of this one. Without MPI, only this process.
pub fn abort(message: &str, code: u8) -> ! {
    let line = match world::rank_of_several() {
        Some(rank) => format!("amorph: rank {rank}: {message}\n"),
        None => format!("amorph: {message}\n"),
    };
    // In one piece, or what MPI says of the abort gets into the middle of it. Nothing can be done about a
    // closed stderr.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
    world::end_all(code);
    std::process::exit(i32::from(code))
}

/// Makes a panic anywhere but in the physics end the job; without this the other ranks would wait
/// for ever in MPI's finalisation. To be called before MPI starts.
pub fn install_panic_hook(code: u8) {
    std::panic::set_hook(Box::new(move |info| {
        if IN_PHYSICS.get() {
            return;
        }
        let place = info.location().map_or_else(String::new, |place| format!(" at {place}"));
        let message = panic_text(info.payload());
        abort(&format!("internal error, please report it: {message}{place}"), code);
    }));
}

/// Calls the physics: a panic inside becomes the text of a failure.
pub(super) fn guarded<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    IN_PHYSICS.set(true);
    // Whoever calls this throws away everything that the closure may have left inconsistent.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
    IN_PHYSICS.set(false);
    result.map_err(|payload| format!("panic: {}", panic_text(payload.as_ref())))
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
