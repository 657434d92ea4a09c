# Gives all files of an archive that CPack is about to write the same time.
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  set(time "@$ENV{SOURCE_DATE_EPOCH}")
else()
  set(time "${CPACK_WMPUSH_DATE} UTC")
endif()
execute_process(COMMAND find ${CPACK_TEMPORARY_DIRECTORY} -depth -exec touch --no-dereference --date ${time} {} +
                COMMAND_ERROR_IS_FATAL ANY)
