# What is installed: one shared library that needs nothing of ours or of third parties from whoever links it,
# the public headers, the helper, the fixtures' Dockerfiles, the command, and how CMake and pkg-config find them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(public_modules runtime/base runtime/engine harness/wait harness/service
                   fixtures/postgres fixtures/mongo fixtures/web_app)
set(exported_modules devenv_harness_wait devenv_harness_snapshot devenv_harness_service
                     devenv_fixtures_common devenv_fixtures_postgres devenv_fixtures_mongo devenv_fixtures_web_app)

# Whole modules of what users call; the runtime below comes out of its archives as needed.
add_library(devenv SHARED)
add_library(devenv::devenv ALIAS devenv)
foreach(module ${exported_modules})
  target_sources(devenv PRIVATE $<TARGET_OBJECTS:${module}>)
endforeach()
target_link_libraries(devenv PRIVATE ${exported_modules} devenv_runtime_engine PkgConfig::CURL)
set(symbols ${PROJECT_SOURCE_DIR}/cmake/libdevenv.symbols)
target_link_options(devenv PRIVATE -Wl,--version-script=${symbols} -Wl,--as-needed)
set_target_properties(devenv PROPERTIES
  LINKER_LANGUAGE CXX LINK_DEPENDS ${symbols} VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
target_compile_features(devenv INTERFACE cxx_std_17)
foreach(module ${public_modules})
  target_include_directories(devenv INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/${module}/include>)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${module}/include/devenv DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()
foreach(adapter googletest catch2)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/adapters/${adapter}/include/devenv DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()

install(TARGETS devenv devenv_googletest devenv_catch2 EXPORT devenv
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} NAMELINK_COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS devenv_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# Where the library and the command look for it, relative to themselves.
install(TARGETS devenv_helper RUNTIME DESTINATION libexec/devenv)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/fixtures/postgres ${PROJECT_SOURCE_DIR}/fixtures/mongo
  DESTINATION share/devenv/fixtures
  PATTERN include EXCLUDE PATTERN "*.cpp" EXCLUDE PATTERN "*.h" EXCLUDE PATTERN CMakeLists.txt EXCLUDE)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/devenv)
install(EXPORT devenv NAMESPACE devenv:: FILE devenv-targets.cmake DESTINATION ${config_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/devenv-config.cmake.in devenv-config.cmake
  INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(devenv-config-version.cmake COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH prefix_from_pc /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${PROJECT_SOURCE_DIR}/cmake/devenv.pc.in devenv.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/devenv-config.cmake ${PROJECT_BINARY_DIR}/devenv-config-version.cmake
  DESTINATION ${config_dir})
install(FILES ${PROJECT_BINARY_DIR}/devenv.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# `cpack` makes a .deb that brings everything: command, helper, library, headers.
if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_GENERATOR DEB)
  set(CPACK_PACKAGE_CONTACT "the devenv developers")
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_STRIP_FILES ON)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  # Loaded with dlopen when first used, so shlibdeps does not see them.
  set(CPACK_DEBIAN_PACKAGE_DEPENDS "libarchive13, libcurl4, libssl3")
  set(CPACK_DEBIAN_PACKAGE_RECOMMENDS mmdebstrap)
  include(CPack)
endif()
