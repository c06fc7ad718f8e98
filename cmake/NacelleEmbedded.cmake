# SPDX-License-Identifier: BSD-2-Clause
#
# For another system's build that takes components/x86 and vcpu in by add_subdirectory: only the
# kernel flavour, compiled with the flags of whoever does so. In Nacelle's own build it does
# nothing.
if(NOT COMMAND nacelle_add_component)
    set(NACELLE_FLAVOURS kernel CACHE INTERNAL "flavours of an embedded engine")
    add_library(nacelle.flavour.kernel INTERFACE)
    target_compile_definitions(nacelle.flavour.kernel INTERFACE NACELLE_KERNEL=1)
    include(${CMAKE_CURRENT_LIST_DIR}/NacelleComponents.cmake)
endif()
