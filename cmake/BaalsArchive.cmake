# Merges the modules' objects and the Rust library into one object with only the public symbols left
# global, and puts that into an archive. So libbaals.a links beside anything, another Rust library
# of another compiler included; liblmdb stays a dependency.
#
# cmake -D OUTPUT= FOLDER= NATIVE= LD= OBJCOPY= NM= AR= -P BaalsArchive.cmake
# FOLDER/objects.txt lists the modules' objects.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(merged ${FOLDER}/baals.o)
set(symbols_file ${FOLDER}/symbols.txt)

# The public functions that exist; tools/symbol-check compares them with include/.
file(STRINGS ${FOLDER}/objects.txt objects)
execute_process(COMMAND ${NM} --extern-only --defined-only --format=posix ${objects}
                OUTPUT_VARIABLE names COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "(^|\n)baals_[a-z0-9_]+ " symbols "${names}")
list(TRANSFORM symbols STRIP)
list(SORT symbols)
list(JOIN symbols "\n" text)
file(WRITE ${symbols_file} "${text}\n")

set(roots)
foreach(symbol ${symbols})
  list(APPEND roots -u ${symbol})
endforeach()
run(${LD} -r --gc-sections --force-group-allocation ${roots} -o ${merged}
    @${FOLDER}/objects.txt ${NATIVE})
# Rust's objects carry bitcode that binutils' LLVM plugin may be too old to read: it goes before any
# other tool looks at the object.
run(${OBJCOPY} --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd ${merged})
run(${OBJCOPY} --keep-global-symbols=${symbols_file} ${merged})
file(REMOVE ${OUTPUT})
run(${AR} rcs ${OUTPUT} ${merged})
