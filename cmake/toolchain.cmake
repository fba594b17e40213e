# Compiler, warnings, build types and sanitizers.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines (temporaries in a "
    "co_await expression are destroyed twice). Use clang 18 or newer, or GCC 13.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# Dev: quick to compile, quick enough to test with, assertions on.
set(CMAKE_CXX_FLAGS_DEV "-O1 -gline-tables-only" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_DEV "-O1 -gline-tables-only" CACHE STRING "" FORCE)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -gline-tables-only -DNDEBUG")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Dev CACHE STRING "" FORCE)
endif()

add_library(cofferdam_flags INTERFACE)
# Deprecations: clang sees one inside libstdc++ 12's own std::stable_sort.
target_compile_options(cofferdam_flags INTERFACE
  -Wno-deprecated-declarations -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wno-missing-field-initializers -fno-omit-frame-pointer
  $<$<BOOL:${COFFERDAM_WERROR}>:-Werror>)
target_include_directories(cofferdam_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(COFFERDAM_SANITIZE)
  target_compile_options(cofferdam_flags INTERFACE
    -fsanitize=${COFFERDAM_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(cofferdam_flags INTERFACE
    -fsanitize=${COFFERDAM_SANITIZE})
  # Tests are mostly instrumented setup, which costs more to improve than to run.
  set(COFFERDAM_TEST_OPTIONS -O0)
endif()

find_program(COFFERDAM_CCACHE ccache)
if(COFFERDAM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${COFFERDAM_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${COFFERDAM_CCACHE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  string(REGEX MATCH "^[0-9]+" COFFERDAM_CLANG_MAJOR ${CMAKE_CXX_COMPILER_VERSION})
  find_program(COFFERDAM_LLD NAMES ld.lld-${COFFERDAM_CLANG_MAJOR})
  if(COFFERDAM_LLD)
    add_link_options(--ld-path=${COFFERDAM_LLD})
  endif()
endif()
