// Running `wmpush serve`.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_directory.hpp"
#include "tool_run.hpp"

namespace wmpush::test {

/// A socket that listens on a loopback port of its own.
inline int listening_socket(std::uint16_t& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(socket, 5), 0);
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port = ntohs(address.sin_port);
  return socket;
}

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
