# Compares a generated part of a document, which stands between two marks, with what a program
# prints now.
# cmake -DDOCUMENT=<file> -DMARK=<text> -DPROGRAM=<program> -DARGUMENT=<its argument>
#       [-DUPDATE=ON] -P generated.cmake
#
# With UPDATE the part is written instead. The marks are a line that contains "begin MARK" and one
# that contains "end MARK".
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${PROGRAM} ${ARGUMENT} OUTPUT_VARIABLE wanted COMMAND_ERROR_IS_FATAL ANY)
file(READ ${DOCUMENT} text)
string(FIND "${text}" "begin ${MARK}" begin)
string(FIND "${text}" "end ${MARK}" end)
if(begin LESS 0 OR end LESS begin)
  message(FATAL_ERROR "${DOCUMENT} has no part between 'begin ${MARK}' and 'end ${MARK}'")
endif()
# From the line behind the first mark to the line of the second.
string(SUBSTRING "${text}" ${begin} -1 rest)
string(FIND "${rest}" "\n" line)
math(EXPR begin "${begin} + ${line} + 1")
string(SUBSTRING "${text}" 0 ${end} before_end)
string(FIND "${before_end}" "\n" line REVERSE)
math(EXPR end "${line} + 1")
math(EXPR length "${end} - ${begin}")
string(SUBSTRING "${text}" ${begin} ${length} found)
if(found STREQUAL wanted)
  return()
endif()
if(UPDATE)
  string(SUBSTRING "${text}" 0 ${begin} head)
  string(SUBSTRING "${text}" ${end} -1 tail)
  file(WRITE ${DOCUMENT} "${head}${wanted}${tail}")
  message(STATUS "${DOCUMENT}: wrote ${MARK}")
  return()
endif()
message(FATAL_ERROR "${DOCUMENT}, ${MARK}: it says\n${found}\nand should say\n${wanted}\n"
                    "Build the target update_documents to write it.")
