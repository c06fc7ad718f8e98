# SPDX-License-Identifier: BSD-2-Clause
#
# Kernels, clients, raw guests, and the scenarios that put them together into bootable images.

# Links libraries by component name: x86 means x86.<flavour>.
function(nacelle_link target flavour)
    target_link_libraries(${target} PRIVATE nacelle.flavour.${flavour})
    foreach(library IN LISTS ARGN)
        target_link_libraries(${target} PRIVATE ${library}.${flavour})
    endforeach()
endfunction()

# Paths that depend on the current source directory, made absolute.
function(nacelle_absolute variable)
    set(result "")
    foreach(file IN LISTS ARGN)
        cmake_path(ABSOLUTE_PATH file NORMALIZE)
        list(APPEND result ${file})
    endforeach()
    set(${variable} ${result} PARENT_SCOPE)
endfunction()

# An executable with a linker script and a map file beside it.
function(nacelle_link_with_script target script output_dir output_name)
    nacelle_absolute(script ${script})
    set_target_properties(${target} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${output_dir} OUTPUT_NAME ${output_name}
        LINK_DEPENDS ${script} POSITION_INDEPENDENT_CODE OFF)
    target_link_options(${target} PRIVATE ${NACELLE_LINK_OPTIONS}
        -Wl,-T,${script} -Wl,-Map=${output_dir}/${output_name}.map)
endfunction()

# build/images/<target>, without symbols. It cannot lie beside the target's own file: CMake takes a
# dependency on a file there that has the target's name for one on the target.
function(nacelle_add_stripped target)
    set(file ${PROJECT_BINARY_DIR}/images/${target})
    add_custom_command(OUTPUT ${file}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/images
        COMMAND ${CMAKE_OBJCOPY} --strip-all $<TARGET_FILE:${target}> ${file}
        DEPENDS ${target} VERBATIM COMMENT "Stripping ${target}")
    add_custom_target(${target}.image ALL DEPENDS ${file})
    set_target_properties(${target} PROPERTIES
        NACELLE_IMAGE ${file} NACELLE_IMAGE_TARGET ${target}.image)
endfunction()

# nacelle_add_kernel(<name> SOURCES <file>... LINKER_SCRIPT <file>
#     [LIBRARIES <component>...] [INCLUDE <dir>...] [DEFINITIONS <def>...])
#
# build/<name>.elf with symbols, build/<name>.elf.map, build/images/<name> without symbols, which
# goes into ISO images, and build/<name>.elf32, the same as a 32-bit ELF file without symbols for
# multiboot 1 loaders (QEMU's -kernel).
function(nacelle_add_kernel name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "LINKER_SCRIPT"
        "SOURCES;LIBRARIES;INCLUDE;DEFINITIONS")
    nacelle_no_leftovers("nacelle_add_kernel(${name})" "${arg_UNPARSED_ARGUMENTS}")
    if(NacelleHostOnly)
        return()
    endif()
    add_executable(${name} ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES NACELLE_KERNEL ON)
    target_include_directories(${name} PRIVATE ${arg_INCLUDE})
    target_compile_definitions(${name} PRIVATE ${arg_DEFINITIONS})
    nacelle_link(${name} kernel ${arg_LIBRARIES})
    nacelle_link_with_script(${name} ${arg_LINKER_SCRIPT} ${PROJECT_BINARY_DIR} ${name}.elf)
    target_link_options(${name} PRIVATE ${nacelle_kernel_link_options})
    set(elf32 ${PROJECT_BINARY_DIR}/${name}.elf32)
    add_custom_command(OUTPUT ${elf32}
        COMMAND ${CMAKE_OBJCOPY} -O elf32-i386 --strip-all $<TARGET_FILE:${name}> ${elf32}
        DEPENDS ${name} VERBATIM COMMENT "Making ${name}.elf32")
    add_custom_target(${name}.multiboot1 ALL DEPENDS ${elf32})
    nacelle_add_stripped(${name})
endfunction()

