# The Rust part (native/): one static library with Ed25519 and hashes, the imported target bl_native.
# With BAALS_WITH_WASMTIME it is baals-full, which also holds wasmtime, else baals-core.
# All build folders share cargo's target folder (BAALS_NATIVE_DIR in the environment, else
# build/native), so the crates are compiled once; cargo's own lock lets builds run side by side, and
# each works with its own copy of the result.
if(DEFINED ENV{BAALS_NATIVE_DIR})
  set(BAALS_NATIVE_DIR $ENV{BAALS_NATIVE_DIR})
else()
  set(BAALS_NATIVE_DIR ${CMAKE_SOURCE_DIR}/build/native)
endif()
set(BAALS_CARGO_MIN 1.85)

# The first cargo that is new enough: the one in PATH, else the distribution's.
if(NOT BAALS_CARGO)
  find_program(BAALS_CARGO_IN_PATH cargo NO_CACHE)
  foreach(candidate ${BAALS_CARGO_IN_PATH} /usr/bin/cargo)
    execute_process(COMMAND ${candidate} --version
                    OUTPUT_VARIABLE output ERROR_QUIET RESULT_VARIABLE result)
    if(result EQUAL 0 AND output MATCHES "^cargo ([0-9.]+)"
       AND CMAKE_MATCH_1 VERSION_GREATER_EQUAL BAALS_CARGO_MIN)
      set(BAALS_CARGO ${candidate} CACHE FILEPATH "cargo ${BAALS_CARGO_MIN} or newer")
      break()
    endif()
  endforeach()
  if(NOT BAALS_CARGO)
    message(FATAL_ERROR "cargo ${BAALS_CARGO_MIN} or newer is needed: run tools/bootstrap, "
                        "or set BAALS_CARGO to its path")
  endif()
endif()

# The distribution's cargo must find its own rustc, not an older one earlier in PATH.
cmake_path(GET BAALS_CARGO PARENT_PATH BAALS_CARGO_FOLDER)
set(BAALS_CARGO_RUN ${CMAKE_COMMAND} -E env --unset=CARGO_BUILD_TARGET
                    "PATH=${BAALS_CARGO_FOLDER}:$ENV{PATH}" ${BAALS_CARGO})

# wasmtime asks for a newer compiler than the rest; without one the interpreter runs contracts.
set(BAALS_WASMTIME_CARGO_MIN 1.95)
set(BAALS_HAVE_WASMTIME ${BAALS_WITH_WASMTIME})
if(BAALS_HAVE_WASMTIME)
  execute_process(COMMAND ${BAALS_CARGO} --version OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "[0-9.]+" version "${output}")
  if(version VERSION_LESS BAALS_WASMTIME_CARGO_MIN)
    message(STATUS "wasmtime: left out, it needs cargo ${BAALS_WASMTIME_CARGO_MIN}; "
                   "this is ${version}")
    set(BAALS_HAVE_WASMTIME OFF)
  endif()
endif()

set(BAALS_NATIVE_CRATE core)
set(BAALS_NATIVE_PROFILE release)
if(BAALS_HAVE_WASMTIME)
  set(BAALS_NATIVE_CRATE full)
  set(BAALS_NATIVE_PROFILE full)
  # The C headers are in the crate that implements them.
  if(NOT EXISTS "${BAALS_WASMTIME_CRATE}/include/wasmtime.h")
    execute_process(
      COMMAND ${BAALS_CARGO_RUN} metadata --quiet --locked --format-version 1
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/native
      OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCH "\"manifest_path\":\"([^\"]*/wasmtime-c-api-impl-[^\"]*)/Cargo.toml\"" found
           "${output}")
    set(BAALS_WASMTIME_CRATE "${CMAKE_MATCH_1}" CACHE PATH "The crate wasmtime-c-api-impl" FORCE)
  endif()
  set(WASMTIME_FEATURE_CRANELIFT ON)
  set(WASMTIME_FEATURE_POOLING_ALLOCATOR ON)
  configure_file(${BAALS_WASMTIME_CRATE}/include/wasmtime/conf.h.in
                 ${CMAKE_BINARY_DIR}/wasmtime/wasmtime/conf.h)
  set(BAALS_WASMTIME_INCLUDE ${CMAKE_BINARY_DIR}/wasmtime ${BAALS_WASMTIME_CRATE}/include)
  message(STATUS "wasmtime: built in, beside the interpreter")
elseif(NOT BAALS_WITH_WASMTIME)
  message(STATUS "wasmtime: left out (BAALS_WITH_WASMTIME); the interpreter runs contracts")
endif()

set(BAALS_NATIVE_LIBRARY ${CMAKE_BINARY_DIR}/native/libbl_native.a)
add_custom_command(
  OUTPUT ${BAALS_NATIVE_LIBRARY}
  COMMAND ${BAALS_CARGO_RUN} build --quiet --profile ${BAALS_NATIVE_PROFILE} --locked
          --package baals-${BAALS_NATIVE_CRATE} --target-dir ${BAALS_NATIVE_DIR}
  COMMAND ${CMAKE_COMMAND} -E copy_if_different
          ${BAALS_NATIVE_DIR}/${BAALS_NATIVE_PROFILE}/libbaals_${BAALS_NATIVE_CRATE}.a
          ${BAALS_NATIVE_LIBRARY}
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/native
  DEPENDS
    ${CMAKE_SOURCE_DIR}/native/Cargo.lock
    ${CMAKE_SOURCE_DIR}/native/Cargo.toml
    ${CMAKE_SOURCE_DIR}/native/${BAALS_NATIVE_CRATE}/Cargo.toml
    ${CMAKE_SOURCE_DIR}/native/${BAALS_NATIVE_CRATE}/src/lib.rs
    ${CMAKE_SOURCE_DIR}/native/crypto/Cargo.toml
    ${CMAKE_SOURCE_DIR}/native/crypto/src/ecdsa.rs
    ${CMAKE_SOURCE_DIR}/native/crypto/src/hash.rs
    ${CMAKE_SOURCE_DIR}/native/crypto/src/lib.rs
    ${CMAKE_SOURCE_DIR}/native/crypto/src/signature.rs
  COMMENT "Building native/ with cargo"
  VERBATIM)
add_custom_target(bl_native_build DEPENDS ${BAALS_NATIVE_LIBRARY})

add_library(bl_native STATIC IMPORTED GLOBAL)
set_target_properties(bl_native PROPERTIES IMPORTED_LOCATION ${BAALS_NATIVE_LIBRARY})
target_include_directories(bl_native INTERFACE ${CMAKE_SOURCE_DIR}/native/include)
if(BAALS_HAVE_WASMTIME)
  # What Rust's standard library needs of the system.
  target_link_libraries(bl_native INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
endif()
add_dependencies(bl_native bl_native_build)

# The tests inside the crate; what crosses to C is tested by tests/unit/crypto.
if(BAALS_WITH_TESTS)
  add_test(NAME native/crypto
           COMMAND ${BAALS_CARGO_RUN} test --quiet --locked --package baals-crypto
                   --target-dir ${BAALS_NATIVE_DIR}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/native)
  set_tests_properties(native/crypto PROPERTIES TIMEOUT 600)
endif()
