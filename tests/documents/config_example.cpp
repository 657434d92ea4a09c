// Writes the example of a configuration file: config_example FILE
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fstream>

#include "pubpoint/config/config.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ofstream file(argv[1], std::ios::binary);
  file << wmpush::pubpoint::config_example();
  return file.flush() ? 0 : 1;
}
