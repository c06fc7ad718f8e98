# SPDX-License-Identifier: BSD-2-Clause
#
# The same source is compiled for up to three flavours:
#   kernel  ring 0, no FPU, linked in the top 2 GiB
#   user    ring 3 clients, freestanding
#   host    the build machine, with the sanitizers, for unit tests and fuzzers
# Each is an interface library nacelle.flavour.<flavour> that carries its flags.

set(NACELLE_FLAVOURS host)
if(NOT NacelleHostOnly)
    list(PREPEND NACELLE_FLAVOURS kernel user)
endif()

# The flavours say everything about optimisation and symbols; CMake's build type adds nothing.
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE "RelWithDebInfo" CACHE STRING "Release with symbols" FORCE)
endif()
foreach(config DEBUG RELEASE RELWITHDEBINFO MINSIZEREL)
    set(CMAKE_C_FLAGS_${config} "")
    set(CMAKE_ASM_FLAGS_${config} "")
endforeach()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(nacelle_warnings
    -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wundef -Wshadow
    -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough)

set(nacelle_freestanding
    -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables
    -fcf-protection=none -ffunction-sections -fdata-sections -fno-common -O2 -g
    # paths in __FILE__ and in debug information do not depend on where the tree lies
    -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)

if(NacelleDebug)
    list(APPEND nacelle_freestanding -fno-omit-frame-pointer)
    set(nacelle_debug 1)
else()
    list(APPEND nacelle_freestanding -fomit-frame-pointer)
    set(nacelle_debug 0)
endif()

# Flags for C go to C alone: clang complains about those that an assembly file does not use.
function(nacelle_c_options target)
    foreach(option IN LISTS ARGN)
        target_compile_options(${target} INTERFACE $<$<COMPILE_LANGUAGE:C>:${option}>)
    endforeach()
endfunction()

# NACELLE_MITIGATE_MDS=1 and so on, of what settings.cmake has (x86/mitigations.h).
set(nacelle_mitigations "")
foreach(name Mds L1d Ibpb Rsb)
    if(NacelleMitigations STREQUAL all OR
            (NacelleMitigations STREQUAL chosen AND NacelleMitigate${name}))
        string(TOUPPER ${name} upper)
        list(APPEND nacelle_mitigations NACELLE_MITIGATE_${upper}=1)
    endif()
endforeach()

# Whether ticks are counted (vcpu/accounting.h).
set(nacelle_accounting 0)
if(NacelleAccounting STREQUAL on OR (NacelleAccounting STREQUAL debug AND NacelleDebug))
    set(nacelle_accounting 1)
endif()

function(nacelle_flavour name)
    add_library(nacelle.flavour.${name} INTERFACE)
    string(TOUPPER ${name} upper)
    target_compile_definitions(nacelle.flavour.${name} INTERFACE
        NACELLE_${upper}=1 NACELLE_MAX_CPUS=${NacelleMaxCpus})
    nacelle_c_options(nacelle.flavour.${name} ${nacelle_warnings})
endfunction()

set(nacelle_asm_options $<$<COMPILE_LANGUAGE:ASM>:-g;-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>)

nacelle_flavour(kernel)
target_compile_options(nacelle.flavour.kernel INTERFACE ${nacelle_asm_options})
set(nacelle_kernel_options ${nacelle_freestanding}
    -mcmodel=kernel -mno-red-zone -mgeneral-regs-only
    # no vector ever lies on a stack: 8 bytes of alignment will do, and save what keeps up 16
    $<IF:$<C_COMPILER_ID:Clang>,-mstack-alignment=8,-mpreferred-stack-boundary=3>
    # padding within functions is executed, and makes up a twentieth of the text
    $<$<C_COMPILER_ID:GNU>:-fno-align-jumps> $<$<C_COMPILER_ID:GNU>:-fno-align-loops>
    $<$<C_COMPILER_ID:GNU>:-fno-align-functions>)
# A kernel is compiled as one unit, as seL4's kernel_all.c is: calls across its files cost a seventh
# of the paths through C. gcc alone, since clang would need a linker of its own for that.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND nacelle_kernel_options -flto -fno-fat-lto-objects)
    set(nacelle_kernel_link_options ${nacelle_kernel_options} -flto-partition=one)
endif()
nacelle_c_options(nacelle.flavour.kernel ${nacelle_kernel_options})
target_compile_definitions(nacelle.flavour.kernel INTERFACE
    NACELLE_DEBUG=${nacelle_debug} NACELLE_ACCOUNTING=${nacelle_accounting}
    ${nacelle_mitigations})

nacelle_flavour(user)
target_compile_options(nacelle.flavour.user INTERFACE ${nacelle_asm_options})
nacelle_c_options(nacelle.flavour.user ${nacelle_freestanding} -mno-red-zone
    -mgeneral-regs-only)
target_compile_definitions(nacelle.flavour.user INTERFACE NACELLE_DEBUG=${nacelle_debug})

nacelle_flavour(host)
nacelle_c_options(nacelle.flavour.host -g -O1 -fno-omit-frame-pointer -fno-common)
target_compile_definitions(nacelle.flavour.host INTERFACE NACELLE_DEBUG=1)
if(NacelleSanitizers)
    set(nacelle_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
    nacelle_c_options(nacelle.flavour.host ${nacelle_sanitizers})
    target_link_options(nacelle.flavour.host INTERFACE ${nacelle_sanitizers})
endif()

# How a freestanding program is linked, apart from its linker script.
set(NACELLE_LINK_OPTIONS
    -nostdlib -static -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,max-page-size=4096
    -Wl,--build-id=none -Wl,--fatal-warnings)
