# Gets hls.js, which plays HLS where the browser cannot do so itself, from npm's registry: the version
# that web/package-lock.json pins with its hash. Without it the page plays in fewer browsers, and says so.
# Sets HLS_JS_FILES: the script, without the name of a map that is not served, and its licence.
set(WMPUSH_HLS_JS AUTO CACHE STRING
    "hls.js for the page of wmpush serve, by npm: ON, OFF, or AUTO for when it can be had")
set_property(CACHE WMPUSH_HLS_JS PROPERTY STRINGS AUTO ON OFF)
set(HLS_JS_FILES "")

function(get_hls_js)
  set(folder ${CMAKE_BINARY_DIR}/web)
  set(package ${folder}/node_modules/hls.js)
  set(script ${folder}/hls.light.min.js)
  set(licence ${folder}/hls.js.LICENSE.txt)
  file(SHA256 ${CMAKE_SOURCE_DIR}/web/package-lock.json wanted)
  set(had "")
  if(EXISTS ${folder}/lock.sha256 AND EXISTS ${script} AND EXISTS ${licence})
    file(READ ${folder}/lock.sha256 had)
  endif()
  if(NOT had STREQUAL wanted)
    find_program(NPM_PROGRAM npm DOC "npm, which gets hls.js")
    set(why "npm is not there")
    if(NPM_PROGRAM)
      file(COPY ${CMAKE_SOURCE_DIR}/web/package.json ${CMAKE_SOURCE_DIR}/web/package-lock.json
           DESTINATION ${folder})
      execute_process(COMMAND ${NPM_PROGRAM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
                              --fetch-retries=1 --fetch-timeout=20000
                      WORKING_DIRECTORY ${folder} TIMEOUT 120 RESULT_VARIABLE result
                      OUTPUT_VARIABLE said ERROR_VARIABLE said)
      if(result EQUAL 0 AND EXISTS ${package}/dist/hls.light.min.js)
        file(READ ${package}/dist/hls.light.min.js text)
        string(REGEX REPLACE "\n//# sourceMappingURL=[^\n]*\n?$" "\n" text "${text}")
        file(WRITE ${script} "${text}")
        configure_file(${package}/LICENSE ${licence} COPYONLY)
        file(WRITE ${folder}/lock.sha256 ${wanted})
        set(had ${wanted})
      else()
        string(REGEX MATCH "[^\n]+" why "${said}")
        set(why "npm could not get it (${why})")
      endif()
    endif()
  endif()
  if(had STREQUAL wanted)
    set(HLS_JS_FILES ${script} ${licence} PARENT_SCOPE)
  elseif(WMPUSH_HLS_JS STREQUAL "AUTO")
    message(STATUS "Without hls.js, since ${why}: the page plays where the browser has HLS itself")
  else()
    message(FATAL_ERROR "hls.js is wanted by WMPUSH_HLS_JS=${WMPUSH_HLS_JS}, and ${why}")
  endif()
endfunction()

if(WMPUSH_HLS_JS)
  get_hls_js()
endif()
