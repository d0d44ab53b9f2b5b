# Writes the C file of the command's embedded files (src/cli/kit.h), which contracts/sdk/new/files.txt
# lists:
#   cmake -DROOT=SOURCES -DOUTPUT=FILE -P BaalsKit.cmake
# Included instead of run, it only defines bl_kit_files.

# Sets `result` to the lines of the list, each "language;mode;path;source" with ',' for ';'.
function(bl_kit_files result root)
  file(STRINGS ${root}/contracts/sdk/new/files.txt lines REGEX "^[^#]")
  list(TRANSFORM lines REPLACE " +" ",")
  set(${result} ${lines} PARENT_SCOPE)
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  return()
endif()

bl_kit_files(lines ${ROOT})
set(number 0)
set(arrays "")
set(table "")
foreach(line ${lines})
  string(REPLACE "," ";" line "${line}")
  list(GET line 0 language)
  list(GET line 1 mode)
  list(GET line 2 path)
  list(GET line 3 source)
  file(READ ${ROOT}/${source} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "static const uint8_t kit_${number}[] = {${bytes}};\n")
  string(APPEND table
    "    {\"${language}\", 0${mode}, \"${path}\", kit_${number}, sizeof kit_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "/* Made by cmake/BaalsKit.cmake. */
#include \"cli/kit.h\"

${arrays}
const struct cli_kit_file cli_kit_files[] = {
${table}};
const size_t cli_kit_file_count = sizeof cli_kit_files / sizeof cli_kit_files[0];
")
