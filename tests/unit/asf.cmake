wmpush_test(unit_asf SOURCES asf/data_packet_test.cpp asf/header_test.cpp LABELS unit)
