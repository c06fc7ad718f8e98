# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # it shares its variables with tools/run
#
# QEMU with KVM: VMX or SVM, whichever this machine's processor has and lets its guests use.

# shellcheck source=tools/platforms/qemu.bash
. "$top/tools/platforms/qemu.bash"

platform_title="QEMU with KVM"
platform_default_cpu=host
qemu_accelerator=(-accel kvm)

platform_models() {
    cat <<'END_OF_MODELS'
  host                       VMX or SVM, as this machine's own processor
END_OF_MODELS
}

platform_obstacle() {
    local module nested known=no
    if [ ! -e /dev/kvm ]; then
        echo "there is no /dev/kvm; load the module kvm_intel or kvm_amd, as root"
        return
    fi
    if [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
        echo "no access to /dev/kvm; have yourself added to its group"
        return
    fi
    if ! grep -qwE -m 1 'vmx|svm' /proc/cpuinfo; then
        echo "the processor shows neither VMX nor SVM; switch them on in the firmware, or, if" \
            "this is a virtual machine, nested virtualization in its host"
        return
    fi
    for module in kvm_intel kvm_amd; do
        nested=/sys/module/$module/parameters/nested
        [ -r $nested ] || continue
        known=yes
        grep -q '^[Y1]' $nested && continue
        echo "$module does not nest; load it with the parameter nested=1"
        return
    done
    if [ $known = no ]; then
        echo "/dev/kvm is there, but neither kvm_intel nor kvm_amd is loaded; load one, as root"
        return
    fi
    [ "$make" = yes ] || command -v qemu-system-x86_64 >/dev/null ||
        echo "there is no QEMU; 'tools/install run qemu' installs it"
}
