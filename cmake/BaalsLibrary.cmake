# libbaals from the modules in the global property BAALS_MODULES: the shared object and one
# self-contained archive, both in lib/ of the build folder, and what installs them.
#
# Targets: libbaals_shared (also baals::baals), libbaals_static (a target to build, not to link).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(BAALS_MODULES GLOBAL PROPERTY BAALS_MODULES)
set(BAALS_OBJECTS ${BAALS_MODULES})
list(TRANSFORM BAALS_OBJECTS REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>")

# Sections of their own, so that the linker leaves out what no public function reaches.
target_compile_options(bl_compile INTERFACE
  $<$<NOT:$<CONFIG:Debug>>:-ffunction-sections> $<$<NOT:$<CONFIG:Debug>>:-fdata-sections>)

# ---- libbaals.so ----

set(BAALS_MAP ${CMAKE_SOURCE_DIR}/cmake/baals.map)
add_library(libbaals_shared SHARED ${BAALS_OBJECTS})
add_library(baals::baals ALIAS libbaals_shared)
set_target_properties(libbaals_shared PROPERTIES
  OUTPUT_NAME baals
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}
  LINKER_LANGUAGE C
  LINK_DEPENDS ${BAALS_MAP})
target_include_directories(libbaals_shared INTERFACE ${CMAKE_SOURCE_DIR}/include)
# All objects are given above; the modules bring what they link.
target_link_libraries(libbaals_shared PRIVATE ${BAALS_MODULES})
target_link_options(libbaals_shared PRIVATE
  -Wl,--gc-sections -Wl,--version-script=${BAALS_MAP})
if(NOT BAALS_SANITIZE)
  # The sanitizers' runtime is linked into programs only, so their symbols stay open in here.
  target_link_options(libbaals_shared PRIVATE -Wl,-z,defs)
endif()

# ---- libbaals.a ----

set(BAALS_ARCHIVE ${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/libbaals.a)
if(BAALS_SANITIZE OR BAALS_COVERAGE)
  message(STATUS "libbaals.a: left out, instrumented code does not survive being merged")
  set(BAALS_HAVE_ARCHIVE OFF)
else()
  set(BAALS_HAVE_ARCHIVE ON)
  find_program(BAALS_LD NAMES ld.bfd ld REQUIRED)
  find_program(BAALS_OBJCOPY NAMES objcopy REQUIRED)
  find_program(BAALS_NM NAMES nm REQUIRED)
  find_program(BAALS_AR NAMES ar REQUIRED)
  set(archive_folder ${CMAKE_BINARY_DIR}/archive)
  file(GENERATE OUTPUT ${archive_folder}/objects.txt
       CONTENT "$<JOIN:${BAALS_OBJECTS},\n>\n")
  add_custom_command(
    OUTPUT ${BAALS_ARCHIVE}
    COMMAND ${CMAKE_COMMAND}
            -D OUTPUT=${BAALS_ARCHIVE} -D FOLDER=${archive_folder} -D NATIVE=${BAALS_NATIVE_LIBRARY}
            -D LD=${BAALS_LD} -D OBJCOPY=${BAALS_OBJCOPY} -D NM=${BAALS_NM} -D AR=${BAALS_AR}
            -P ${CMAKE_SOURCE_DIR}/cmake/BaalsArchive.cmake
    DEPENDS ${BAALS_OBJECTS} ${BAALS_NATIVE_LIBRARY} ${archive_folder}/objects.txt
            ${CMAKE_SOURCE_DIR}/cmake/BaalsArchive.cmake
    COMMENT "Merging libbaals.a"
    COMMAND_EXPAND_LISTS VERBATIM)
  add_custom_target(libbaals_static ALL DEPENDS ${BAALS_ARCHIVE})
endif()

# ---- installation ----

install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/baals DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(TARGETS libbaals_shared)
if(BAALS_HAVE_ARCHIVE)
  install(FILES ${BAALS_ARCHIVE} DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(BAALS_HAVE_WASMTIME)
  set(BAALS_PRIVATE_FLAGS " -ldl -lm")
  set(BAALS_PRIVATE_LIBRARIES ";dl;m")
endif()
if(BAALS_WITH_ROCKSDB)
  string(APPEND BAALS_PRIVATE_FLAGS " -lrocksdb")
  string(APPEND BAALS_PRIVATE_LIBRARIES ";rocksdb")
endif()
configure_file(${CMAKE_SOURCE_DIR}/cmake/baals.pc.in ${CMAKE_BINARY_DIR}/baals.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/baals.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/baals)
configure_package_config_file(
  ${CMAKE_SOURCE_DIR}/cmake/baals-config.cmake.in ${CMAKE_BINARY_DIR}/baals-config.cmake
  INSTALL_DESTINATION ${package_folder}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(
  ${CMAKE_BINARY_DIR}/baals-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/baals-config.cmake ${CMAKE_BINARY_DIR}/baals-config-version.cmake
        DESTINATION ${package_folder})

# ---- tests of the result: exported is what the headers say, and an installation is usable ----

if(BAALS_WITH_TESTS AND BAALS_HAVE_ARCHIVE)
  add_test(NAME lint/symbols
           COMMAND ${CMAKE_SOURCE_DIR}/tools/symbol-check ${CMAKE_BINARY_DIR})
  add_test(NAME integration/install
           COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/install/run
                   ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER})
  set_tests_properties(integration/install PROPERTIES TIMEOUT 300)
endif()
