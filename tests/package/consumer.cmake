# cmake -DBUILD=<our build> -DSOURCE=<our tree> -DWORK=<scratch> -DHOW=installed|fetch_content|subdirectory
#       -DTYPE=<build type> -DFLAGS=<its compiler flags> -DLAUNCHER=<ccache> -P consumer.cmake
# Configures, builds and runs somebody else's project against devenv as installed (and moved), or as sources.
include(${CMAKE_CURRENT_LIST_DIR}/support.cmake)

file(REMOVE_RECURSE ${WORK})
readme_block(example cpp "TEST_F")
readme_block(project cmake "find_package.devenv")
readme_block(from_sources cmake "FetchContent_Declare")
file(WRITE ${WORK}/readme/shop_test.cpp "${example}")

# The README's project, nothing added but its first two lines.
function(build_readme_project project)
  file(WRITE ${WORK}/readme/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(shop LANGUAGES CXX)\n${project}")
  run(${CMAKE_COMMAND} -S ${WORK}/readme -B ${WORK}/readme/build -DCMAKE_BUILD_TYPE=${TYPE} ${ARGN})
  run(${CMAKE_COMMAND} --build ${WORK}/readme/build --parallel 2)
endfunction()

function(build_consumer)
  run(${CMAKE_COMMAND} -S ${SOURCE}/tests/package/consumer -B ${WORK}/build -G Ninja -DCMAKE_BUILD_TYPE=${TYPE}
    -DEXAMPLE=${WORK}/readme/shop_test.cpp ${ARGN})
  run(${CMAKE_COMMAND} --build ${WORK}/build --parallel 2)
endfunction()

# That of docs/getting-started.md, to the letter.
function(build_first_project)
  code_blocks(project ${SOURCE}/docs/getting-started.md cmake)
  code_blocks(test ${SOURCE}/docs/getting-started.md cpp)
  file(WRITE ${WORK}/start/CMakeLists.txt "${project_1}")
  file(WRITE ${WORK}/start/first_test.cpp "${test_1}")
  run(${CMAKE_COMMAND} -S ${WORK}/start -B ${WORK}/start/build -DCMAKE_PREFIX_PATH=${WORK}/moved)
  run(${CMAKE_COMMAND} --build ${WORK}/start/build)
endfunction()

function(expect_no_test_framework program)
  execute_process(COMMAND ldd ${program} OUTPUT_VARIABLE libraries COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND nm -C ${program} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  if(NOT symbols MATCHES "devenv::Postgres" OR "${libraries}${symbols}" MATCHES "gtest|gmock|testing::|Catch")
    message(FATAL_ERROR "${program} needs ${CMAKE_MATCH_0}:\n${libraries}")
  endif()
endfunction()

# Our own build's flags, so that ccache knows the objects already.
string(TOUPPER ${TYPE} TYPE_UPPER)
set(as_sources -DDEVENV_WERROR=ON "-DCMAKE_CXX_FLAGS_${TYPE_UPPER}=${FLAGS}" -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})

if(HOW STREQUAL "installed")
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
  file(RENAME ${WORK}/first ${WORK}/moved)
  build_readme_project("${project}" -G Ninja -DCMAKE_PREFIX_PATH=${WORK}/moved)
  build_consumer(-DCMAKE_PREFIX_PATH=${WORK}/moved)
  build_first_project()
  expect_no_test_framework(${WORK}/build/one_fixture)
  run(bash ${CMAKE_CURRENT_LIST_DIR}/installed_alone.sh ${BUILD} ${SOURCE} ${WORK})
elseif(HOW STREQUAL "fetch_content")
  string(REGEX REPLACE "find_package.devenv[^\n]*\n" "${from_sources}" project "${project}")
  build_readme_project("${project}" -G "Unix Makefiles" -DFETCHCONTENT_SOURCE_DIR_DEVENV=${SOURCE}
    -DCMAKE_CXX_STANDARD=17 ${as_sources})
  run(${WORK}/readme/build/shop_test)
else()
  build_consumer(-DDEVENV=${SOURCE} -DBUILD_SHARED_LIBS=OFF -DCMAKE_PREFIX_PATH=${SOURCE}/.cache/catch2-v3 ${as_sources})
  expect_no_test_framework(${WORK}/build/one_fixture)
  foreach(program one_fixture with_catch2 shop_test)
    run(${WORK}/build/${program})
  endforeach()
endif()
file(REMOVE_RECURSE ${WORK})
