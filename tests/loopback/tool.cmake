# The wmpush command as people run it: the real program, as a child process.
if(TARGET wmpush_program)
  wmpush_test(loopback_tool
    SOURCES
      tool_check_test.cpp
      tool_doctor_test.cpp
      tool_failure_test.cpp
      tool_flood_test.cpp
      tool_once_test.cpp
      tool_playlist_test.cpp
      tool_probe_test.cpp
      tool_proxy_test.cpp
      tool_receivers_test.cpp
      tool_run.cpp
      tool_send_test.cpp
      tool_serve_test.cpp
      tool_service_test.cpp
      tool_siege_test.cpp
      tool_signal_test.cpp
      tool_tls_test.cpp
      tool_token_test.cpp
      tool_usage_test.cpp
      ${CMAKE_SOURCE_DIR}/tests/support/child_process.cpp
      ${CMAKE_SOURCE_DIR}/tests/support/endless_peer.cpp
      ${CMAKE_SOURCE_DIR}/tests/support/field_receiver.cpp
      ${CMAKE_SOURCE_DIR}/tests/support/raw_client.cpp
      ${CMAKE_SOURCE_DIR}/tests/support/raw_server.cpp
      ${CMAKE_SOURCE_DIR}/tests/support/recorded.cpp
    LIBRARIES test_faulty_server test_forward_proxy test_certificates
    LABELS loopback)
  add_dependencies(loopback_tool wmpush_program)
  target_compile_definitions(loopback_tool PRIVATE
    WMPUSH_PROGRAM="$<TARGET_FILE:wmpush_program>"
    MEDIA_SCRIPT="${CMAKE_SOURCE_DIR}/tools/media.sh"
    MEDIA_DIRECTORY="${CMAKE_BINARY_DIR}/media")
endif()
