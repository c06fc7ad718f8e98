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

set(NacelleMaxCpus "8" CACHE STRING "Most CPUs the server can use (NACELLE_MAX_CPUS in C)")

set(NacelleHostOnly OFF CACHE BOOL
    "Only what runs on the build machine: host libraries and unit tests, no image")

set(NacelleSanitizers ON CACHE BOOL "Address and undefined-behaviour sanitizers in host code")

set(NacelleZydis ON CACHE BOOL
    "Fetch and build Zydis, by which clients decode instructions; OFF: they cannot")

if(NOT NacellePlatform MATCHES "^(auto|qemu|bochs|kvm)$")
    message(FATAL_ERROR
        "NacellePlatform=${NacellePlatform}: unknown platform; known: auto qemu bochs kvm")
endif()
