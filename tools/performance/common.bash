# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # its users set top and work
#
# What tools/bench, tools/mitigations and tools/trace-exit share: building the bench, booting it,
# tracing it. Sourced with `top` set, which is the tree, and `tool`, a name for messages; before
# booting also `work`, an empty directory.

build=$top/build-bench
platform=bochs
cpu=''
make=yes
here=$top/tools/performance
configure=() # options for cmake, of a build that is not the usual one

say() {
    printf '%s: %s\n' "${tool:?}" "$*" >&2
}

fail() {
    local status=$1
    shift
    say "$*"
    exit "$status"
}

# The rows in the order in which they run: name, row whose marks they pass, description.
bench_rows() {
    sed -n 's/^OPERATION(\([a-z0-9_]*\), \([a-z0-9_]*\), "\(.*\)")$/\1\t\2\t\3/p' \
        "$top/tests/bench/operations.def"
}

# A release build of one scenario and nothing else, by the compiler that the limits
# are for.
bench_build() {
    local target=iso.$1 log=$build/bench.log
    [ "$platform" = bochs ] || target=scenario.$1
    if [ $make = yes ]; then
        "$top/tools/install" run "$platform" || exit 1
        mkdir -p "$build"
        exec 8>"$build/.lock"
        flock 8
        if ! {
            [ -f "$build/build.ninja" ] || cmake -S "$top" -B "$build" -G Ninja \
                -DCMAKE_C_COMPILER=gcc -DNacelleDebug=OFF "${configure[@]}" &&
                ninja -C "$build" "$target"
        } >"$log" 2>&1 </dev/null; then
            tail -n 40 "$log" >&2
            fail 1 "building the bench failed; the whole output is in $log"
        fi
        exec 8>&-
    fi
    grep -q '^NacelleDebug:BOOL=OFF$' "$build/CMakeCache.txt" 2>/dev/null ||
        fail 2 "$build is no build without NacelleDebug"
}

# Where the guest's code lies in the bench's program.
bench_guest() {
    nm "$build/clients/bench.elf" | sed -n 's/^\([0-9a-f]*\) . \(guest_begin\|guest_end\)$/\2\t\1/p'
}

# The entry point of an ELF file.
entry_of() {
    readelf -hW "$1" | sed -n 's/^ *Entry point address: *//p'
}

# Commands for Bochs' debugger that trace one round of each row. The bench stops between warm-up and
# measuring (XCHG BX, BX); then from the round's first mark to its last. None of this takes ticks.
# The first two stops are the server's entry and the root task's.
bench_commands() {
    local number=2 begin end
    declare -A stamp
    printf '%s\n' "lb $(entry_of "$build/nacelle.elf")" c "d 1" \
        "lb $(entry_of "$build/clients/root.elf")" c "d 2"
    while read -r address _ name; do
        case $name in stamp_*) stamp[${name#stamp_}]=0x$address ;; esac
    done < <(nm "$build/clients/bench.elf")
    while IFS=$'\t' read -r _ marks _; do
        begin=${stamp[${marks}_begin]} end=${stamp[${marks}_end]}
        printf '%s\n' c "lb $begin" c "d $((number + 1))" "lb $end" "trace on" c "trace off" \
            "d $((number + 2))"
        number=$((number + 2))
    done < <(bench_rows)
    echo c
}

# Boots the bench; leaves $work/serial.log and, with $1 = trace, $work/rounds: a line for each
# instruction of a round, in order: row, tick, address, instruction.
bench_boot() {
    local options=(--no-build --headless --build-dir "$build" --platform "$platform")
    local status=0
    [ -z "$cpu" ] || options+=(--cpu "$cpu")
    if [ "$1" = trace ]; then
        bench_commands >"$work/commands"
        options+=(--debugger "$work/commands" --debugger-log "$work/debugger.log")
    fi
    # a trace that does not find its end is cut off at 300 MB
    (
        ulimit -f 300000
        "$top/tools/run" "${options[@]}" --log "$work/serial.log" bench
    ) >"$work/run.log" 2>&1 || status=$?
    if [ $status -ne 0 ]; then
        cat "$work/run.log" >&2
        [ $status -ne 7 ] || exit 77 # there is no such platform here
        exit $status
    fi
    : >"$work/rounds"
    if [ "$1" = trace ]; then
        {
            bench_rows | sed 's/^/row\t/'
            nm "$build/clients/bench.elf" | sed -n 's/^\([0-9a-f]*\) . stamp_/stamp\t\1\t/p'
            bench_guest
            sed 's/^/log\t/' "$work/debugger.log"
        } | LC_ALL=C awk -F '\t' -f "$here/rounds.awk" >"$work/rounds"
    fi
}

# What was measured and traced, a line a row (results.awk).
bench_results() {
    {
        bench_guest
        sed 's/^/trace\t/' "$work/rounds"
        tr -d '\r' <"$work/serial.log" | sed 's/^/log\t/'
    } | LC_ALL=C awk -F '\t' -f "$here/results.awk"
}

# Adds the place to each line of $work/rounds, or those of row $1: row, tick, address, instruction,
# room (client, partner, server, guest), function, file and line. A function that was inlined
# counts as itself.
bench_places() {
    local file room
    # _start and the like name no function that runs in a round
    for room in bench:"$build/clients/bench.elf" partner:"$build/clients/bench_partner.elf" \
        server:"$build/nacelle.elf"; do
        file=${room#*:}
        nm -n "$file" | sed -n -e '/ stamp_/d' -e '/_\(start\|end\|begin\)$/d' \
            -e "s/^\([0-9a-f]*\) [tTrR] \(.*\)/symbol\t${room%%:*}\t\1\t\2/p"
        awk -F '\t' -v row="${1-}" 'row == "" || $1 == row { print "0x" $3 }' "$work/rounds" |
            LC_ALL=C sort -u | addr2line -a -f -i -e "$file" | sed "s/^/line\t${room%%:*}\t/"
    done | cat - <(awk -F '\t' -v row="${1-}" 'row == "" || $1 == row { print "trace\t" $0 }' \
        "$work/rounds") | LC_ALL=C awk -F '\t' -f "$here/places.awk"
}

# Markdown: where the instructions of row $1 go, and with $2 = 1 each of them, if these are not more
# than $3.
bench_summary() {
    local measuring
    measuring=$(grep -c "^empty[[:space:]]" "$work/rounds" || true)
    bench_places "$1" | awk -F '\t' -v listing="$2" -v most="${3-0}" -v measuring="$measuring" \
        -f "$here/summary.awk"
}

# The compiler that made the code, by which the ticks differ.
compiler() {
    gcc -dumpfullversion
}

# Replaces what is between the marks "NAME: begin" and "NAME: end" of page $1 by the file $3.
between() {
    grep -q "^<!-- $2: begin" "$1" || fail 1 "$1 has no marks for $2"
    awk -v name="$2" -v text="$3" '
        index($0, "<!-- " name ": end") == 1 { inside = 0 }
        !inside { print }
        index($0, "<!-- " name ": begin") == 1 {
            inside = 1
            while ((getline line <text) > 0) print line
        }' "$1" >"$work/page.new"
    mv "$work/page.new" "$1"
}

# From the server's entry to the root task's: the first two stops of the debugger.
bench_boot_ticks() {
    [ -f "$work/debugger.log" ] || return 0
    sed -n '/Breakpoint [12],/{n;s/^Next at t=//p;}' "$work/debugger.log" | awk '
        NR == 1 { begin = $1 }
        NR == 2 { print "boot_to_root_task\t" $1 - begin }'
}
