# Pages of the manual. What is installed is in ${wmpush_manual_dir}, in a folder for each section.
set(wmpush_manual_dir ${CMAKE_BINARY_DIR}/manual)

# A page that was written by hand, with @version@ and @date@ filled in.
function(wmpush_manual_page page)
  set(version ${PROJECT_VERSION})
  set(date ${wmpush_date})
  get_filename_component(name ${page} NAME)
  string(REGEX MATCH "[0-9]$" section ${page})
  configure_file(${page} ${wmpush_manual_dir}/man${section}/${name} @ONLY)
  install(FILES ${wmpush_manual_dir}/man${section}/${name}
          DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endfunction()
