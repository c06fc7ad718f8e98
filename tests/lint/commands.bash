# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# choose_commands BUILD OUT: writes OUT/compile_commands.json with each C file of the tree once, as
# the kernel compiles it if it does, or else as clients do, or else as the host does. Files that
# were fetched into BUILD are left out.
choose_commands() {
    [ -f "$1/compile_commands.json" ] || {
        echo "there is no $1/compile_commands.json" >&2
        exit 1
    }
    awk -v build="$(realpath "$1")/" '
        /^{/ { entry = ""; file = ""; rank = 1 }
        /^  "command":/ {
            if ($0 ~ /-DNACELLE_KERNEL=1/) rank = 3
            else if ($0 ~ /-DNACELLE_USER=1/) rank = 2
            # gcc has warnings that clang does not know, and options
            gsub(/ -mpreferred-stack-boundary=3/, "")
            gsub(/ -ffixed-r[a-z0-9]+/, "")
            gsub(/ -specs=[^ ]+/, "")
        }
        /^  "file":/ { file = $0; sub(/^  "file": "/, "", file); sub(/",?$/, "", file) }
        /^[{} ]/ { if ($0 !~ /^}/) entry = entry $0 "\n" }
        /^}/ {
            if (file ~ /\.c$/ && index(file, build) != 1 && rank > best[file]) {
                best[file] = rank
                chosen[file] = entry "}"
            }
        }
        END {
            print "["
            for (file in chosen) printf "%s%s\n", (n++ ? "," : ""), chosen[file]
            print "]"
        }' "$1/compile_commands.json" >"$2/compile_commands.json"
}
