#!/bin/sh
# Installs the system packages that amorph needs and that are missing: MPI, parallel HDF5 and what
# their Rust bindings are built with; and those that are named as arguments. Debian and Ubuntu;
# elsewhere it only says what to load.
set -eu

packages="libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libclang-dev pkg-config hdf5-tools python3-venv $*"

without_apt() {
    missing=""
    command -v mpicc >/dev/null 2>&1 || missing="$missing an MPI library with mpicc;"
    if [ -z "${HDF5_DIR:-}" ] && ! pkg-config --exists hdf5 2>/dev/null && ! command -v h5pcc >/dev/null 2>&1; then
        missing="$missing an HDF5 library built with MPI (set HDF5_DIR to where it stands);"
    fi
    [ -z "$missing" ] && return 0
    echo "amorph needs$missing and this machine has no apt-get to install them with." >&2
    echo "On a cluster they are usually modules, such as: module load openmpi hdf5-mpi llvm" >&2
    echo "then set HDF5_DIR to the HDF5 installation, and LIBCLANG_PATH where libclang is not found." >&2
    return 2
}

if ! command -v apt-get >/dev/null 2>&1; then
    without_apt
    exit
fi

missing=""
for package in $packages; do
    state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

sudo=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        # A login node with apt but without rights may still have everything as modules.
        without_apt && exit 0
        echo "Ask an administrator for: apt-get install$missing" >&2
        exit 2
    fi
    sudo=sudo
fi
echo "installing:$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing </dev/null
