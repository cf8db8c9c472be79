# Every library the project uses. Their Debian packages stand in scripts/packages.txt.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS system url json)
find_package(absl REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(GTest REQUIRED)

# Debian's package has no CMake target.
find_path(HIREDIS_INCLUDE_DIR hiredis/read.h REQUIRED)
find_library(HIREDIS_LIBRARY hiredis REQUIRED)
add_library(hiredis::hiredis UNKNOWN IMPORTED)
set_target_properties(hiredis::hiredis PROPERTIES
  IMPORTED_LOCATION "${HIREDIS_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${HIREDIS_INCLUDE_DIR}")

if(NOT SRSPROXY_DATAPLANE_ONLY)
  find_package(Protobuf REQUIRED)
  find_package(gRPC CONFIG REQUIRED)
  # Debian's re2 brings -pthread along. glibc needs no such flag, and with it a target cannot share
  # the precompiled headers of those that go without.
  set_property(TARGET re2::re2 PROPERTY INTERFACE_COMPILE_OPTIONS "")
  find_package(yaml-cpp REQUIRED)
  find_package(CLI11 QUIET)  # header only; Debian 12 ships no CMake file in every revision
endif()
if(SRSPROXY_BENCH)
  find_package(benchmark REQUIRED)
endif()

# Asio's and Beast's heavy implementations are compiled once, in srsproxy_boost, not in every file.
add_library(srsproxy_boost STATIC "${CMAKE_SOURCE_DIR}/cmake/boost_impl.cc")
target_compile_definitions(srsproxy_boost PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(srsproxy_boost PUBLIC
  Boost::headers Boost::url Boost::json OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
