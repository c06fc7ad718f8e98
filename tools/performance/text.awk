# SPDX-License-Identifier: BSD-2-Clause
#
# Which part of the sources the text of the image comes from, as markdown: each instruction counts
# where it is written, also what is inlined elsewhere. Input: objdump -d -l -j .text.
BEGIN {
    parts = split("boot entry core engine vmx svm x86 other", part, " ")
    text["boot"] = "boot: from the boot loader to the root task | `components/server/boot`"
    text["entry"] = "ways in and out, the fast path | `components/server/src/entry.S`"
    text["core"] = "objects, IPC, scheduling, drivers | `components/server`, all else"
    text["engine"] = "the engine, for both vendors | `vcpu`"
    text["vmx"] = "VMX | `vcpu/vmx`"
    text["svm"] = "SVM | `vcpu/svm`"
    text["x86"] = "definitions of the processor, instructions | `components/x86`"
    text["other"] = "the interface, and what has no line | `interfaces`"
    place = "other"
}
# a place: [build directory/]file:line
/^[^ \t]*:[0-9]+( \(discriminator [0-9]+\))?$/ {
    place = part_of($1)
    next
}
# an instruction: address, bytes; a long one has more bytes in lines of their own
/^ *[0-9a-f]+:\t/ {
    split($0, field, "\t")
    bytes[place] += split(field[2], byte, " ")
}
END {
    for (i = 1; i <= parts; i++) total += bytes[part[i]]
    print "| part | where | bytes | % |"
    print "|---|---|---:|---:|"
    for (i = 1; i <= parts; i++)
        printf "| %s | %d | %.0f |\n", text[part[i]], bytes[part[i]], \
            total ? 100 * bytes[part[i]] / total : 0
    printf "| all | | %d | 100 |\n", total
}
function part_of(path) {
    while (sub(/[^\/]+\/\.\.\//, "", path)) continue
    if (path ~ /components\/server\/boot\//) return "boot"
    if (path ~ /components\/server\/src\/entry\.S:/) return "entry"
    if (path ~ /components\/server\//) return "core"
    if (path ~ /components\/x86\//) return "x86"
    if (path ~ /vcpu\/vmx\//) return "vmx"
    if (path ~ /vcpu\/svm\//) return "svm"
    if (path ~ /vcpu\//) return "engine"
    return "other"
}
