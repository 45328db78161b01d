#!/bin/sh
# One Markdown line on what a table was measured with: commit, date, processor, compiler.
set -eu

commit=$(git describe --always --dirty 2>/dev/null || echo "no repository")
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | sed -n 1p)
echo "amorph $commit, $(date -u +%Y-%m-%d), ${processor:-unknown processor}, $(getconf _NPROCESSORS_ONLN) cores, $(rustc --version | cut -d' ' -f1,2)"
