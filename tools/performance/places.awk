# SPDX-License-Identifier: BSD-2-Clause
#
# Puts symbols, and what addr2line -a -f -i says, to traced instructions. The guest's code has the
# addresses that it has in the bench's program, where it is a constant.
$1 == "symbol" {
    n = ++count[$2]
    address[$2, n] = "x" $3
    name[$2, n] = $4
    next
}
$1 == "line" && $3 ~ /^0x/ {
    now = "x" substr($3, 3)
    part = 0
    next
}
# of the functions at an address the innermost comes first
$1 == "line" {
    if (++part == 1) inner[$2, now] = $3
    if (part == 2) {
        sub(/ \(discriminator.*/, "", $3)
        # the tree's own part of the path
        if (match($3, /(components|vcpu|interfaces|apps|tests)\//)) $3 = substr($3, RSTART)
        where[$2, now] = $3
    }
    next
}
$1 == "trace" {
    at = "x" $4
    room = at >= "xffffffff80000000" ? "server" : "bench"
    if (room == "bench" && at >= "x0000000000600000") room = "partner" # tests/bench/partner.ld
    # the last symbol at or below the address
    low = 1
    high = count[room]
    while (low < high) {
        middle = int((low + high + 1) / 2)
        if (address[room, middle] <= at) low = middle
        else high = middle - 1
    }
    symbol = name[room, low]
    inlined = inner[room, at]
    place = where[room, at]
    if (place ~ /^\?\?/) place = ""
    if (inlined == "??" || place == "" || place ~ /\.S:/) inlined = symbol
    if (room == "bench") room = symbol ~ /^guest_/ ? "guest" : "client"
    print $2 "\t" $3 "\t" $4 "\t" $5 "\t" room "\t" inlined "\t" place
}
