wmpush_test(unit_asf SOURCES asf/data_packet_test.cpp asf/header_test.cpp asf/header_trim_test.cpp asf/packet_edit_test.cpp asf/splitter_test.cpp
                             asf/unfinished_header_test.cpp
                             ../support/allocation_counter.cpp LABELS unit)
