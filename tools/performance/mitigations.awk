# SPDX-License-Identifier: BSD-2-Clause
#
# What a build with mitigations executes in one traced round of each row: name, VERW, writes of
# IA32_FLUSH_CMD, writes of IA32_PRED_CMD, fills of the return stack.
$1 == "row" { order[++rows] = $2 }
$1 != "trace" { next }
# what a guest does is no cost of ours
"x" $4 < "xffffffff80000000" { next }
{
    split($5, word, " ")
    if (word[1] == "verw") verw[$2]++
    if (word[1] == "wrmsr") command[$2, last]++
    # the fill's calls go past an INT3
    if ($5 ~ /^call \.\+1 /) calls[$2]++
    if ($5 ~ /^mov ecx, 0x/) {
        last = $5
        sub(/^mov ecx, 0x0*/, "", last)
    }
}
END {
    for (i = 1; i <= rows; i++) {
        name = order[i]
        print name "\t" verw[name] + 0 "\t" command[name, "10b"] + 0 "\t" \
            command[name, "49"] + 0 "\t" calls[name] / 32
    }
}
