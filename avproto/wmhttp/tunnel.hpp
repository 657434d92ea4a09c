// A proxy is asked for a tunnel to a server of TLS (CONNECT: RFC 9110, 9.3.6), without any I/O.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "wmhttp/authenticator.hpp"
#include "wmhttp/exchange.hpp"
#include "wmhttp/question.hpp"
#include "wmhttp/url.hpp"
#include "wmpush/result.hpp"

namespace wmpush::wmhttp {

/// What it says in its errors is NS_E_PROXY_ACCESSDENIED, where the proxy does not let us through,
/// NS_E_PUSH_CANNOTCONNECT, where it cannot, and E_OUTOFMEMORY.
class Tunnel {
 public:
  enum class Want {
    Connect,  ///< a connection to the proxy, a new one where there is one
    Send,     ///< outgoing() is to be sent
    Receive,  ///< what comes is to be handed in
    Consult,  ///< question() is to be asked, in any thread, and then answered() to be called
    Nothing   ///< the tunnel is there: what the connection carries now is the server's
  };

  /// `proxy`: for people, "proxy HOST:PORT". `authenticator`: answers its 407; borrowed, null:
  /// nobody does.
  Tunnel(const Destination& server, std::string proxy, std::string user_agent,
         Authenticator* authenticator);

  Want wants() const { return want_; }
  Bytes outgoing() const { return as_bytes(request_).subspan(sent_); }

  Error connected();
  void sent(std::size_t count);
  Error received(Bytes bytes);
  /// The proxy has closed the connection, or it is lost: `why`, empty where nothing is known.
  Error lost(const std::string& why);
  const std::shared_ptr<Question>& question() const { return question_; }
  Error answered();

  /// What the log is to hear, since the last call.
  std::vector<Authenticator::Note> take_notes() { return std::exchange(notes_, {}); }

 private:
  Error prepare();
  void request();
  Error challenged();
  Error refused(Result result, const std::string& why) const;
  Error refusal_of_response() const;
  void note(std::string text);

  const std::string server_;  // host and port
  const std::string proxy_;
  const std::string user_agent_;
  Authenticator* const authenticator_;
  Want want_ = Want::Connect;
  Exchange exchange_;
  std::string says_;      // the authenticator, of the last request
  int rounds_ = 0;        // challenges that were answered
  bool repeats_ = false;  // the next request says the same once more
  std::string request_;
  std::size_t sent_ = 0;
  bool connection_kept_ = false;   // behind a challenge
  bool behind_challenge_ = false;  // the last request answers one on the same connection
  std::shared_ptr<Question> question_;
  std::vector<Authenticator::Note> notes_;
};

}  // namespace wmpush::wmhttp
