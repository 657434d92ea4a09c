# Checks that a document explains every result of the library, and none that there is not.
# cmake -DHEADER=<wmpush.h> -DDOCUMENT=<file> -P results.cmake
cmake_minimum_required(VERSION 3.25)

file(STRINGS ${HEADER} lines REGEX "^#define WMPUSH_(NS_)?E_")
list(TRANSFORM lines REPLACE "^#define WMPUSH_([A-Z_]+) .*" "\\1")
file(READ ${DOCUMENT} text)
string(REGEX MATCHALL "`(NS_)?E_[A-Z_]+`" explained "${text}")
list(TRANSFORM explained REPLACE "`" "")

foreach(result IN LISTS lines)
  if(NOT result IN_LIST explained)
    message(SEND_ERROR "${DOCUMENT} does not explain ${result}")
  endif()
endforeach()
foreach(result IN LISTS explained)
  if(NOT result IN_LIST lines)
    message(SEND_ERROR "${DOCUMENT} explains ${result}, which the library does not have")
  endif()
endforeach()