# nacelle_add_client(<name> SOURCES <file>... [LIBRARIES <component>...] [INCLUDE <dir>...]
#     [DEFINITIONS <def>...] [LINKER_SCRIPT <file>])
#
# A static user-level ELF64 program: build/clients/<name>.elf with symbols, its .map beside it,
# and build/images/<name>, stripped, which is what goes into ISO images as a boot module.
function(nacelle_add_client name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "LINKER_SCRIPT"
        "SOURCES;LIBRARIES;INCLUDE;DEFINITIONS")
    nacelle_no_leftovers("nacelle_add_client(${name})" "${arg_UNPARSED_ARGUMENTS}")
    if(NacelleHostOnly)
        return()
    endif()
    if(NOT arg_LINKER_SCRIPT)
        set(arg_LINKER_SCRIPT ${PROJECT_SOURCE_DIR}/components/runtime/client.ld)
    endif()
    set(dir ${PROJECT_BINARY_DIR}/clients)
    add_executable(${name} ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES NACELLE_KERNEL ON)
    target_include_directories(${name} PRIVATE ${arg_INCLUDE})
    target_compile_definitions(${name} PRIVATE ${arg_DEFINITIONS})
    nacelle_link(${name} user ${arg_LIBRARIES})
    nacelle_link_with_script(${name} ${arg_LINKER_SCRIPT} ${dir} ${name}.elf)
    # the start-up code lies in a library: ask for it by name
    target_link_options(${name} PRIVATE -Wl,--undefined=_start)
    nacelle_add_stripped(${name})
endfunction()

# nacelle_add_guest(<name> SOURCES <file>... [ADDRESS <hex>] [LINKER_SCRIPT <file>]
#     [INCLUDE <dir>...] [DEFINITIONS <def>...])
#
# A raw binary for tests, build/guests/<name>.bin, linked to run at ADDRESS (default 0x1000). The
# ELF file and map it is made from lie beside it. Section .start comes first, then .text, constants,
# data and bss, whose zeroes are in the binary; guest_begin and guest_end are its bounds.
function(nacelle_add_guest name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "ADDRESS;LINKER_SCRIPT"
        "SOURCES;INCLUDE;DEFINITIONS")
    nacelle_no_leftovers("nacelle_add_guest(${name})" "${arg_UNPARSED_ARGUMENTS}")
    if(NacelleHostOnly)
        return()
    endif()
    if(NOT arg_LINKER_SCRIPT)
        set(arg_LINKER_SCRIPT ${PROJECT_SOURCE_DIR}/cmake/guest.ld)
    endif()
    if(NOT arg_ADDRESS)
        set(arg_ADDRESS 0x1000)
    endif()
    set(dir ${PROJECT_BINARY_DIR}/guests)
    add_executable(${name} ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES NACELLE_KERNEL ON)
    target_include_directories(${name} PRIVATE ${arg_INCLUDE})
    target_compile_definitions(${name} PRIVATE ${arg_DEFINITIONS})
    nacelle_link(${name} kernel)
    nacelle_link_with_script(${name} ${arg_LINKER_SCRIPT} ${dir} ${name}.elf)
    target_link_options(${name} PRIVATE ${nacelle_kernel_link_options}
        -Wl,--defsym=guest_address=${arg_ADDRESS} -Wl,--no-warn-rwx-segments
        -Wl,--no-gc-sections)
    add_custom_command(OUTPUT ${dir}/${name}.bin
        COMMAND ${CMAKE_OBJCOPY} -O binary $<TARGET_FILE:${name}> ${dir}/${name}.bin
        DEPENDS ${name} VERBATIM COMMENT "Making guest ${name}.bin")
    add_custom_target(${name}.image ALL DEPENDS ${dir}/${name}.bin)
    set_target_properties(${name} PROPERTIES
        NACELLE_IMAGE ${dir}/${name}.bin NACELLE_IMAGE_TARGET ${name}.image)
endfunction()

