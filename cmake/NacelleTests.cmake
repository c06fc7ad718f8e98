# SPDX-License-Identifier: BSD-2-Clause

# nacelle_add_unit_test(<name> SOURCES <file>... [LIBRARIES <component>...] [INCLUDE <dir>...]
#     [DEFINITIONS <def>...] [ARGUMENTS <arg>...] [TIMEOUT <seconds>])
#
# A cmocka program with the sanitizers; CTest unit.<name>, label unit. LIBRARIES are component
# names (x86 means x86.host).
function(nacelle_add_unit_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT"
        "SOURCES;LIBRARIES;INCLUDE;DEFINITIONS;ARGUMENTS")
    nacelle_no_leftovers("nacelle_add_unit_test(${name})" "${arg_UNPARSED_ARGUMENTS}")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    set(target unit.${name})
    add_executable(${target} ${arg_SOURCES})
    set_target_properties(${target} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/unit OUTPUT_NAME ${name})
    target_include_directories(${target} PRIVATE ${arg_INCLUDE})
    target_compile_definitions(${target} PRIVATE ${arg_DEFINITIONS})
    nacelle_link(${target} host ${arg_LIBRARIES})
    target_link_libraries(${target} PRIVATE cmocka)
    add_test(NAME ${target} COMMAND ${target} ${arg_ARGUMENTS}
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${target} PROPERTIES LABELS unit TIMEOUT ${arg_TIMEOUT})
endfunction()

# nacelle_add_system_test(<name> SCENARIO <scenario>
#     [CPUS <model>...]    one test for each; default NacelleCpuModel
#     [EXPECT <file>]      extended regular expressions that lines of the serial output must match
#                          in this order, one a line; # begins a comment line
#     [FORBID <regex>...]  no line may match
#     [STATUS ok|refused|failed|panic]  how the scenario must end; default ok
#     [TIMEOUT <seconds>]) of the emulator; default 120
#
# CTest system.<name>.<model>, label system. Any number of these can run at once.
function(nacelle_add_system_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SCENARIO;EXPECT;STATUS;TIMEOUT" "CPUS;FORBID")
    nacelle_no_leftovers("nacelle_add_system_test(${name})" "${arg_UNPARSED_ARGUMENTS}")
    if(NacelleHostOnly)
        return()
    endif()
    foreach(default CPUS=${NacelleCpuModel} STATUS=ok TIMEOUT=120)
        string(REGEX MATCH "^([A-Z]+)=(.*)$" unused ${default})
        if(NOT arg_${CMAKE_MATCH_1})
            set(arg_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
        endif()
    endforeach()
    if(NOT arg_STATUS MATCHES "^(ok|refused|failed|panic)$")
        message(FATAL_ERROR "nacelle_add_system_test(${name}): unknown STATUS ${arg_STATUS}")
    endif()
    if(NOT TARGET scenario.${arg_SCENARIO})
        message(STATUS "System test ${name} left out: there is no scenario ${arg_SCENARIO} yet")
        return()
    endif()
    set(options --status ${arg_STATUS} --timeout ${arg_TIMEOUT})
    if(arg_EXPECT)
        nacelle_absolute(expect ${arg_EXPECT})
        list(APPEND options --expect ${expect})
    endif()
    foreach(regex IN LISTS arg_FORBID)
        list(APPEND options --forbid ${regex})
    endforeach()
    math(EXPR limit "${arg_TIMEOUT} + 30")
    foreach(model IN LISTS arg_CPUS)
        set(test system.${name}.${model})
        add_test(NAME ${test}
            COMMAND ${PROJECT_SOURCE_DIR}/tests/system/runner/run-test
                --build-dir ${PROJECT_BINARY_DIR} --cpu ${model} ${options} ${arg_SCENARIO})
        set_tests_properties(${test} PROPERTIES LABELS system TIMEOUT ${limit} PROCESSORS 1)
    endforeach()
endfunction()
