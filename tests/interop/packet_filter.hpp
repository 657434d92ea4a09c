// What goes wrong between a client and a server: packets are lost, connections reset.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

namespace wmpush::test {

/// The packet filter (nft) of this process's network namespace, for the connections of one server.
/// Its functions may be called from one thread at a time. They throw std::runtime_error with what
/// nft or ss said.
class PacketFilter {
 public:
  /// The Debian package that is missing; empty when all is there.
  static std::string missing();

  explicit PacketFilter(std::uint16_t server_port);
  ~PacketFilter();
  PacketFilter(const PacketFilter&) = delete;
  PacketFilter& operator=(const PacketFilter&) = delete;

  /// Every packet of a client is answered with a reset, and does not reach the server, which
  /// learns nothing of it.
  void reset_clients();
  /// Nothing of a client reaches the server any more.
  void drop_to_server();
  /// Nothing goes either way.
  void drop_all();
  /// Everything passes again.
  void heal();

  /// Destroys every connection of the server's, on both sides, as `ss -K` does.
  void kill_connections();

 private:
  void rule(const std::string& text);

  const std::string port_;
};

}  // namespace wmpush::test
