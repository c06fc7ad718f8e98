# SPDX-License-Identifier: BSD-2-Clause

# nacelle_add_component(<name>
#     [SOURCES <file>...]         compiled for every flavour
#     [KERNEL_SOURCES <file>...] [USER_SOURCES <file>...] [HOST_SOURCES <file>...]
#     [INCLUDE <dir>...]          what users of the component may include
#     [PRIVATE_INCLUDE <dir>...]  for its own sources only
#     [DEPENDS <component>...]    same flavour; their include directories come along
#     [FLAVOURS kernel user host] default: all three
#     [DEFINITIONS <def>...])
#
# Makes static libraries <name>.kernel, <name>.user, <name>.host, or interface libraries if there
# is nothing to compile.
function(nacelle_add_component name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" ""
        "SOURCES;KERNEL_SOURCES;USER_SOURCES;HOST_SOURCES;INCLUDE;PRIVATE_INCLUDE;DEPENDS;FLAVOURS;\
DEFINITIONS")
    nacelle_no_leftovers("nacelle_add_component(${name})" "${arg_UNPARSED_ARGUMENTS}")
    if(NOT arg_FLAVOURS)
        set(arg_FLAVOURS kernel user host)
    endif()
    foreach(flavour IN LISTS arg_FLAVOURS)
        if(NOT flavour IN_LIST NACELLE_FLAVOURS)
            continue()
        endif()
        string(TOUPPER ${flavour} upper)
        set(sources ${arg_SOURCES} ${arg_${upper}_SOURCES})
        set(target ${name}.${flavour})
        if(sources)
            add_library(${target} STATIC ${sources})
            if(flavour STREQUAL kernel)
                set_target_properties(${target} PROPERTIES NACELLE_KERNEL ON)
            endif()
            set(scope PUBLIC)
            target_include_directories(${target} PRIVATE ${arg_PRIVATE_INCLUDE})
        else()
            add_library(${target} INTERFACE)
            set(scope INTERFACE)
        endif()
        foreach(dir IN LISTS arg_INCLUDE)
            cmake_path(ABSOLUTE_PATH dir NORMALIZE)
            target_include_directories(${target} ${scope} ${dir})
        endforeach()
        target_link_libraries(${target} ${scope} nacelle.flavour.${flavour})
        foreach(dependency IN LISTS arg_DEPENDS)
            target_link_libraries(${target} ${scope} ${dependency}.${flavour})
        endforeach()
        target_compile_definitions(${target} ${scope} ${arg_DEFINITIONS})
    endforeach()
endfunction()

# nacelle_small(<file>...): these sources of the current directory are not on a path that is to be
# fast, so that the kernel flavour has them as small as they can be.
function(nacelle_small)
    set_property(SOURCE ${ARGN} APPEND PROPERTY
        COMPILE_OPTIONS $<$<BOOL:$<TARGET_PROPERTY:NACELLE_KERNEL>>:-Os>)
endfunction()

# A misspelt keyword is an error, not a silently dropped argument.
function(nacelle_no_leftovers where leftovers)
    if(leftovers)
        message(FATAL_ERROR "${where}: unknown arguments: ${leftovers}")
    endif()
endfunction()

# Adds a directory once it exists and has a CMakeLists.txt.
macro(nacelle_add_room directory)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${directory}/CMakeLists.txt)
        add_subdirectory(${directory})
    endif()
endmacro()
