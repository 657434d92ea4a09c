// Running `wmpush serve`.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_directory.hpp"
#include "tool_run.hpp"

namespace wmpush::test {

/// A folder, and how `wmpush serve` is spoken to.
class ServeTest : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& name) const { return folder.path() / name; }

  /// The first URL that the program prints.
  static std::string url_of(ChildProcess& serve) {
    EXPECT_TRUE(serve.wait_for_output("\n")) << serve.error_text();
    return serve.output().substr(0, serve.output().find('\n'));
  }
  static std::uint16_t port_of(const std::string& url) {
    return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }
  static void stop(ChildProcess& serve) {
    serve.signal(SIGINT);
    EXPECT_EQ(serve.wait(), 0) << serve.error_text();
  }
  std::string film() const {
    const auto path = file("film.asf");
    if (!std::filesystem::exists(path)) std::ofstream(path, std::ios::binary) << clip();
    return path.string();
  }

  TemporaryDirectory folder;
};

}  // namespace wmpush::test
