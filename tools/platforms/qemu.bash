# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2054,SC2154 # it shares its variables with tools/run
#
# QEMU, translating (TCG): SVM with nested paging, on any machine, fast. What a platform defines is
# told in tools/run.

platform_title=QEMU
platform_target=images # it loads kernel and modules itself
platform_default_cpu=EPYC,+svm,+npt
# Time is instructions, 8 ns each, and idle time passes at once: the same run every time.
qemu_accelerator=(-accel tcg -icount shift=3,sleep=off)

# Any model that QEMU has, with features switched on and off, as its -cpu takes it.
platform_models() {
    cat <<'END_OF_MODELS'
  EPYC,+svm,+npt             SVM: nested paging; no next RIP, 16 ASIDs (the default)
  max,+svm,+npt              the same with all else that QEMU has
  qemu64,+svm,+npt           the same with little else
  qemu64                     SVM without nested paging: Nacelle refuses to run
  qemu64,-svm                neither VMX nor SVM: Nacelle refuses to run
END_OF_MODELS
}

platform_obstacle() {
    [ "$make" = yes ] || command -v qemu-system-x86_64 >/dev/null ||
        echo "there is no QEMU; 'tools/install run qemu' installs it"
}

platform_knows_cpu() {
    local models
    if ! command -v qemu-system-x86_64 >/dev/null; then
        models=$(platform_models)
        grep -qF -- "  $1 " <<<"$models"
        return
    fi
    models=$(qemu-system-x86_64 -cpu help)
    grep -q "^x86 ${1%%,*} " <<<"$models"
}

# Makes name $2, or one with another directory, in $work/boot stand for file $1; sets $placed.
# QEMU hands the name over with the arguments: it must be what GRUB would hand over.
qemu_place() {
    local count=0
    placed=$2
    [ -f "$1" ] || fail 1 "$1 is not there: build target images first"
    while [ -e "$work/boot/$placed" ] &&
        [ "$(readlink "$work/boot/$placed")" != "$(realpath "$1")" ]; do
        count=$((count + 1))
        placed=$count/$2
    done
    mkdir -p "$(dirname "$work/boot/$placed")"
    ln -sfn "$(realpath "$1")" "$work/boot/$placed"
}

platform_prepare() {
    local kernel modules='' key value words module com1="file,id=com1,path=$work/serial"
    local accelerator=("${qemu_accelerator[@]}")
    [ -z "$line" ] || com1="serial,id=com1,path=$line"
    case $view in
    screen | tmux) accelerator=("${accelerator[@]/sleep=off/sleep=on}") ;;
    esac
    kernel=$(value_of kernel32)
    qemu_place "$kernel" "$(basename "$kernel")"
    kernel=$placed
    while IFS='=' read -r key value; do
        [ "$key" = module ] || continue
        words=${value#*|}
        qemu_place "${value%%|*}" "${words%% *}"
        module=$placed
        [ "${words%% *}" = "$words" ] || module+=" ${words#* }"
        modules+=${modules:+,}${module//,/,,}
    done <"$build/scenarios/$scenario.scenario"

    # The clock begins at 2026-01-01 every time. Who writes to port 0xf4 ends the machine. Nothing
    # is in it but what is named here.
    emulator_directory=$work/boot
    emulator_command=(qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none
        -machine pc "${accelerator[@]}" -cpu "$cpu,check=off" -smp "$cpus" -m "$memory"
        -rtc base=2026-01-01T00:00:00,clock=vm
        -chardev "$com1" -serial chardev:com1
        -chardev stdio,id=monitor,signal=off -mon chardev=monitor,mode=readline
        -device isa-debug-exit,iobase=0xf4,iosize=4
        -d cpu_reset -D "$work/emulator.log"
        -kernel "$kernel" -append "$(value_of arguments)")
    [ -z "$modules" ] || emulator_command+=(-initrd "$modules")
}

# Stops the machine in the monitor, and shows where the CPUs are.
platform_show_cpus() {
    local cpu tries stacks=()
    printf '%s\n' stop "info registers -a" >&6
    for ((tries = 0; tries < 50 && ${#stacks[@]} < cpus; tries++)); do
        sleep 0.1
        mapfile -t stacks < <(grep -ao '[RE]SP=[0-9a-f]*' "$work/emulator.out")
    done
    {
        for ((cpu = 0; cpu < ${#stacks[@]}; cpu++)); do
            printf '%s\n' "cpu $cpu" "x /24gx 0x${stacks[cpu]#*=}"
        done
        echo quit
    } >&6
    await_emulator
    # the monitor echoes what it is told, with escape sequences; what it answers has none
    tr -d '\r' <"$work/emulator.out" | awk '
        /\033/ { previous = ""; next }
        /^QEMU / || /^(FPR|XMM|FCW|YMM)/ { next }
        /^[RE]IP=/ {
            printf "rip: 0x%s\n", substr($1, 5)
            sub(/^[^ ]* /, "")
        }
        /^[0-9a-f]+: (0x|Cannot)/ {
            if ($1 != "" && previous !~ /^[0-9a-f]+: /) printf "stack of CPU %d:\n", cpu++
            previous = $0
            for (i = 2; i <= NF; i++) if ($i ~ /^0x/) print "| STACK [" $i "]"
            next
        }
        { previous = $0; print }'
}

platform_triple_fault() {
    grep -qa '^Triple fault' "$work/emulator.log" || return 1
    # the state that follows is that before the reset
    sed -n '/^Triple fault/,$p' "$work/emulator.log" |
        awk '/^CPU Reset/ { if (count++) exit } /^FCW/ { exit } { print "    " $0 }' |
        sed -E 's/[ER]IP=/rip=0x/'
}

platform_last_words() {
    tr -d '\r' <"$work/emulator.out" | grep -av $'\033\\|^QEMU \\|^(qemu)' | sed 's/^/    /' |
        tail -n 10
}
