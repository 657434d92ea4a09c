if(TARGET wmpush_command)
  wmpush_test(unit_tool SOURCES tool_access_log_test.cpp tool_arguments_test.cpp tool_line_writer_test.cpp tool_manual_test.cpp
                             tool_probe_advice_test.cpp tool_program_run_test.cpp tool_schedule_test.cpp tool_silent_stream_test.cpp
                             tool_text_test.cpp
              LIBRARIES wmpush_manual LABELS unit)
endif()
