# Headers that are compiled once: where all is compiled from nothing, two thirds
# of the time would be spent in them. Sanitizer presets always do so, the others
# where COFFERDAM_PRECOMPILE says so, as CI does: without, a compiler cache
# serves several trees. That a file includes what it uses of them is for
# tests/house/includes.py to see.
set(COFFERDAM_PRECOMPILED
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <cstring>
  <deque> <filesystem> <fstream> <functional> <map> <memory> <mutex> <optional>
  <set> <span> <string> <string_view> <thread> <tuple> <unordered_map> <utility>
  <variant> <vector> <fmt/format.h>)

# precompile(TARGET rooms|tests): TARGET uses the headers of one of two targets.
function(precompile target kind)
  if(NOT (COFFERDAM_SANITIZE OR COFFERDAM_PRECOMPILE) OR COFFERDAM_FUZZ
     OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    return()
  endif()
  set(owner cofferdam_precompiled_${kind})
  if(NOT TARGET ${owner})
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${owner}.cc CONTENT "\n")
    add_library(${owner} OBJECT ${CMAKE_BINARY_DIR}/${owner}.cc)
    target_link_libraries(${owner} PRIVATE cofferdam_flags fmt::fmt)
    set(headers ${COFFERDAM_PRECOMPILED})
    if(kind STREQUAL "tests")
      target_link_libraries(${owner} PRIVATE GTest::gmock GTest::gtest_main)
      target_compile_options(${owner} PRIVATE ${COFFERDAM_TEST_OPTIONS})
      list(APPEND headers <future> <random> <sstream> <gmock/gmock.h>
           <gtest/gtest.h>)
    endif()
    target_precompile_headers(${owner} PRIVATE ${headers})
    # Else a compiler cache takes every one for a new one.
    target_compile_options(${owner} PRIVATE
      "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  target_precompile_headers(${target} REUSE_FROM ${owner})
endfunction()