# What tools/run needs: kernels, clients and modules; and on platforms that boot from CD the images
# of the scenarios, which take tools that not every machine has.
add_custom_target(images)
add_custom_target(isos)
# All that scenarios take from the network, and those scenarios: for tools/test.
add_custom_target(fetched)
find_program(NACELLE_GRUB_MKIMAGE grub-mkimage)
find_program(NACELLE_XORRISO xorriso)
mark_as_advanced(NACELLE_GRUB_MKIMAGE NACELLE_XORRISO)
set(nacelle_isos_in_all "")
if(NACELLE_GRUB_MKIMAGE AND NACELLE_XORRISO)
    set(nacelle_isos_in_all ALL)
endif()

# The file and the build dependencies that a scenario's item (a target or a path) stands for.
function(nacelle_image_of item file_variable depends_variable)
    if(TARGET ${item})
        get_target_property(file ${item} NACELLE_IMAGE)
        get_target_property(target ${item} NACELLE_IMAGE_TARGET)
        set(${file_variable} ${file} PARENT_SCOPE)
        set(${depends_variable} ${file} ${target} PARENT_SCOPE)
    else()
        nacelle_absolute(file ${item})
        set(${file_variable} ${file} PARENT_SCOPE)
        set(${depends_variable} ${file} PARENT_SCOPE)
    endif()
endfunction()

