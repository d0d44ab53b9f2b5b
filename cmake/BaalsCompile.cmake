# Warnings, sanitizers and definitions shared by every target: link bl_compile.
add_library(bl_compile INTERFACE)
target_include_directories(bl_compile INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(bl_compile INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(bl_compile INTERFACE
  -fno-common -fvisibility=hidden
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla -Wcast-qual -Wcast-align
  -Wwrite-strings -Wpointer-arith -Wformat=2 -Wdouble-promotion -Wnull-dereference -Wswitch-enum
  -Wimplicit-fallthrough -Wredundant-decls)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(bl_compile INTERFACE
    -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init)
elseif(CMAKE_C_COMPILER_ID MATCHES "Clang")
  target_compile_options(bl_compile INTERFACE
    -Wcomma -Wassign-enum -Wconditional-uninitialized -Wunreachable-code)
endif()
if(BAALS_WERROR)
  target_compile_options(bl_compile INTERFACE -Werror)
endif()
if(BAALS_SANITIZE)
  target_compile_options(bl_compile INTERFACE
    -fsanitize=${BAALS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(bl_compile INTERFACE -fsanitize=${BAALS_SANITIZE})
endif()
if(BAALS_LIBFUZZER)
  # Coverage feedback from the code under test; the engine itself is linked into the targets only.
  target_compile_options(bl_compile INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(BAALS_COVERAGE)
  target_compile_options(bl_compile INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(bl_compile INTERFACE --coverage)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(bl_compile INTERFACE BL_ARENA_DEBUG=1)
endif()
find_package(Threads REQUIRED)
target_link_libraries(bl_compile INTERFACE Threads::Threads)
