# A test for each of the room's, in a process of its own. With a sanitizer, whose
# processes take longer to begin than most tests to run, two that share them.
function(discover name)
  if(NOT COFFERDAM_SANITIZE)
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}.
      DISCOVERY_MODE PRE_TEST PROPERTIES LABELS fast TIMEOUT 60)
    return()
  endif()
  foreach(shard IN ITEMS 0 1)
    add_test(NAME ${name}.${shard} COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(${name}.${shard} PROPERTIES LABELS fast TIMEOUT 600
      ENVIRONMENT "GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=${shard}")
  endforeach()
endfunction()

# cofferdam_room(NAME DEPS rooms… SOURCES files… TESTS files… LINK libraries…)
# One library per room, cofferdam_NAME, and one test program, NAME_test, whose
# tests ctest finds with the label "fast". LINK is private: what a room fences
# in does not leak to those who use it.
function(cofferdam_room name)
  cmake_parse_arguments(ROOM "" "" "DEPS;SOURCES;TESTS;LINK" ${ARGN})
  add_library(cofferdam_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(cofferdam_${name} PRIVATE ${ROOM_LINK} fmt::fmt)
  target_link_libraries(cofferdam_${name} PUBLIC cofferdam_flags)
  precompile(cofferdam_${name} rooms)
  foreach(dep IN LISTS ROOM_DEPS)
    target_link_libraries(cofferdam_${name} PUBLIC cofferdam_${dep})
  endforeach()
  if(COFFERDAM_TESTS AND ROOM_TESTS)
    add_executable(${name}_test ${ROOM_TESTS})
    if(COFFERDAM_SANITIZE MATCHES "thread")
      target_sources(${name}_test PRIVATE
        ${CMAKE_SOURCE_DIR}/cmake/tsan_suppressions.cc)
    endif()
    target_link_libraries(${name}_test PRIVATE
      cofferdam_${name} GTest::gmock GTest::gtest_main fmt::fmt)
    target_compile_options(${name}_test PRIVATE ${COFFERDAM_TEST_OPTIONS})
    precompile(${name}_test tests)
    if(NOT TARGET unit_tests)
      add_custom_target(unit_tests)
    endif()
    add_dependencies(unit_tests ${name}_test)
    discover(${name})
  endif()
endfunction()
