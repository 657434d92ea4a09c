#include "asf/data_packet.hpp"
