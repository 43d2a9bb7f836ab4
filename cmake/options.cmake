# SPDX-License-Identifier: MIT
# options.cmake - what can be chosen, the warnings, and how a target is instrumented.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()

# Tests and benchmarks in C++ use the C++ compiler of the same kind, if there is one.
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER AND NOT CMAKE_CROSSCOMPILING AND NOT DEFINED ENV{CXX})
    if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
        find_program(weft_cxx clang++)
    else()
        find_program(weft_cxx g++)
    endif()
    mark_as_advanced(weft_cxx)
    if(weft_cxx)
        set(CMAKE_CXX_COMPILER "${weft_cxx}" CACHE FILEPATH "The C++ compiler")
    endif()
endif()

option(WEFT_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(WEFT_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(WEFT_BUILD_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(WEFT_INSTALL "Make install rules" ${PROJECT_IS_TOP_LEVEL})
option(WEFT_WERROR "Treat warnings as errors" ${PROJECT_IS_TOP_LEVEL})
option(WEFT_PORTABLE_SWITCH "Switch stacks with ucontext, not with assembly" OFF)
option(WEFT_PORTABLE_WAIT "Sleep and wake with condition variables, not with the system's futex" OFF)
option(WEFT_COVERAGE "Measure coverage" OFF)
set(WEFT_SANITIZE "" CACHE STRING "address (with undefined), thread, fibers (as thread, between fibers too), or empty")
set_property(CACHE WEFT_SANITIZE PROPERTY STRINGS "" address thread fibers)
set(WEFT_TEST_LAUNCHER "" CACHE STRING "A command that each test program is run under, such as valgrind or an emulator")
set(WEFT_TEST_SLOWNESS 1 CACHE STRING "How many times slower the launcher makes a test")

set(weft_warnings
    -Wall -Wextra -Wundef -Wshadow -Wconversion "$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes;-Wmissing-prototypes>")
if(WEFT_WERROR)
    list(APPEND weft_warnings -Werror)
endif()

set(weft_instrument_flags "")
if(WEFT_SANITIZE STREQUAL "address")
    set(weft_instrument_flags -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(WEFT_SANITIZE STREQUAL "thread" OR WEFT_SANITIZE STREQUAL "fibers")
    set(weft_instrument_flags -fsanitize=thread -fno-omit-frame-pointer)
elseif(WEFT_SANITIZE)
    message(FATAL_ERROR "WEFT_SANITIZE is '${WEFT_SANITIZE}'; it can be address, thread, fibers or empty")
endif()
# fiber/annotate.h says what this is. The library's atomics stay instrumented, its plain accesses do not.
set(weft_fibers_flags "")
if(WEFT_SANITIZE STREQUAL "fibers")
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang" OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
        message(FATAL_ERROR "WEFT_SANITIZE=fibers needs Clang and x86-64")
    endif()
    set(weft_fibers_flags "SHELL:-mllvm -tsan-instrument-memory-accesses=0" "SHELL:-mllvm -tsan-instrument-memintrinsics=0")
    foreach(function malloc calloc realloc free posix_memalign aligned_alloc strdup memcpy memset memmove)
        list(APPEND weft_fibers_flags "-D${function}=wefti_quiet_${function}") # src/fiber/quiet.c
    endforeach()
endif()
if(WEFT_COVERAGE)
    list(APPEND weft_instrument_flags --coverage)
endif()

# PUBLIC, since who links an instrumented library must be instrumented too; not in what is installed.
function(weft_instrument target)
    if(weft_instrument_flags)
        target_compile_options(${target} PUBLIC "$<BUILD_INTERFACE:${weft_instrument_flags}>")
        target_link_options(${target} PUBLIC "$<BUILD_INTERFACE:${weft_instrument_flags}>")
    endif()
endfunction()
