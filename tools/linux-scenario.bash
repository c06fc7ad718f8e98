# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # it shares its variables with tools/run
#
# The options of `tools/run linux`: a scenario like the one that the build has, with other VMs.

linux_vms='' linux_vcpus='' linux_mem='' linux_kernel='' linux_initrd='' linux_append=''
linux_disk='' linux_firmware=''
linux_seabios=/usr/share/seabios/bios-256k.bin
linux_options=no

linux_usage() {
    cat <<'END'
Options of scenario linux:
  --vms COUNT        number of VMs, each with a client and protection domain of its own (default: 2)
  --vcpus COUNT      vCPUs of each; 1 is all that there is today
  --mem SIZE         memory of each, a multiple of 2M, as in 128M (the default)
  --kernel FILE      the kernel, a bzImage, or an ELF file (vmlinux) with a PVH entry (default:
                     Debian's, which is fetched)
  --initrd FILE      its initial RAM disk (default: one with busybox)
  --append TEXT      more for its command line, which has console=ttyS0
  --disk IMAGE       a disk for each VM: what it writes there stays in its memory
  --firmware[=FILE]  a PC's firmware (default: SeaBIOS) boots what is on the disk, whose boot loader
                     has to use the serial port; no --kernel, --initrd and --append then
END
}

# Takes option $1 with value $2; false when it is none of these.
linux_option() {
    case $1 in
    --vms) [[ $2 =~ ^[1-8]$ ]] || fail 2 "--vms wants a number from 1 to 8, not '$2'" ;;
    --vcpus) [ "$2" = 1 ] || fail 2 "--vcpus: VMs have 1 vCPU today, not '$2'" ;;
    --mem)
        if ! [[ $2 =~ ^([1-9][0-9]{0,3})M$ ]] || [ $((BASH_REMATCH[1] % 2)) -ne 0 ]; then
            fail 2 "--mem wants a multiple of 2M, as in 128M, not '$2'"
        fi
        ;;
    --kernel | --initrd | --disk | --firmware) [ -f "$2" ] || fail 2 "$1: there is no file $2" ;;
    --append)
        case $2 in
        *[\'\"\\]*) fail 2 "--append: quotes and backslashes cannot be in a command line" ;;
        esac
        ;;
    *) return 1 ;;
    esac
    linux_options=yes
    declare -g "linux_${1#--}=$2"
}

# Ends when the options do not go together.
linux_check_options() {
    [ -n "$linux_firmware" ] || return 0
    [ -z "$linux_kernel$linux_initrd$linux_append" ] ||
        fail 2 "--firmware boots what is on the disk: no --kernel, --initrd and --append with it"
    [ -n "$linux_disk" ] || fail 2 "--firmware wants --disk, with what it is to boot"
}

# Writes scenario $1 out of the build's scenario linux, with what the options ask for.
linux_make_scenario() {
    local from=$build/scenarios/linux.scenario to=$build/scenarios/$1.scenario
    local mem=${linux_mem:-128M} line='' vm size=0 name names='' program room
    local -A files=() # by the names that they have as modules
    program=$(sed -n 's/^module=\([^|]*\)|linux client=vm1 .*/\1/p' "$from")
    if [ -n "$linux_firmware" ]; then
        files[firmware.bin]=$linux_firmware
        line=" firmware=firmware.bin"
    else
        files[vmlinuz]=${linux_kernel:-$build/linux/vmlinuz}
        files[initrd.gz]=${linux_initrd:-$build/linux/initrd.gz}
    fi
    if [ -n "$linux_disk" ]; then
        files[disk.img]=$linux_disk
        line+=" disk=disk.img" # with an overlay of 8 MiB
    fi
    for name in "${!files[@]}"; do
        files[$name]=$(realpath "${files[$name]}")
        names+=${names:+,}$name
        size=$((size + $(stat -c %s "${files[$name]}")))
    done
    line="memory=$((${mem%M} + (${#linux_disk} ? 20 : 4)))M files=$names mem=$mem$line"
    [ -n "$linux_firmware" ] ||
        line+=" -- console=ttyS0 nokaslr${linux_append:+ $linux_append}"
    {
        # all but the VMs and their files; files are there twice, and memory comes in powers of two
        sed -e '/^module=.*|linux client=/d' -e '/^module=.*|vmlinuz$/d' \
            -e '/^module=.*|initrd.gz$/d' -e '/^memory=/d' -e '/^script=/d' \
            -e "s/scenario=linux\$/scenario=$1/" \
            -e "s/^name=linux\$/name=$1/" "$from"
        room=$((${linux_vms:-2} * (${mem%M} * 3 / 2 + 32) + 2 * size / 1048576 + 512))
        echo "memory=$((room / 64 * 64))"
        for ((vm = 1; vm <= ${linux_vms:-2}; vm++)); do
            echo "module=$program|linux client=vm$vm $line"
        done
        for name in "${!files[@]}"; do
            echo "module=${files[$name]}|$name"
        done
    } >"$to"
    [ "$platform" != bochs ] ||
        "$top/tools/mkiso" "$to" "$build/scenarios/$1.iso" || fail 1 "no CD for Bochs"
}
