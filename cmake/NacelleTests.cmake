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

# What a system test can run on: the words of PLATFORMS. Each is a platform of tools/run and a CPU
# model; empty: the platform's default.
set(NACELLE_TEST_PLATFORM_bochs bochs)       # with each of CPUS
set(NACELLE_TEST_PLATFORM_ryzen bochs ryzen)
set(NACELLE_TEST_PLATFORM_qemu qemu)
set(NACELLE_TEST_PLATFORM_kvm kvm)
set(NACELLE_TEST_PLATFORMS bochs ryzen qemu kvm)

# What all system tests are, one a line, for tools/platform-table: test, CTest name, feature.
set(nacelle_system_tests ${PROJECT_BINARY_DIR}/system-tests)
file(WRITE ${nacelle_system_tests} "")

# nacelle_add_system_test(<name> SCENARIO <scenario>
#     [PLATFORMS <platform>...]  of bochs, ryzen, qemu, kvm; default all, with STATUS refused none
#     [CPUS <model>...]    more than one model of Bochs, default NacelleCpuModel; "qemu:<model>" is
#                          one of QEMU
#     [SKIP "<platform>: <why>"...]  cannot run there: counted as skipped
#     [EXPECT <file>]      extended regular expressions that lines of the serial output must match
#                          in this order, one a line; # begins a comment line
#     [FORBID <regex>...]  no line may match
#     [SCRIPT <file>]      what is typed at the terminals, and has to appear (tools/run --script)
#     [OPTIONS <option>...]  more for tools/run, such as --disk=<file>
#     [STATUS ok|refused|failed|panic]  how the scenario must end; default ok
#     [FEATURE <text>]     what it shows, for the table of platforms; default: the scenario's
#                          description; "-": nothing for the table
#     [LONG]               only with tools/test --all
#     [TIMEOUT <seconds>]) of the emulator; default 120
#
# CTest system.<name>.<model or platform>, labels system and bochs, qemu or kvm; long and fetched
# where it is so. Any number of these can run at once. Where the platform is not available the test
# is skipped.
function(nacelle_add_system_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "LONG" "SCENARIO;EXPECT;SCRIPT;STATUS;FEATURE;TIMEOUT"
        "CPUS;PLATFORMS;FORBID;OPTIONS;SKIP")
    nacelle_no_leftovers("nacelle_add_system_test(${name})" "${arg_UNPARSED_ARGUMENTS}")
    if(NacelleHostOnly)
        return()
    endif()
    if(NOT arg_STATUS STREQUAL refused AND NOT arg_PLATFORMS)
        set(arg_PLATFORMS ${NACELLE_TEST_PLATFORMS})
    elseif(NOT arg_PLATFORMS)
        set(arg_PLATFORMS bochs)
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
    if(NOT arg_FEATURE)
        get_target_property(arg_FEATURE scenario.${arg_SCENARIO} NACELLE_DESCRIPTION)
        if(arg_FEATURE MATCHES "^Test: (.)(.*)$")
            string(TOUPPER ${CMAKE_MATCH_1} first)
            set(arg_FEATURE "${first}${CMAKE_MATCH_2}")
        endif()
    endif()
    set(options --status ${arg_STATUS} --timeout ${arg_TIMEOUT})
    if(arg_EXPECT)
        nacelle_absolute(expect ${arg_EXPECT})
        list(APPEND options --expect ${expect})
    endif()
    if(arg_SCRIPT)
        nacelle_absolute(script ${arg_SCRIPT})
        list(APPEND options --script ${script})
    endif()
    foreach(regex IN LISTS arg_FORBID)
        list(APPEND options --forbid ${regex})
    endforeach()
    foreach(option IN LISTS arg_OPTIONS)
        list(APPEND options --option ${option})
    endforeach()

    foreach(platform IN LISTS arg_PLATFORMS)
        if(NOT DEFINED NACELLE_TEST_PLATFORM_${platform})
            message(FATAL_ERROR "nacelle_add_system_test(${name}): unknown platform ${platform}")
        endif()
        set(why "")
        foreach(skip IN LISTS arg_SKIP)
            if(skip MATCHES "^${platform}: *(.*)$")
                set(why --skip ${CMAKE_MATCH_1})
            endif()
        endforeach()
        set(cpus ${platform})
        if(platform STREQUAL bochs)
            set(cpus ${arg_CPUS})
        endif()
        foreach(cpu IN LISTS cpus)
            if(cpu MATCHES "^qemu:(.*)$")
                nacelle_add_one_system_test(${name} qemu ${CMAKE_MATCH_1})
            elseif(platform STREQUAL bochs)
                nacelle_add_one_system_test(${name} bochs ${cpu})
            else()
                nacelle_add_one_system_test(${name} ${NACELLE_TEST_PLATFORM_${platform}})
            endif()
        endforeach()
    endforeach()
endfunction()

# Of the function above, whose variables it uses: the test on platform, with the CPU model in ARGN.
function(nacelle_add_one_system_test name platform)
    set(label ${ARGN})
    if(NOT label)
        set(label ${platform})
    endif()
    string(REGEX REPLACE "[^A-Za-z0-9_]+" "-" label ${label})
    set(test system.${name}.${label})
    if(TEST ${test})
        return() # named twice
    endif()
    set(cpu "")
    if(ARGN)
        set(cpu --cpu ${ARGN})
    endif()
    add_test(NAME ${test}
        COMMAND ${PROJECT_SOURCE_DIR}/tests/system/runner/run-test
            --build-dir ${PROJECT_BINARY_DIR} --name ${test} --platform ${platform} ${cpu}
            ${why} ${options} ${arg_SCENARIO})
    math(EXPR limit "${arg_TIMEOUT} + 30")
    set(labels system ${platform})
    if(arg_LONG)
        list(APPEND labels long)
    endif()
    get_target_property(fetched scenario.${arg_SCENARIO} NACELLE_FETCHED)
    if(fetched)
        list(APPEND labels fetched)
    endif()
    set_tests_properties(${test} PROPERTIES
        LABELS "${labels}" TIMEOUT ${limit} PROCESSORS 1 SKIP_RETURN_CODE 77)
    file(APPEND ${nacelle_system_tests} "${name}\t${test}\t${arg_FEATURE}\n")
endfunction()
