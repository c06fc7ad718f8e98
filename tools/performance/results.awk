# SPDX-License-Identifier: BSD-2-Clause
#
# Joins what the bench printed and what was traced. One line a row, in the bench's order: name,
# minimum, median, maximum, rounds; then of the traced round, with the measuring itself taken off,
# or "-": instructions, VMREAD, VMWRITE, RDMSR, WRMSR, loads of CR3, locked instructions, VMLOAD,
# VMSAVE, instructions that save or load FPU state or XCR0.
BEGIN { kinds = split("vmread vmwrite rdmsr wrmsr cr3 locked vmload vmsave fpu", kind, " ") }
$1 == "guest_begin" { guest_begin = $2 }
$1 == "guest_end" { guest_end = $2 }
$1 == "trace" {
    count[$2]++
    split($5, word, " ")
    name = word[1]
    # what the guest does itself is no cost of ours
    if ("x" $4 >= "x" guest_begin && "x" $4 < "x" guest_end) next
    if (name ~ /^(vmread|vmwrite|rdmsr|wrmsr|vmload|vmsave)$/) mix[$2, name]++
    if ($5 ~ /^mov cr3,/) mix[$2, "cr3"]++
    # XCHG with memory locks without saying so
    if (name == "lock" || (name == "xchg" && $5 ~ /\[/)) mix[$2, "locked"]++
    if (name ~ /^(xsave|xrstor|fxsave|fxrstor|xsetbv)/) mix[$2, "fpu"]++
    next
}
$1 == "log" && match($2, /bench: row /) {
    split(substr($2, RSTART + RLENGTH), word, " ")
    line = word[1]
    for (i = 2; i <= 5; i++) line = line "\t" (word[i] + 0)
    if (word[1] in count) {
        line = line "\t" (count[word[1]] - (word[1] == "empty" ? 0 : count["empty"]))
        for (i = 1; i <= kinds; i++) line = line "\t" (mix[word[1], kind[i]] + 0)
    } else
        for (i = 0; i <= kinds; i++) line = line "\t-"
    print line
}
