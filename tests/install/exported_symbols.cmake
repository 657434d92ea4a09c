# Compares what a shared library exports with the list that was agreed on.
# cmake -DNM=<nm> -DLIBRARY=<file> -DEXPECTED=<list> -P exported_symbols.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${NM} -DC --defined-only ${LIBRARY} OUTPUT_VARIABLE output
                COMMAND_ERROR_IS_FATAL ANY)
# "address type symbol@@version": the version itself is an absolute symbol (A).
string(REGEX REPLACE "[0-9a-f]+ A [^\n]*\n" "" output "${output}")
string(REGEX REPLACE "(^|\n)[0-9a-f ]+ [A-Za-z] " "\\1" output "${output}")
string(REGEX REPLACE "@@?[A-Za-z0-9_.]+\n" "\n" output "${output}")
# A [ or ] would change how CMake cuts a list.
string(REGEX REPLACE "\\[abi:cxx11\\]" "" output "${output}")
string(STRIP "${output}" output)
string(REPLACE "\n" ";" exported "${output}")
list(REMOVE_DUPLICATES exported)
file(STRINGS ${EXPECTED} expected)

set(findings "")
foreach(symbol IN LISTS exported)
  if(NOT symbol IN_LIST expected)
    list(APPEND findings "exported, but not in the list: ${symbol}")
  endif()
endforeach()
foreach(symbol IN LISTS expected)
  if(NOT symbol IN_LIST exported)
    list(APPEND findings "in the list, but not exported: ${symbol}")
  endif()
endforeach()
if(findings)
  list(JOIN findings "\n  " findings)
  message(FATAL_ERROR "${LIBRARY}\n  ${findings}")
endif()
list(LENGTH exported count)
message(STATUS "${count} symbols, all of them public")
