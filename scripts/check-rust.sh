#!/bin/sh
# Is there a Rust that is new enough? The version needed stands in Cargo.toml (rust-version).
set -eu
cd "$(dirname "$0")/.."
cargo=${1:-cargo}
needed=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)

if ! command -v "$cargo" >/dev/null 2>&1; then
    echo "amorph needs Rust $needed or newer, and there is no \`$cargo\` here." >&2
    echo "Install it without root as https://rustup.rs says, open a new shell, and try again." >&2
    exit 2
fi
found=$("$cargo" --version | cut -d ' ' -f 2)
oldest=$(printf '%s\n%s\n' "$needed" "$found" | sort -V | head -n 1)
if [ "$oldest" != "$needed" ]; then
    echo "amorph needs Rust $needed or newer, but \`$cargo\` is $found." >&2
    echo "With rustup: rustup update stable" >&2
    exit 2
fi
