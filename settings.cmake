# SPDX-License-Identifier: BSD-2-Clause
#
# What can be chosen when configuring, all of it in the CMake cache:
#   cmake -S . -B build -G Ninja -DNacelleDebug=OFF

set(NacellePlatform "auto" CACHE STRING
    "Where simulate and tools/run boot: auto (the fastest that works), qemu, bochs, kvm")
set_property(CACHE NacellePlatform PROPERTY STRINGS auto qemu bochs kvm)

set(NacelleCpuModel "corei7_haswell_4770" CACHE STRING
    "CPU model of Bochs that simulate, tools/run and tests take when none is named")

set(NacelleMemory "512" CACHE STRING "Memory of the simulated machine in MiB")

set(NacelleDebug ON CACHE BOOL
    "Debug assertions, kernel log and frame pointers (NACELLE_DEBUG is 1 in C)")

set(NacelleAccounting "debug" CACHE STRING
    "Count the ticks of guests and of user level, about 20 instructions an exit: debug (with \
NacelleDebug), on, off")
set_property(CACHE NacelleAccounting PROPERTY STRINGS debug on off)

set(NacelleMaxCpus "8" CACHE STRING "Most CPUs the server can use (NACELLE_MAX_CPUS in C)")

set(NacelleHostOnly OFF CACHE BOOL
    "Only what runs on the build machine: host libraries and unit tests, no image")

set(NacelleSanitizers ON CACHE BOOL "Address and undefined-behaviour sanitizers in host code")

set(NacelleLinux OFF CACHE BOOL
    "System tests with Debian's own kernel, which target linux-images fetches")
set(NacelleZydis ON CACHE BOOL
    "Fetch and build Zydis, by which clients decode instructions; OFF: they cannot")

# Against transient execution, for processors that need them (docs/performance.md, Mitigations).
set(NacelleMitigations "chosen" CACHE STRING
    "Which mitigations are compiled in: chosen (those that are ON below), all, none")
set_property(CACHE NacelleMitigations PROPERTY STRINGS chosen all none)

set(NacelleMitigateMds OFF CACHE BOOL
    "Clear buffers by VERW before user level and before a guest runs (MDS, TAA, TSA and the like)")

set(NacelleMitigateL1d OFF CACHE BOOL
    "Flush the L1 data cache before a VMX guest runs (L1TF)")

set(NacelleMitigateIbpb OFF CACHE BOOL
    "Barrier for branch predictors between address spaces and guests (Spectre v2)")

set(NacelleMitigateRsb OFF CACHE BOOL
    "Fill the return stack buffer after a guest has run (SpectreRSB)")

if(NOT NacelleMitigations MATCHES "^(chosen|all|none)$")
    message(FATAL_ERROR
        "NacelleMitigations=${NacelleMitigations}: unknown; known: chosen all none")
endif()

if(NOT NacelleAccounting MATCHES "^(debug|on|off)$")
    message(FATAL_ERROR
        "NacelleAccounting=${NacelleAccounting}: unknown; known: debug on off")
endif()

if(NOT NacellePlatform MATCHES "^(auto|qemu|bochs|kvm)$")
    message(FATAL_ERROR
        "NacellePlatform=${NacellePlatform}: unknown platform; known: auto qemu bochs kvm")
endif()
