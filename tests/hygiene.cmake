# Checks what a reader of the repository should never meet: paths of someone's machine, names that
# say nothing, leftovers of a merge. It looks at what git tracks, and at nothing that only lies
# in the tree, such as a log; without git there is nothing to tell these apart by.
# cmake -DROOT=<source directory> -P hygiene.cmake

cmake_minimum_required(VERSION 3.25)
find_program(GIT git)
if(GIT)
  # The tree may belong to another user than the one who runs this.
  execute_process(COMMAND ${GIT} -c safe.directory=* -c core.quotePath=off ls-files
                  WORKING_DIRECTORY ${ROOT} OUTPUT_VARIABLE files RESULT_VARIABLE status ERROR_QUIET)
endif()
if(NOT GIT OR NOT status EQUAL 0)
  message(STATUS "[  SKIPPED ] this is no git checkout")
  return()
endif()
string(REPLACE "\n" ";" files "${files}")
list(FILTER files EXCLUDE REGEX "^$|\\.(png|mp4|asf|wmv)$|/fuzz/corpus/")

# The brackets keep these expressions from matching themselves.
set(machine_paths "(^|[^A-Za-z0-9_.}~-])/([w]ork|[r]oot|[h]ome/[a-z]|[U]sers/[A-Za-z]|[t]mp/([a-vx-z]|w[a-ln-z]))")
set(merge_marks "^(<<<<<<[<] |>>>>>>[>] |======[=]$)")
set(empty_names "^(util|utils|utility|common|helper|helpers|misc|manager)$")

set(findings "")
set(count 0)
foreach(file IN LISTS files)
  if(NOT EXISTS ${ROOT}/${file})
    continue()
  endif()
  math(EXPR count "${count} + 1")
  string(TOLOWER "${file}" parts)
  string(REGEX REPLACE "[/._-]" ";" parts "${parts}")
  foreach(part IN LISTS parts)
    if(part MATCHES "${empty_names}")
      list(APPEND findings "${file}: a name should say what is in it, '${part}' does not")
    endif()
  endforeach()
  file(STRINGS ${ROOT}/${file} lines REGEX "${machine_paths}|${merge_marks}")
  foreach(line IN LISTS lines)
    list(APPEND findings "${file}: ${line}")
  endforeach()
endforeach()

if(count LESS 20)
  message(FATAL_ERROR "Only ${count} files below ${ROOT}: this is not the repository.")
endif()
if(findings)
  list(JOIN findings "\n  " findings)
  message(FATAL_ERROR "Not fit for a reader:\n  ${findings}")
endif()
message(STATUS "${count} files are fit for a reader")
