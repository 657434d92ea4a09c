# What makes a fault in a program that reads what strangers send harder to use: a stack protector,
# checked string functions, relocations that are read-only and all there before main(), and jumps
# that only lead to where jumps may lead. Each flag only where the compiler or the linker has it.
option(WMPUSH_HARDENING "Build with stack protector, _FORTIFY_SOURCE, RELRO and BIND_NOW" ON)
if(NOT WMPUSH_HARDENING)
  return()
endif()

include(CheckCCompilerFlag)
include(CheckCXXCompilerFlag)
include(CheckLinkerFlag)

# clang only warns of a flag that the architecture has no use for: that counts as not having it.
set(CMAKE_REQUIRED_FLAGS -Werror)
foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
  string(MAKE_C_IDENTIFIER "wmpush_has${flag}" has)
  check_c_compiler_flag(${flag} ${has}_c)
  check_cxx_compiler_flag(${flag} ${has}_cxx)
  if(${has}_c AND ${has}_cxx)
    add_compile_options(${flag})
  endif()
endforeach()
unset(CMAKE_REQUIRED_FLAGS)

foreach(flag -z,relro -z,now -z,noexecstack)
  string(MAKE_C_IDENTIFIER "wmpush_has_${flag}" has)
  check_linker_flag(CXX LINKER:${flag} ${has})
  if(${has})
    add_link_options(LINKER:${flag})
  endif()
endforeach()

# It checks nothing without optimisation, and the sanitizers have checks of their own. A compiler
# may have a level of its own already, which must not be defined twice nor be lowered.
if(NOT WMPUSH_SANITIZE)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS -O1)
  check_cxx_source_compiles("
    #if !defined(_FORTIFY_SOURCE) || _FORTIFY_SOURCE < 2
    #error not by default
    #endif
    int main() {}" wmpush_fortified_by_default)
  unset(CMAKE_REQUIRED_FLAGS)
  if(NOT wmpush_fortified_by_default)
    # Other configurations may not optimise.
    set(optimised $<CONFIG:Release,RelWithDebInfo,MinSizeRel>)
    add_compile_options($<${optimised}:-U_FORTIFY_SOURCE> $<${optimised}:-D_FORTIFY_SOURCE=2>)
  endif()
endif()
