# The warnings of a development build. Boost is a system include: its own are not ours.
#
# They are errors with the compilers that CI builds with, and with no other: a newer compiler that
# knows more warnings is no reason not to build. At -O3 gcc 12 warns of its own std::string, so that
# there they are no errors either.
set(wmpush_ci_compilers GNU-12 GNU-14 Clang-14)

add_library(wmpush_warnings INTERFACE)
if(WMPUSH_DEVELOPER)
  target_compile_options(wmpush_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow)
  string(REGEX MATCH "^[0-9]+" compiler_major "${CMAKE_CXX_COMPILER_VERSION}")
  if("${CMAKE_CXX_COMPILER_ID}-${compiler_major}" IN_LIST wmpush_ci_compilers)
    target_compile_options(wmpush_warnings INTERFACE $<$<NOT:$<CONFIG:Release>>:-Werror>)
  endif()
endif()