# nacelle_add_scenario(<name> DESCRIPTION <text>
#     [ROOT <client>] [ROOT_ARGUMENTS <text>]  the first boot module
#     [MODULES "<item>[|<command line>]"...]   the other boot modules, in this order
#     [ARGUMENTS <text>]                       more for the kernel's command line
#     [KERNEL <kernel>]                        default: nacelle
#     [CPUS <n>] [MEMORY <MiB>]                of the machine; default 1 and NacelleMemory
#     [TIMEOUT <seconds>]                      when tools/run gives up; default 120
#     [TERMINALS]                              clients have terminals: tools/run shows them
#     [SCRIPT <file>]                          what tools/run types at them where nobody can
#     [MULTIBOOT1]                             load the 32-bit image by Multiboot 1, not 2
#     [FETCHED])                               its files come from the network: built only when
#                                              tools/run boots it, or by its own targets
#
# An item is a client, a guest or the path of a file. A module's command line is the item's name
# unless given. The kernel's command line is "scenario=<name> <ARGUMENTS>", the root task's is
# "<ROOT> scenario=<name> <ROOT_ARGUMENTS>".
#
# Makes build/scenarios/<name>.scenario, which tools/run reads (target scenario.<name>), and
# build/scenarios/<name>.iso (target iso.<name>).
function(nacelle_add_scenario name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "MULTIBOOT1;FETCHED;TERMINALS"
        "DESCRIPTION;ROOT;ROOT_ARGUMENTS;ARGUMENTS;KERNEL;CPUS;MEMORY;TIMEOUT;SCRIPT" "MODULES")
    nacelle_no_leftovers("nacelle_add_scenario(${name})" "${arg_UNPARSED_ARGUMENTS}")
    if(NacelleHostOnly)
        return()
    endif()
    foreach(default KERNEL=nacelle CPUS=1 MEMORY=${NacelleMemory} TIMEOUT=120)
        string(REGEX MATCH "^([A-Z]+)=(.*)$" unused ${default})
        if(NOT arg_${CMAKE_MATCH_1})
            set(arg_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
        endif()
    endforeach()
    if(NOT TARGET ${arg_KERNEL})
        message(STATUS "Scenario ${name} left out: there is no kernel ${arg_KERNEL} yet")
        return()
    endif()

    nacelle_image_of(${arg_KERNEL} kernel depends)
    set(kernel32 ${PROJECT_BINARY_DIR}/${arg_KERNEL}.elf32)
    list(APPEND depends ${kernel32} ${arg_KERNEL}.multiboot1)
    if(arg_MULTIBOOT1)
        set(kernel ${kernel32})
    endif()
    string(STRIP "scenario=${name} ${arg_ARGUMENTS}" kernel_arguments)
    set(modules "")
    set(clients "")
    if(arg_ROOT)
        string(STRIP "${arg_ROOT} scenario=${name} ${arg_ROOT_ARGUMENTS}" root_arguments)
        list(PREPEND arg_MODULES "${arg_ROOT}|${root_arguments}")
    endif()
    foreach(module IN LISTS arg_MODULES)
        string(REGEX MATCH "^([^|]*)([|](.*))?$" unused "${module}")
        set(item ${CMAKE_MATCH_1})
        set(arguments "${CMAKE_MATCH_3}")
        if(arguments STREQUAL "")
            cmake_path(GET item FILENAME arguments)
        endif()
        nacelle_image_of(${item} file item_depends)
        list(APPEND depends ${item_depends})
        list(APPEND modules "${file}|${arguments}")
    endforeach()

    set(dir ${PROJECT_BINARY_DIR}/scenarios)
    set(text "name=${name}\ndescription=${arg_DESCRIPTION}\n")
    string(APPEND text "symbols=$<TARGET_FILE:${arg_KERNEL}>\nkernel=${kernel}\n")
    string(APPEND text "kernel32=${kernel32}\n")
    string(APPEND text "arguments=${kernel_arguments}\n")
    string(APPEND text "cpus=${arg_CPUS}\nmemory=${arg_MEMORY}\ntimeout=${arg_TIMEOUT}\n")
    if(arg_MULTIBOOT1)
        string(APPEND text "multiboot1=1\n")
    endif()
    if(arg_FETCHED)
        string(APPEND text "fetched=1\n")
    endif()
    if(arg_TERMINALS)
        string(APPEND text "terminals=1\n")
    endif()
    if(arg_SCRIPT)
        nacelle_absolute(script ${arg_SCRIPT})
        string(APPEND text "script=${script}\n")
    endif()
    foreach(module IN LISTS modules)
        string(APPEND text "module=${module}\n")
    endforeach()
    file(GENERATE OUTPUT ${dir}/${name}.scenario CONTENT "${text}")

    set(all ALL)
    set(isos_in_all ${nacelle_isos_in_all})
    if(arg_FETCHED)
        set(all "")
        set(isos_in_all "")
    endif()
    add_custom_target(scenario.${name} ${all} DEPENDS ${depends})
    if(arg_TERMINALS)
        add_dependencies(images console)
        add_dependencies(isos console)
        add_dependencies(scenario.${name} console)
    endif()
    set_target_properties(scenario.${name} PROPERTIES NACELLE_DESCRIPTION "${arg_DESCRIPTION}")
    add_custom_command(OUTPUT ${dir}/${name}.iso
        COMMAND ${PROJECT_SOURCE_DIR}/tools/mkiso ${dir}/${name}.scenario ${dir}/${name}.iso
        DEPENDS ${depends} ${dir}/${name}.scenario ${PROJECT_SOURCE_DIR}/tools/mkiso
        VERBATIM COMMENT "Making scenario ${name}")
    add_custom_target(iso.${name} ${isos_in_all} DEPENDS ${dir}/${name}.iso)
    if(arg_TERMINALS)
        add_dependencies(iso.${name} console)
    endif()
    set_target_properties(scenario.${name} PROPERTIES NACELLE_FETCHED ${arg_FETCHED})
    if(arg_FETCHED)
        add_dependencies(fetched scenario.${name} iso.${name})
    else()
        add_dependencies(images scenario.${name})
        add_dependencies(isos iso.${name})
    endif()
endfunction()

# build/simulate boots the default scenario of this build; options are those of tools/run.
function(nacelle_add_simulate_script)
    if(NacelleHostOnly)
        return()
    endif()
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/simulate @ONLY CONTENT [=[
#!/bin/sh
# Made by CMake: boots this build in the emulator. Options and scenario as for tools/run.
exec "@PROJECT_SOURCE_DIR@/tools/run" --build-dir "@PROJECT_BINARY_DIR@" --no-build "$@"
]=])
    file(CHMOD ${PROJECT_BINARY_DIR}/simulate PERMISSIONS
        OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endfunction()
