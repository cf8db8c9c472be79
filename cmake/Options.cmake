# Build options and the flags every target shares.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

set(SRSPROXY_SANITIZER "" CACHE STRING "Empty, 'address' (with undefined) or 'thread'")
set(SRSPROXY_TEST_FLAGS "" CACHE STRING "More compiler options for the tests alone, for example -O0")
option(SRSPROXY_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(SRSPROXY_BENCH "Build the benchmarks" OFF)
option(SRSPROXY_PCH "Use precompiled headers" ON)
option(SRSPROXY_DATAPLANE_ONLY "Leave out everything that needs protobuf or gRPC" OFF)
option(SRSPROXY_CTL "Build srsproxyctl; without it tests use the one of the preset 'release'" ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers need the two sloppiness settings; see ccache's manual. Paths below the tree are
  # hashed as relative ones and the build folder is not hashed, so that a second clone finds the objects of
  # the first.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros
      "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      "${CCACHE_PROGRAM}")
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
add_compile_options(-fno-omit-frame-pointer -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fcoroutines -fpch-preprocess)
  # GCC 12 reports these inside its own standard library and Boost at -O2 (GCC bugs 105329, 105651).
  add_compile_options(-Wno-restrict -Wno-stringop-overread -Wno-stringop-overflow
                      -Wno-maybe-uninitialized)
  # And it takes Asio's allocation of coroutine frames for a mismatched new and delete.
  add_compile_options(-Wno-mismatched-new-delete)
endif()

# Sanitized programs are large: lld links them in a third of the time.
find_program(LLD_PROGRAM ld.lld)
if(LLD_PROGRAM AND (SRSPROXY_SANITIZER OR SRSPROXY_FUZZ))
  add_link_options(-fuse-ld=lld)
endif()

if(SRSPROXY_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(SRSPROXY_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio's fences, which TSan does not follow; Asio's mutexes order the same things.
    add_compile_options(-Wno-tsan)
  endif()
  add_link_options(-fsanitize=thread)
elseif(SRSPROXY_SANITIZER)
  message(FATAL_ERROR "SRSPROXY_SANITIZER: '${SRSPROXY_SANITIZER}' is not 'address' or 'thread'")
endif()
if(SRSPROXY_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "SRSPROXY_FUZZ needs clang")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()
