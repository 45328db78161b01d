#!/bin/sh
# Writes docs/commands.md, docs/configuration.md and docs/amorph.schema.json from what the program says
# about itself.
set -eu
cd "$(dirname "$0")/.."
amorph=${1:-target/release/amorph}

subcommands() { # the names under "Commands:" of a help text
    "$amorph" "$@" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' | grep -v '^help$' || true
}

section() { # name of the command in words
    printf '\n## amorph %s\n\n' "$*"
    "$amorph" "$@" --help | sed -e 's/[[:space:]]*$//' -e '/./s/^/    /'
}

{
    cat <<'TEXT'
# Commands

Written by `make docs` from the program's own help.

`run` works alone (one rank) or under `mpirun`/`srun`; every other command runs as one process. A
duration is in seconds, or as SLURM writes it: `[[DD-]HH:]MM:SS`.

| exit code | meaning | then |
|---|---|---|
| 0 | done; of `status`: complete | |
| 1 | I/O failure or broken invariant | read the message; committed items are safe, `run --resume` continues |
| 2 | usage or configuration | nothing was written |
| 3 | done (of `status`: complete), but some items failed; or `check` found something wrong; or `design` did not reach its targets | the reasons stand in the table and in `/items/reason`; `run --resume --retry-failed` tries again |
| 75 | unfinished: stopped by the clock or a signal, or `status` of a file with pending items | `run --resume` continues. Job scripts ask `status`: what a launcher returns after a signal depends on the launcher |
| 130 | a second interrupt (Ctrl-C) | as for 1 |
TEXT
    for command in $(subcommands); do
        nested=$(subcommands "$command")
        if [ -z "$nested" ]; then
            section "$command"
        else
            for inner in $nested; do section "$command" "$inner"; done
        fi
    done
} > docs/commands.md

"$amorph" config keys > docs/configuration.md
"$amorph" config keys --schema > docs/amorph.schema.json
