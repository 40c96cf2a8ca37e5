option(DEVENV_TESTS "Build the tests and examples" ${PROJECT_IS_TOP_LEVEL})
option(DEVENV_WERROR "Treat warnings as errors" OFF)
set(DEVENV_SANITIZE "" CACHE STRING "Sanitizers of -fsanitize=, for example address,undefined")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# The flags of our own code, never of a user's.
add_library(devenv_flags INTERFACE)
target_compile_options(devenv_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wno-missing-field-initializers $<$<BOOL:${DEVENV_WERROR}>:-Werror>)
# GCC 12 at -O2 takes "literal" + std::string for an overlap (its bug 105651).
target_compile_options(devenv_flags INTERFACE $<$<CONFIG:Release>:-Wno-restrict>)
target_compile_definitions(devenv_flags INTERFACE _GNU_SOURCE)
if(DEVENV_SANITIZE)
  target_compile_options(devenv_flags INTERFACE -fsanitize=${DEVENV_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(devenv_flags INTERFACE -fsanitize=${DEVENV_SANITIZE})
endif()
