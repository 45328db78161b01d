//! `amorph --version`: the program, its commit, and the libraries that it runs with.

use std::sync::LazyLock;

use crate::format::access::hdf5_version;
use crate::system::program::{COMPILER, program};
use crate::system::world::library;

static SHORT: LazyLock<String> = LazyLock::new(program);
static LONG: LazyLock<String> = LazyLock::new(|| {
    let (mpi, hdf5) = (library(), hdf5_version());
    format!("{}\nMPI    {mpi}\nHDF5   {hdf5}\nbuilt  {COMPILER}", program())
});

/// Version and commit.
pub fn short() -> &'static str {
    &SHORT
}

/// The same with the libraries and the compiler.
pub fn long() -> &'static str {
    &LONG
}
