# The publishing point's rooms that need no socket.
if(TARGET wmpush_pubpoint)
  wmpush_test(unit_access SOURCES pubpoint/access_test.cpp pubpoint/address_list_test.cpp pubpoint/gatekeeper_test.cpp
                                  pubpoint/throttle_test.cpp pubpoint/token_test.cpp pubpoint/users_test.cpp
              LIBRARIES wmpush_pubpoint LABELS unit)
  wmpush_test(unit_point SOURCES pubpoint/key_frame_test.cpp pubpoint/pulled_frames_test.cpp pubpoint/ring_test.cpp LIBRARIES wmpush_pubpoint LABELS unit)
  wmpush_test(unit_hls SOURCES pubpoint/playlist_test.cpp LIBRARIES wmpush_pubpoint LABELS unit)
  wmpush_test(unit_page SOURCES pubpoint/admin_page_test.cpp pubpoint/event_stream_test.cpp pubpoint/history_test.cpp pubpoint/html_test.cpp
                                pubpoint/page_test.cpp LIBRARIES wmpush_pubpoint LABELS unit)
  wmpush_test(unit_config SOURCES pubpoint/config_test.cpp pubpoint/hook_call_test.cpp pubpoint/point_path_test.cpp
                                  pubpoint/push_rules_test.cpp
              LIBRARIES wmpush_pubpoint LABELS unit)
  target_compile_definitions(unit_config PRIVATE CONFIG_EXAMPLE="${CMAKE_SOURCE_DIR}/tools/wmpush.toml.example"
                                                 RULES="${CMAKE_SOURCE_DIR}/tests/conformance/rules.txt")
endif()
