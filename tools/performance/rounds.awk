# SPDX-License-Identifier: BSD-2-Clause
#
# The rounds in a log of Bochs' debugger: one for each "trace on", in the order of the rows. A round
# begins where its first mark was passed last, which matters where guests pass it in a loop.
# Addresses are compared as text, hence the "x".
#
# Of an SVM guest's instructions the debugger cannot tell the address, nor what they are. There a
# round that begins in a guest begins with the guest's last instruction before the server.
$1 == "row" { row[++rows] = $2; marks[rows] = $3 }
$1 == "stamp" {
    mark["x" $2] = $3
    if (sub(/_begin$/, "", $3)) begin[$3] = "x" $2
}
$1 == "guest_begin" { guest_begin = $2 }
$1 == "guest_end" { guest_end = $2 }
$1 != "log" { next }
$2 ~ /^Tracing enabled/ { tracing = 1; at++; count = 0 }
$2 ~ /^Tracing disabled/ {
    tracing = 0
    for (i = 1; i <= count; i++) print line[i]
}
tracing && $2 ~ /^\(0\)\.\[/ {
    unknown_before = unknown
    unknown = $2 ~ /\?\?\?/
    text = $2
    sub(/^\(0\)\.\[/, "", text)
    tick = text
    sub(/\].*/, "", tick)
    if (unknown) {
        address = guest_begin
        text = "(an instruction of the guest)"
    } else {
        sub(/^[^\]]*\] \[[^\]]*\] /, "", text)
        address = text
        sub(/ .*/, "", address)
        sub(/^[^:]*:/, "", address)
        sub(/^[^ ]* \([^)]*\): /, "", text)
        sub(/ *; [0-9a-f]*$/, "", text)
    }
    if (mark["x" address] == marks[at] "_begin") count = 0
    if (unknown_before && !unknown && begin[marks[at]] >= "x" guest_begin &&
        begin[marks[at]] < "x" guest_end) {
        line[1] = line[count]
        count = 1
    }
    line[++count] = row[at] "\t" tick "\t" address "\t" text
}
