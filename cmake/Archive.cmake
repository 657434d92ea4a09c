# `cpack` in the build's folder makes an archive of what is installed: for a prefix of one's own.
set(CPACK_GENERATOR TXZ)
set(CPACK_PACKAGE_FILE_NAME ${PROJECT_NAME}-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
# The head of xz has no time, as that of gzip has. The same files make the same archive, whenever that is: their times are the one that
# SOURCE_DATE_EPOCH names, or the manual's date.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/ArchiveTimes.cmake)
set(CPACK_WMPUSH_DATE ${wmpush_date})
include(CPack)
