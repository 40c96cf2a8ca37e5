# What users link: one library that needs nothing of ours or of third parties from whoever links it.
set(public_modules runtime/base runtime/engine harness/wait harness/service
                   fixtures/postgres fixtures/mongo fixtures/web_app)
set(exported_modules devenv_harness_wait devenv_harness_snapshot devenv_harness_service
                     devenv_fixtures_common devenv_fixtures_postgres devenv_fixtures_mongo devenv_fixtures_web_app)

# Whole modules of what users call; the runtime below comes out of its archives as needed.
if(DEVENV_SHARED)
  add_library(devenv SHARED)
else()
  add_library(devenv STATIC)
endif()
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
endforeach()
