# Checks that no room of the house includes what it must not (see HACKING.md).
# cmake -DROOT=<source directory> -P layering.cmake
#
# A room is a folder; the rules say which rooms' headers its files may include. `wmpush` stands for
# the public headers. Rules for system headers follow below.

cmake_minimum_required(VERSION 3.25)

set(rooms core wmpush asf wmhttp auth tls net sink capi pubpoint)
set(may_core wmpush)
set(may_include wmpush)
set(may_asf core wmpush)
set(may_wmhttp core wmpush)
set(may_auth core wmpush)
set(may_tls core wmpush)
set(may_net core wmpush tls)
set(may_sink core wmpush asf wmhttp auth tls net)
set(may_capi core wmpush sink)
set(may_pubpoint core wmpush asf wmhttp tls net)
set(may_access core pubpoint)
set(may_config core pubpoint)
set(may_http core tls pubpoint)
set(may_push core wmhttp asf pubpoint)
set(may_picture_program pubpoint)
set(may_tool core wmpush asf tls pubpoint)
set(may_wrapper core wmpush)

set(folder_core avproto/core)
set(folder_include avproto/include/wmpush)
set(folder_asf avproto/asf)
set(folder_wmhttp avproto/wmhttp)
set(folder_auth avproto/auth)
set(folder_tls avproto/tls)
set(folder_net avproto/net)
set(folder_sink avproto/sink)
set(folder_capi avproto/capi)
set(folder_pubpoint tools/pubpoint)
set(folder_access tools/pubpoint/access)
set(folder_config tools/pubpoint/config)
set(folder_http tools/pubpoint/http)
set(folder_push tools/pubpoint/push)
set(folder_picture_program tools/picture)
set(folder_tool tools/wmpush)
set(folder_wrapper wrapper)

# The engine is the client's half of wmhttp: a publishing point that used it would share its errors.
set(forbidden_pubpoint "wmhttp/push_(engine|actions)")
# Who may do what is decided without the server: of it the clock alone is known there.
set(forbidden_access "^pubpoint/(c[^l]|[abd-z])[a-z_]*\\.hpp")

# Names are looked up as the library does it. Connections are the publishing point's own.
set(forbidden_pubpoint "${forbidden_pubpoint}|^net/[^r]")

# Connections know nothing of what is asked for on them, and who pushes nothing of who watches.
set(forbidden_http "^pubpoint/(push|pull|point|record|access|service|registry|admission)")
# What decodes knows nothing of the server but how to talk to it.
set(forbidden_picture_program "^pubpoint/([^p]|p[^i]|picture/([^p]|picture_[^m]))")
set(forbidden_push "^pubpoint/(pull|record)/|^sys/socket|^boost")

# Sockets and libav each have their places.
set(socket_headers "^(boost/asio|sys/socket\\.h|netdb\\.h|netinet/)")
set(socket_rooms tls net pubpoint http)
set(tls_headers "^openssl/(ssl|bio|x509)")
set(tls_rooms tls)
set(toml_headers "^toml\\+\\+/")
set(toml_rooms config pubpoint)
set(libav_headers "^libav[a-z]+/")
set(libav_rooms include capi wrapper picture_program)

set(breaches "")
set(count 0)
foreach(room core include asf wmhttp auth tls net sink capi pubpoint access config http push picture_program tool wrapper)
  file(GLOB_RECURSE files ${ROOT}/${folder_${room}}/*.c ${ROOT}/${folder_${room}}/*.h
       ${ROOT}/${folder_${room}}/*.cpp ${ROOT}/${folder_${room}}/*.hpp)
  foreach(file IN LISTS files)
    math(EXPR count "${count} + 1")
    file(RELATIVE_PATH name ${ROOT} ${file})
    file(STRINGS ${file} lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^[^<\"]*[<\"]([^>\"]*)[>\"].*" "\\1" included "${line}")
      if(included MATCHES "\\.\\./")
        list(APPEND breaches "${name} includes ${included}: write it from the root of the sources")
      endif()
      string(REGEX REPLACE "/.*" "" from "${included}")
      if(included MATCHES "/" AND from IN_LIST rooms AND NOT from STREQUAL room
         AND NOT from IN_LIST may_${room})
        list(JOIN may_${room} ", " allowed)
        list(APPEND breaches "${name} includes ${included}: ${room} may include only ${allowed}")
      endif()
      if(forbidden_${room} AND included MATCHES "${forbidden_${room}}")
        list(APPEND breaches "${name} includes ${included}: that is not for ${room}")
      endif()
      foreach(kind socket libav toml tls)
        if(included MATCHES "${${kind}_headers}" AND NOT room IN_LIST ${kind}_rooms)
          list(JOIN ${kind}_rooms ", " allowed)
          list(APPEND breaches "${name} includes ${included}: that is for ${allowed} only")
        endif()
      endforeach()
    endforeach()
  endforeach()
endforeach()

if(count EQUAL 0)
  message(FATAL_ERROR "No sources below ${ROOT}: nothing was checked.")
endif()
if(breaches)
  list(JOIN breaches "\n  " breaches)
  message(FATAL_ERROR "Rooms include what they must not:\n  ${breaches}")
endif()
message(STATUS "${count} files keep to their rooms")
