#include "asf/header.hpp"
