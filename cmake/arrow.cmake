# Arrow C++ for the plugin (docs/decisions/arrow.md): Apache's packages where
# they are, else what tools/arrow.sh put into build/arrow. Sets COFFERDAM_ARROW,
# the target third_party_arrow, and COFFERDAM_ARROW_FOLDER, where its libraries
# are; without it all but Parquet, Arrow files and s3:// is built.
set(COFFERDAM_ARROW OFF)
set(arrow_why "neither Apache's packages nor build/arrow are here; tools/arrow.sh fetches it")
pkg_check_modules(ARROW QUIET arrow>=24 parquet>=24)
if(ARROW_FOUND)
  set(arrow_include ${ARROW_INCLUDE_DIRS})
  set(arrow_hints ${ARROW_LIBRARY_DIRS})
elseif(EXISTS ${CMAKE_SOURCE_DIR}/build/arrow/arrow.txt)
  set(arrow_include ${CMAKE_SOURCE_DIR}/build/arrow/include)
  set(arrow_hints ${CMAKE_SOURCE_DIR}/build/arrow/lib)
endif()
if(arrow_hints OR ARROW_FOUND)
  foreach(name IN ITEMS arrow parquet arrow_s3)
    unset(COFFERDAM_LIB_${name} CACHE)
    find_library(COFFERDAM_LIB_${name} ${name} HINTS ${arrow_hints})
    mark_as_advanced(COFFERDAM_LIB_${name})
  endforeach()
  add_library(third_party_arrow INTERFACE)
  target_include_directories(third_party_arrow SYSTEM INTERFACE ${arrow_include})
  set(arrow_libraries ${COFFERDAM_LIB_parquet} ${COFFERDAM_LIB_arrow})
  # Where there is no such library, S3 is in libarrow itself.
  if(COFFERDAM_LIB_arrow_s3)
    list(APPEND arrow_libraries ${COFFERDAM_LIB_arrow_s3})
  endif()
  target_link_libraries(third_party_arrow INTERFACE ${arrow_libraries})
  get_filename_component(COFFERDAM_ARROW_FOLDER ${COFFERDAM_LIB_arrow} DIRECTORY)
  # Headers, compiler and libraries must fit together, or nothing is built.
  try_compile(arrow_works ${CMAKE_BINARY_DIR}/arrow_probe
    ${CMAKE_SOURCE_DIR}/cmake/arrow_probe.cc
    CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${arrow_include}"
    LINK_LIBRARIES ${arrow_libraries}
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON
    OUTPUT_VARIABLE arrow_words)
  if(arrow_works)
    set(COFFERDAM_ARROW ON)
  else()
    set(arrow_why "a program that uses it does not build:\n${arrow_words}")
  endif()
endif()
if(NOT COFFERDAM_ARROW)
  message(STATUS "Without Parquet, Arrow files and s3://: ${arrow_why}")
endif()
