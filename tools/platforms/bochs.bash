# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # it shares its variables with tools/run
#
# Bochs: any processor model, VMX or SVM, the same run every time. What a platform defines is told
# in tools/run.

platform_title=Bochs
platform_target=isos # it boots from CD
platform_default_cpu=corei7_haswell_4770

platform_models() {
    cat <<'END_OF_MODELS'
  corei7_haswell_4770        VMX: EPT with 1 GiB pages, accessed and dirty bits, VMFUNC, shadow VMCS
  corei5_arrandale_m520      VMX: the first with EPT, VPID and unrestricted guest
  corei7_sandy_bridge_2600k  VMX: as arrandale
  broadwell_ult              VMX: as haswell, RDSEED exiting
  corei7_skylake_x           VMX: page-modification log, XSAVES, TSC scaling, AVX-512
  corei7_icelake_u           VMX: sub-page write permission
  tigerlake                  VMX: CET state
  ryzen                      SVM: nested paging, next RIP, flush by ASID, pause filter
  core2_penryn_t9600         VMX without EPT: Nacelle refuses to run
  bx_generic                 VMX without EPT: Nacelle refuses to run
END_OF_MODELS
}

platform_obstacle() {
    [ "$make" = yes ] || command -v bochs-bin >/dev/null ||
        echo "there is no Bochs; 'tools/install run bochs' installs it"
}

platform_knows_cpu() {
    local models
    if ! command -v bochs-bin >/dev/null; then
        models=$(platform_models)
        grep -q "^  $1 " <<<"$models"
        return
    fi
    models=$(bochs-bin --help cpu 2>&1 </dev/null || true)
    grep -qxF -- "$1" <<<"$models"
}

platform_prepare() {
    local image=$build/scenarios/$scenario.iso display='rfb, options="timeout=0"'
    [ -f "$image" ] || fail 1 "$image is not there: build target isos first"
    if [ "$1" = no ] && [ -n "${DISPLAY-}" ] &&
        [ -e /usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_x_gui.so ]; then
        display=x
    fi

    local com1="mode=file, dev=$work/serial" sync=none
    [ -z "$line" ] || com1="mode=term, dev=$line"
    case $view in
    screen | tmux) sync=slowdown ;; # idle VMs wait as long as they think
    esac

    # Time is instructions: the same on every run. time0 is 2026-01-01; fastboot leaves out the
    # three seconds in which the BIOS waits for a key. ALSA without a sound card makes Bochs 2.7
    # crash.
    cat >"$work/bochsrc" <<END_OF_RC
display_library: $display
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/vgabios/vgabios.bin
cpu: model=$cpu, count=$cpus, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=0
memory: guest=$memory, host=$memory
ata0: enabled=1
ata0-master: type=cdrom, path="$image", status=inserted
boot: cdrom
clock: sync=$sync, time0=1767225600
vga: extension=vbe, update_freq=1, realtime=0
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
com1: enabled=1, $com1
log: $work/emulator.log
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
END_OF_RC
    if [ -n "$debugger" ]; then
        cp "$debugger" "$work/rc"
        echo "magic_break: enabled=1" >>"$work/bochsrc"
    else
        echo c >"$work/rc"
    fi

    # Where it can be had, an own network name space: the VNC display listens on every address.
    emulator_command=(bochs-bin -q -f "$work/bochsrc" -rc "$work/rc")
    if [ "$display" != x ]; then
        if unshare -n true 2>/dev/null; then
            emulator_command=(unshare -n "${emulator_command[@]}")
        elif unshare -rn true 2>/dev/null; then
            emulator_command=(unshare -rn "${emulator_command[@]}")
        fi
    fi
}

# Stops the machine in the debugger, and shows where the CPUs are.
platform_show_cpus() {
    local before cpu
    before=$(wc -c <"$work/emulator.out")
    kill -INT "$emulator" 2>/dev/null || return 0
    {
        for ((cpu = 0; cpu < cpus; cpu++)); do
            [ "$cpus" -eq 1 ] || echo "set \$cpu=$cpu"
            echo r
            echo creg
            echo sreg
            echo "print-stack 24"
        done
        echo q
    } >&6
    await_emulator
    tail -c +$((before + 1)) "$work/emulator.out" | grep -v '^(0)\.\|^$' |
        sed 's/^<bochs:[0-9]*> //'
}

platform_triple_fault() {
    grep -qa '3rd .* exception with no resolution' "$work/emulator.log" || return 1
    sed -n '/>>PANIC<</,$s/^[^|]*| \(E[A-Z][A-Z]\|R[A-Z0-9]*\|CR[0-9]\)\( *=\)/    \1\2/p' \
        "$work/emulator.log" | sed 's/[ER]IP=/rip=0x/'
}

platform_last_words() {
    # what Bochs could not go on with
    grep -a '>>PANIC<<\|^[0-9]*p\[' "$work/emulator.log" "$work/emulator.out" 2>/dev/null |
        grep -v 'Shutdown port' | sed 's/^[^:]*:/    /' | tail -n 10
    [ -s "$log" ] || grep -a 'e\[\|p\[' "$work/emulator.log" | tail -n 5
}
