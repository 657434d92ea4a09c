#include "asf/splitter.hpp"
