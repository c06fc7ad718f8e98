# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the checks share. Sourced with the top of the tree as $1; changes to that directory.

if [ $# -lt 1 ] || [ ! -d "$1" ]; then
    echo "usage: $(basename "$0") TOP [BUILD]" >&2
    exit 2
fi
cd "$1" || exit 2

# The files of the tree whose names match one of the patterns, sorted.
files() {
    local names=() pattern
    for pattern; do
        names+=(-o -name "$pattern")
    done
    find . \( -path ./.git -o -path './build*' -o -name .cache \) -prune -o \
        -type f \( "${names[@]:1}" \) -print | sed 's|^\./||' | LC_ALL=C sort
}

# All files that begin with #! and a shell.
shell_scripts() {
    local file first
    files '*' | while IFS= read -r file; do
        first=''
        IFS= read -r first 2>/dev/null <"$file" || true
        case $first in
        '#!'*sh) printf '%s\n' "$file" ;;
        esac
    done
    files '*.bash'
}

need() {
    command -v "$1" >/dev/null || {
        echo "there is no $1 here; tools/install test installs it" >&2
        exit 1
    }
}
