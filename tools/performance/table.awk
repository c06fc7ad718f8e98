# SPDX-License-Identifier: BSD-2-Clause
#
# The results as a table. Input, tab separated: "row" name marks description; "system" and a line of
# the file systems; "result" and a line of results.awk; "size" name value. -v form=text, markdown or
# json, -v svm=1, and for json -v facts, members of the outer object.
BEGIN {
    systems = split("nova sel4 hedron kvm", system_name, " ")
    kinds = split("vmread vmwrite rdmsr wrmsr cr3 locked vmload vmsave fpu", kind, " ")
}
$1 == "row" { description[$2] = $4 }
$1 == "system" && $2 !~ /^#/ {
    split($2, word, " ")
    if (word[1] == "") next
    target[word[1]] = svm ? int(word[2] * 1.25) : word[2]
    for (i = 1; i <= systems; i++) other[word[1], i] = svm ? "-" : word[i + 2]
    if (svm) other[word[1], 1] = word[7]
    listed[++lists] = word[1]
}
$1 == "result" {
    order[++rows] = $2
    row_of[$2] = rows
    for (i = 3; i <= NF; i++) value[rows, i - 2] = $i
    if ($2 == "empty") measuring = $4
}
$1 == "size" { size_name[++sizes] = $2; size[sizes] = $3 }

function ratio(name, i) {
    if (!((name, i) in other) || other[name, i] == "-" || value[row_of[name], 2] <= 0) return "-"
    return sprintf("%.1f", other[name, i] / value[row_of[name], 2])
}
function cells(name,    text, r, i) {
    r = row_of[name]
    text = value[r, 1] "\t" value[r, 2] "\t" value[r, 3]
    text = text "\t" (name in target ? target[name] : "-")
    for (i = 1; i <= (svm ? 5 : 6); i++) text = text "\t" value[r, svm && i < 3 ? i + 11 : i + 5]
    if (svm) text = text "\t" value[r, 11]
    for (i = 1; i <= (svm ? 1 : systems); i++) text = text "\t" ratio(name, i)
    return text
}
END {
    if (form == "json") {
        print "{"
        if (facts != "") print "  " facts ","
        print "  \"results\": ["
        for (r = 1; r <= rows; r++) {
            name = order[r]
            line = "    {\"name\": \"" name "\", \"ticks_min\": " value[r, 1]
            line = line ", \"ticks_median\": " value[r, 2] ", \"ticks_max\": " value[r, 3]
            line = line ", \"rounds\": " value[r, 4]
            line = line ", \"target\": " (name in target ? target[name] : "null")
            if (value[r, 5] != "-") line = line ", \"instructions\": " value[r, 5]
            for (i = 1; i <= kinds && value[r, 5] != "-"; i++)
                line = line ", \"" kind[i] "\": " value[r, i + 5]
            for (i = 1; i <= systems; i++)
                if (other[name, i] ~ /[0-9]/)
                    line = line ", \"" system_name[i] "\": " other[name, i]
            print line "}" (r < rows ? "," : "")
        }
        print "  ],"
        print "  \"sizes\": {"
        for (i = 1; i <= sizes; i++)
            print "    \"" size_name[i] "\": " size[i] (i < sizes ? "," : "")
        print "  }"
        print "}"
        exit
    }
    heads = svm ? "min median max target VMLOAD VMSAVE RDMSR WRMSR CR3 lock NOVA" : \
        "min median max target VMREAD VMWRITE RDMSR WRMSR CR3 lock NOVA seL4 Hedron KVM"
    columns = split(heads, head, " ")
    if (form == "markdown") {
        line = "| row | operation |"
        rule = "|---|---|"
        for (i = 1; i <= columns; i++) {
            line = line " " head[i] " |"
            rule = rule "---:|"
        }
        print line
        print rule
    } else {
        line = sprintf("%-18s", "")
        for (i = 1; i <= columns; i++) line = line sprintf(" %7s", head[i])
        print line
    }
    for (r = 1; r <= rows; r++) {
        name = order[r]
        if (name != "empty") show(name, cells(name))
    }
    # what is wanted, and not there
    for (i = 1; i <= lists; i++)
        if (!(listed[i] in row_of)) {
            text = "-\t-\t-\t" target[listed[i]]
            for (j = 5; j <= columns; j++) text = text "\t-"
            show(listed[i], text)
        }
    print ""
    for (i = 1; i <= sizes; i++) {
        text = sprintf("%s: %d %s", size_name[i], size[i], size_name[i] ~ /^boot/ ? "ticks" : "bytes")
        print form == "markdown" ? "- " text : text
    }
    text = "measuring itself, taken off each row: " measuring " ticks"
    print form == "markdown" ? "- " text : text
}
function show(name, text,    cell, count, i, line) {
    count = split(text, cell, "\t")
    if (form == "markdown") {
        line = "| `" name "` | " (name in description ? description[name] : "not measured yet") " |"
        for (i = 1; i <= count; i++) line = line " " cell[i] " |"
    } else {
        line = sprintf("%-18s", name)
        for (i = 1; i <= count; i++) line = line sprintf(" %7s", cell[i])
    }
    print line
}
