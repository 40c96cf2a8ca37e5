# devenv_module(runtime_store SOURCES a.cpp b.cpp LINKS devenv_runtime_base PRIVATE_LINKS PkgConfig::ARCHIVE)
# A module of the tree: includes are written from the root ("runtime/store/blob.h"), public ones <devenv/x.h>.
function(devenv_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(devenv_${name} STATIC ${arg_SOURCES})
  target_include_directories(devenv_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include)
    target_include_directories(devenv_${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include)
  endif()
  target_link_libraries(devenv_${name} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS} devenv_flags)
endfunction()

# devenv_test(store_test SOURCES tar_test.cpp LINKS devenv_runtime_store [LABELS root])
# One GoogleTest program; each TEST becomes a ctest test. Label "root": needs root (says so itself). SERIAL: beside
# no other test, for those that make what the others' leak checks look for.
function(devenv_test name)
  cmake_parse_arguments(arg "SERIAL" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT arg_SERIAL)
    set(arg_SERIAL FALSE)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} devenv_flags GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)  # half the time to compile
  include(GoogleTest)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_SERIAL}
    LABELS "${arg_LABELS}")
endfunction()

# devenv_test_under(engine_test KERNELS 6.1 6.8 [FILTER Name.*]): the whole program once more as on these kernels, by
# tests/errors/deny; one ctest test each, engine_test.under_6.1. Sanitizers have seen the same code without.
function(devenv_test_under name)
  if(DEVENV_SANITIZED)
    return()
  endif()
  cmake_parse_arguments(arg "" "FILTER" "KERNELS" ${ARGN})
  if(NOT arg_FILTER)
    set(arg_FILTER *)
  endif()
  foreach(kernel IN LISTS arg_KERNELS)
    add_test(NAME ${name}.under_${kernel}
      COMMAND devenv_deny ${kernel} $<TARGET_FILE:${name}> --gtest_brief=1 --gtest_filter=${arg_FILTER})
    set_tests_properties(${name}.under_${kernel} PROPERTIES TIMEOUT 300 LABELS root)
  endforeach()
endfunction()
