// A publishing point that does something wrong, on purpose, where and how it was told to.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "pubpoint/server.hpp"

namespace wmpush::test {

/// Where in the conversation a fault strikes.
enum class At {
  Connect,    ///< the TCP connection was accepted
  PushSetup,  ///< a PushSetup was read whole
  PushStart,  ///< the head of a PushStart was read
  Header,     ///< $H was read
  Packet,     ///< the `packet`-th $D (from 1) was read
  End         ///< the $E that ends the stream was read
};

/// What the server does wrong there, instead of what it should do.
enum class Do {
  Respond,  ///< sends `response` as it stands (or the status `status` when it is empty), closes
            ///< unless `keep` is set
  Close,    ///< closes the connection (FIN)
  Reset,    ///< closes the connection with a RST
  Stall,    ///< reads and says nothing more, and keeps the connection
  Silence,  ///< goes on reading but never answers
  Delay     ///< waits for `delay`, then goes on as if nothing were
};

struct Fault {
  At at = At::PushSetup;
  Do what = Do::Respond;
  int status = 500;
  std::string response{};  ///< raw bytes
  bool keep = false;
  std::uint64_t packet = 1;
  std::chrono::milliseconds delay{0};
  std::uint64_t times = 1;  ///< how often it strikes before it is spent; 0 = always
};

/// What a server always does, and others do not.
struct ServerHabits {
  bool send_push_id = true;  ///< false: no Set-Cookie, as some relays do: a PushStart finds its
                             ///< session by its connection
  bool answer_end = false;   ///< true: a 204 before the close that follows the end of the stream
};

class FaultPlan;

/// The server of the product, with someone between each connection and who serves it.
class FaultyServer : public pubpoint::Server {
 public:
  explicit FaultyServer(pubpoint::Settings settings, ServerHabits habits = {});

  /// From any thread; it strikes from now on.
  void add_fault(Fault fault);

 private:
  FaultyServer(pubpoint::Settings settings, ServerHabits habits, std::shared_ptr<FaultPlan> plan);

  const std::shared_ptr<FaultPlan> plan_;
};

}  // namespace wmpush::test
