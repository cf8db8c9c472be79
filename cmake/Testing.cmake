# How tests, fuzz targets and benchmarks are declared.
include(GoogleTest)

# srsproxy_test(NAME SOURCES... DEPENDS... [LABELS unit|integration ...] [PCH control_test] [SECONDS n]): one
# GoogleTest binary, one CTest test. SECONDS: about how long it takes, where that is long: CTest begins with the longest.
# The label 'tsan' marks tests of code that crosses threads of the data plane, 'tsan-control' those of code that
# crosses gRPC's; they run under ThreadSanitizer too. tests/lint holds that a label is a stage that builds the test.
function(srsproxy_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TIMEOUT;PCH;SECONDS" "SOURCES;DEPENDS;LABELS")
  if(NOT ARG_PCH)
    set(ARG_PCH test)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_SECONDS)
    set(ARG_SECONDS 1)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${SRSPROXY_TEST_FLAGS})
  srsproxy_use_pch(${name} ${ARG_PCH})
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} COST ${ARG_SECONDS})
endfunction()

# srsproxy_fuzz_target(NAME SOURCE DEPENDS...): a libFuzzer target (preset 'fuzz'); its seeds are in tests/fuzz/corpus/NAME.
function(srsproxy_fuzz_target name source)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "DEPENDS")
  if(NOT SRSPROXY_FUZZ)
    return()
  endif()
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY SRSPROXY_FUZZ_TARGETS ${name})
endfunction()

# srsproxy_benchmark(NAME SOURCE DEPENDS...): a Google Benchmark binary (preset 'bench').
function(srsproxy_benchmark name source)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "DEPENDS")
  if(NOT SRSPROXY_BENCH)
    return()
  endif()
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} benchmark::benchmark benchmark::benchmark_main)
endfunction()
