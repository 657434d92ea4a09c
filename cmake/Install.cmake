# What `cmake --install` puts where. Another project then finds the library as wmpush::wmpush by
# find_package(wmpush), or by pkg-config as libwmpush; the adapter for libavformat programs is
# wmpush::avio, or libwmpush-avio. The programs install themselves where they are built.
include(CMakePackageConfigHelpers)

set(wmpush_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/wmpush)

set(wmpush_public_headers wmpush.h version.h push_session.hpp push_sink.hpp result.hpp)
if(TARGET wmpush-avio)
  list(APPEND wmpush_public_headers avio.h)
endif()
list(TRANSFORM wmpush_public_headers PREPEND avproto/include/wmpush/)
install(FILES ${wmpush_public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/wmpush)

set_target_properties(wmpush_static PROPERTIES EXPORT_NAME static)
install(TARGETS wmpush wmpush_static EXPORT wmpush_targets)
add_library(wmpush::wmpush ALIAS wmpush)
add_library(wmpush::static ALIAS wmpush_static)
install(EXPORT wmpush_targets NAMESPACE wmpush:: FILE wmpushTargets.cmake
        DESTINATION ${wmpush_package_dir})

# The adapter needs libavformat; a program that does not use it should not have to have that.
if(TARGET wmpush-avio)
  add_library(wmpush::avio ALIAS wmpush-avio)
  # It lies beside libwmpush and finds it there, wherever that is, in the build too: a path that is
  # to be replaced when it is installed would be padded with empty elements.
  set_target_properties(wmpush-avio PROPERTIES EXPORT_NAME avio INSTALL_RPATH "$ORIGIN"
                                               BUILD_WITH_INSTALL_RPATH ON)
  install(TARGETS wmpush-avio EXPORT wmpush_avio_targets)
  install(TARGETS wmpush-avio_static)
  install(EXPORT wmpush_avio_targets NAMESPACE wmpush:: FILE wmpushAvioTargets.cmake
          DESTINATION ${wmpush_package_dir})
endif()

configure_package_config_file(cmake/wmpushConfig.cmake.in wmpushConfig.cmake
                              INSTALL_DESTINATION ${wmpush_package_dir})
write_basic_package_version_file(wmpushConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/wmpushConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/wmpushConfigVersion.cmake
        DESTINATION ${wmpush_package_dir})

# pkg-config files that stay true when the prefix is moved: they count from where they lie.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pc_libdir /${pc_dir} /${CMAKE_INSTALL_LIBDIR})
file(RELATIVE_PATH pc_includedir /${pc_dir} /${CMAKE_INSTALL_INCLUDEDIR})
string(REGEX REPLACE "/$" "" pc_libdir "${pc_libdir}")
set(pc_requires "libssl libcrypto")
if(GSSAPI_FOUND)
  string(APPEND pc_requires " ${GSSAPI_MODULE_NAME}")
endif()
set(pc_files libwmpush)
if(TARGET wmpush-avio)
  list(APPEND pc_files libwmpush-avio)
endif()
foreach(pc IN LISTS pc_files)
  configure_file(cmake/${pc}.pc.in ${pc}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${pc}.pc
          DESTINATION ${pc_dir})
endforeach()
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
