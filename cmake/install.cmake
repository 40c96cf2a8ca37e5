# What is installed: the library, the public headers, the helper, the fixtures' Dockerfiles, the command, and how
# CMake and pkg-config find them. All of it relocatable: nothing installed knows its prefix.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
if(NOT DEVENV_SHARED)
  message(FATAL_ERROR "DEVENV_INSTALL: a static libdevenv is for projects that build it from source; "
    "set DEVENV_SHARED=ON or DEVENV_INSTALL=OFF")
endif()

foreach(module ${public_modules} adapters/googletest adapters/catch2)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${module}/include/devenv DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()
install(TARGETS devenv devenv_googletest devenv_catch2 EXPORT devenv
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} NAMELINK_COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(DEVENV_COMMAND)
  install(TARGETS devenv_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
# Where the library and the command look for it, relative to themselves.
install(TARGETS devenv_helper RUNTIME DESTINATION libexec/devenv)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/fixtures/postgres ${PROJECT_SOURCE_DIR}/fixtures/mongo
  DESTINATION share/devenv/fixtures
  PATTERN include EXCLUDE PATTERN "*.cpp" EXCLUDE PATTERN "*.h" EXCLUDE PATTERN CMakeLists.txt EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION share/doc/devenv)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/devenv RENAME copyright)

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
  set(CPACK_DEBIAN_PACKAGE_DEPENDS "libarchive13, libcurl4, libsystemd0")
  # `image bootstrap` takes mmdebstrap and the archive's keys, of a keyring that knows trixie; pulls take authorities.
  set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
    "mmdebstrap, debian-archive-keyring (>= 2023.3+deb12u2), ca-certificates")
  include(CPack)
endif()
