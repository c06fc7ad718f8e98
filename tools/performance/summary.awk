# SPDX-License-Identifier: BSD-2-Clause
#
# One traced round with places (common.bash, bench_places), as markdown: where its instructions go,
# and with -v listing=1 each of them; but not
# more than -v most=N, when that is given. The first and the last -v measuring=N are the bench's own.
{
    instructions++
    text[instructions] = $4
    room[instructions] = $5
    place[instructions] = $6
    at[instructions] = $7
    address[instructions] = $3
    key = $5 "\t" $6
    if (!(key in count)) order[++functions] = key
    count[key]++
    of_room[$5]++
}
END {
    printf "%d instructions", instructions - measuring
    n = split("guest client partner server", name, " ")
    for (i = 1; i <= n; i++)
        if (name[i] in of_room)
            printf ", %s %d", name[i], of_room[name[i]] - (name[i] == "client" ? measuring : 0)
    print "."
    if (measuring) print "The listing has " measuring " more, which measure."
    print ""
    print "| room | function | instructions |"
    print "|---|---|---:|"
    for (i = 1; i <= functions; i++) {
        split(order[i], part, "\t")
        print "| " part[1] " | `" part[2] "` | " count[order[i]] " |"
    }
    if (!listing) exit
    print ""
    if (most && instructions > most) {
        print "Too many to list here; `tools/trace-exit` does."
        exit
    }
    print "```"
    for (i = 1; i <= instructions; i++) {
        here = room[i] " " place[i]
        if (here != before) printf "%s%s  %s\n", (i > 1 ? "\n" : ""), here, file(at[i])
        before = here
        printf "    %s  %s\n", substr(address[i], 9), text[i]
    }
    print "```"
}
function file(where) {
    sub(/:[0-9?]*$/, "", where)
    return where
}
