# srsproxy_layer(NAME SOURCES... DEPENDS... [PCH base|asio|grpc|ctl])
#
# One static library for one folder. DEPENDS names the layers and libraries it may use; CMake then hands on
# only their include paths, and tests/lint holds what CMake cannot (see tests/lint/layers.py).

# Precompiled headers are shared: one object library for each set.
function(srsproxy_pch_set name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "HEADERS;DEPENDS")
  if(NOT SRSPROXY_PCH)
    return()
  endif()
  file(WRITE "${CMAKE_BINARY_DIR}/pch/${name}.cc.in" "// Holds the precompiled header set '${name}'.\n")
  configure_file("${CMAKE_BINARY_DIR}/pch/${name}.cc.in" "${CMAKE_BINARY_DIR}/pch/${name}.cc" COPYONLY)
  add_library(srsproxy_pch_${name} OBJECT "${CMAKE_BINARY_DIR}/pch/${name}.cc")
  target_link_libraries(srsproxy_pch_${name} PRIVATE ${ARG_DEPENDS})
  target_include_directories(srsproxy_pch_${name} PRIVATE "${CMAKE_SOURCE_DIR}/src")
  target_precompile_headers(srsproxy_pch_${name} PRIVATE ${ARG_HEADERS})
  if(name MATCHES "test$")
    target_compile_options(srsproxy_pch_${name} PRIVATE ${SRSPROXY_TEST_FLAGS})
  endif()
endfunction()

srsproxy_pch_set(base
  DEPENDS absl::status absl::statusor absl::strings absl::time absl::flat_hash_map
  HEADERS <absl/container/flat_hash_map.h> <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/time/time.h>
          <functional> <map> <memory> <optional> <string> <vector>)
srsproxy_pch_set(asio
  DEPENDS srsproxy_boost absl::status absl::statusor absl::time
  HEADERS <boost/asio.hpp> <absl/status/statusor.h> <absl/time/time.h> <memory> <string> <vector>)
srsproxy_pch_set(test
  DEPENDS GTest::gmock absl::status absl::statusor absl::time
  HEADERS <gmock/gmock.h> <gtest/gtest.h> <absl/status/statusor.h> <absl/time/time.h> <memory> <string> <vector>)
if(NOT SRSPROXY_DATAPLANE_ONLY)
  # The services' stubs are most of what a file that calls or answers gRPC takes to compile.
  set(stubs "")
  foreach(service event origin proxy rebalance session stream)
    list(APPEND stubs <srsproxy/v1/${service}_service.grpc.pb.h>)
  endforeach()
  srsproxy_pch_set(grpc
    DEPENDS srsproxy_proto absl::status absl::statusor absl::time
    HEADERS <grpcpp/grpcpp.h> <google/protobuf/message.h> ${stubs} <absl/status/statusor.h> <absl/time/time.h>
            <memory> <string> <vector>)
  if(SRSPROXY_CTL)
    srsproxy_pch_set(ctl
      DEPENDS srsproxy_proto absl::status absl::statusor absl::time
      HEADERS <CLI/CLI.hpp> <grpcpp/grpcpp.h> <google/protobuf/message.h> ${stubs} <absl/status/statusor.h>
              <absl/time/time.h> <memory> <string> <vector>)
  endif()
  srsproxy_pch_set(control_test
    DEPENDS GTest::gmock srsproxy_proto srsproxy_boost absl::status absl::statusor absl::time
    HEADERS <gmock/gmock.h> <gtest/gtest.h> <grpcpp/grpcpp.h> <google/protobuf/message.h> ${stubs}
            <boost/asio.hpp> <boost/beast/http.hpp> <absl/status/statusor.h> <absl/time/time.h> <memory> <string>
            <vector>)
endif()

function(srsproxy_use_pch target set)
  if(SRSPROXY_PCH AND set)
    target_precompile_headers(${target} REUSE_FROM srsproxy_pch_${set})
  endif()
endfunction()

function(srsproxy_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "PCH" "SOURCES;DEPENDS")
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS})
  srsproxy_use_pch(${name} "${ARG_PCH}")
endfunction()
