// A program, a peer and a clock that do whatever the input says, around the whole engine with its
// authenticators. What must hold all the same:
//
//   - the end is S_OK only when the $E left whole, and nobody objected
//   - what goes out is requests and frames, by a reader of this file's own
//   - no deadline is passed, and none moves by itself
//   - what is queued, noted and kept has a bound
//
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>
#include <charconv>
#include <limits>
#include <memory>
#include <string>

#include "auth/scheme_negotiation.hpp"
#include "fuzz/target.hpp"
#include "sink/credentials.hpp"
#include "wmhttp/push_engine.hpp"

namespace wmpush::fuzz {
namespace {

using wmhttp::Delivery;
using wmhttp::PushEngine;
using wmhttp::Time;
using State = PushEngine::State;
using Want = PushEngine::Want;
using namespace std::chrono_literals;

constexpr std::string_view kServer = "Server: Cougar/9.6.7600.16564\r\n";
constexpr std::size_t kPacketSize = 200;
/// Everything that is kept for one connection, and what is under way.
constexpr std::size_t kMostQueued = 64 * 1024 * 1024;
constexpr int kMostSteps = 250;

/// Reads one connection of what the engine sends: heads, and the frames of the bodies. Independent
/// of the library: numbers by hand, names by hand.
class WireReader {
 public:
  void begin() { *this = WireReader{}; }

  void take(std::string_view bytes) {
    text_ += bytes;
    rest_ = text_;
    while (step()) {
    }
    text_.erase(0, text_.size() - rest_.size());
    require(text_.size() < 128 * 1024, "a frame or a head is complete some time");
  }

  /// An $E that ends the stream has left whole.
  bool ended() const { return ended_; }
  /// Packets that have left whole.
  std::size_t packets() const { return packets_; }

 private:
  bool step() {
    if (left_ == 0) return read_head();
    return read_frame();
  }

  bool read_head() {
    const std::size_t end = rest_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::string_view head = rest_.substr(0, end + 2);
    rest_.remove_prefix(end + 4);
    require(head.starts_with("POST ") && head.find(" HTTP/1.1\r\n") != std::string::npos,
            "a request begins with its line");
    require(head.find("\r\nUser-Agent: WMEncoder/") != std::string::npos, "a request has C03");
    require(head.find("\r\nCookie: push-id=") != std::string::npos, "a request has C04");
    for (std::size_t i = 0; i < head.size(); ++i)
      require(head[i] != '\n' || (i > 0 && head[i - 1] == '\r'), "a field is one line");
    setup_ = head.find("x-wms-pushsetup") != std::string::npos;
    if (setup_) in_entry_ = between_ = false;  // a new session
    require(setup_ != (head.find("x-wms-pushstart") != std::string::npos), "a request has a type");
    constexpr std::string_view key = "\r\nContent-Length: ";
    const std::size_t at = head.find(key);
    require(at != std::string::npos && head.find(key, at + 1) == std::string::npos,
            "a request has one length");
    const char* const first = head.data() + at + key.size();
    require(std::from_chars(first, head.data() + head.size(), left_).ec == std::errc(),
            "a length is a number");
    require(left_ <= 2147483647, "a length is within C09");
    require(!ended_, "nothing follows the end on its connection");
    return true;
  }

  bool read_frame() {
    if (setup_) {
      const std::size_t size = std::min<std::size_t>(rest_.size(), left_);
      rest_.remove_prefix(size);
      left_ -= size;
      return size > 0;
    }
    if (rest_.size() < 4) return false;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(rest_[at]); };
    require(rest_[0] == '$', "a frame begins with its mark");
    const char id = rest_[1];
    const std::size_t length = byte(2) + 256u * byte(3);
    const bool reason = id == 'E' || id == 'C';
    const std::size_t size = 4 + length;
    require(size <= left_, "a frame lies within its body");
    if (rest_.size() < size) return false;
    require(!reason || length >= 4, "a reason is counted");
    switch (id) {
      case 'H':
        require(first_ || !in_entry_, "an $H comes first");
        in_entry_ = true;
        break;
      case 'C':
        require(first_ || between_, "a $C comes behind an $E(1)");
        in_entry_ = true;
        between_ = false;
        break;
      case 'D':
        require(length > 0 && length <= kPacketSize, "a packet is as declared");
        require(first_ || (in_entry_ && !between_), "a packet comes behind its header");
        in_entry_ = true;
        ++packets_;
        break;
      case 'E':
        require(length == 4, "an $E has its reason alone");
        (byte(4) == 1 && byte(5) == 0 && byte(6) == 0 && byte(7) == 0 ? between_ : ended_) = true;
        break;
      case 'F':
        for (std::size_t i = 4; i < size; ++i) require(rest_[i] == 0, "a filler is zeros");
        break;
      default:
        require(false, "a frame is one of five");
    }
    // Behind the end of the stream there is none.
    require(ended_ || left_ - size == 0 || left_ - size >= 4, "what is left has room for a frame");
    first_ = first_ && id == 'F';
    rest_.remove_prefix(size);
    left_ -= size;
    return true;
  }

  std::string text_;       // what is not complete
  std::string_view rest_;  // of it, while it is being read
  std::size_t left_ = 0;   // of the body
  bool setup_ = false;
  bool first_ = true;  // frame of the connection: a session goes on where the last one was lost
  bool in_entry_ = false;
  bool between_ = false;
  bool ended_ = false;
  std::size_t packets_ = 0;
};

const std::vector<std::string>& answers() {
  static const std::vector<std::string> kAnswers = [] {
    const std::string accepted = "HTTP/1.1 204 No Content\r\n" + std::string(kServer);
    const auto status = [](const char* text, const std::string& fields = {}) {
      return "HTTP/1.1 " + std::string(text) + "\r\n" + std::string(kServer) +
             "Content-Length: 0\r\n" + fields + "\r\n";
    };
    return std::vector<std::string>{
        accepted + "Set-Cookie: push-id=41\r\nPragma: no-cache, timeout=6000\r\n\r\n",
        accepted + "Content-Length: 0\r\n\r\n",
        accepted + "Connection: close\r\n\r\n",
        accepted + "Set-Cookie: push-id=42\r\nSet-Cookie: a=b\r\nVia: 1.1 p\r\n\r\n",
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 100 Continue\r\n\r\n",
        status("302 Found", "Location: http://other/there\r\n"),
        status("301 Moved", "Location: /elsewhere\r\n"),
        status("305 Use Proxy", "Location: http://proxy:3128/\r\n"),
        status("401 Unauthorized", "WWW-Authenticate: Basic realm=\"r\"\r\n"),
        status("401 Unauthorized",
               "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"),
        status("401 Unauthorized",
               "WWW-Authenticate: Digest realm=\"r\", nonce=\"m\", stale=true\r\n"),
        status("407 Proxy", "Proxy-Authenticate: Basic realm=\"p\"\r\nConnection: close\r\n"),
        status("407 Proxy", "Proxy-Authenticate: Digest realm=\"p\", nonce=\"o\"\r\n"),
        status("400 Bad Request"),
        status("404 Not Found"),
        status("408 Request Timeout", "Connection: close\r\n"),
        status("409 Conflict"),
        status("410 Gone"),
        "HTTP/1.1 502 Bad Gateway\r\nServer: haproxy\r\n\r\n",
        status("503 Busy"),
        "SSH-2.0-OpenSSH\r\n",
    };
  }();
  return kAnswers;
}

/// Three rounds on one connection, as NTLM has.
class Rounds : public auth::Mechanism {
 public:
  Step take(std::span<const auth::Challenge>, std::string&) override {
    if (++round_ > 2) return Step::Refused;
    return Step::Ready;
  }
  bool unprepared() const override { return round_ == 3 && !is_prepared_; }
  void prepare() override { is_prepared_ = true; }
  std::string authorization(const auth::RequestLine&) override {
    is_prepared_ = false;
    return round_ > 2 ? std::string() : "Negotiate round" + std::to_string(round_);
  }
  bool incomplete() const override { return round_ == 1; }
  void accepted() override { round_ = 3; }

 private:
  int round_ = 0;
  bool is_prepared_ = false;
};

std::unique_ptr<auth::Mechanism> make_mechanism(auth::Scheme scheme,
                                                const auth::Credentials& credentials) {
  if (scheme == auth::Scheme::Negotiate) return std::make_unique<Rounds>();
  return auth::make_mechanism(scheme, credentials);
}

class Conversation {
 public:
  explicit Conversation(Bytes script) : script_(script) {
    const unsigned how = script_.u8();
    wmhttp::EngineConfig config;
    config.target = "/live";
    config.server = {"server", 80};
    config.user_agent = std::string(wmhttp::kEncoderToken) + " fuzz";
    config.strict_server = (how & 1) == 0;
    config.reconnect = (how & 2) != 0;
    if ((how & 4) != 0) config.content_length = 1500;
    if ((how & 8) != 0) config.proxy = wmhttp::Destination{"proxy", 3128};
    config.allow_305 = (how & 16) != 0;
    if ((how & 32) != 0) config.setup_body = "Template-URL: \"/t\"\r\nAutoDestroy: 1\r\n";
    config.response_timeout = 15s;
    config.send_timeout = 10s;
    config.end_timeout = 5s;
    config.rollover_timeout = 10s;
    config.reconnect_delay_max = 30s;
    if ((how & 64) != 0) {
      server_ = authenticator("server");
      proxy_ = authenticator("proxy");
      config.server_authenticator = server_.get();
      config.proxy_authenticator = proxy_.get();
    }
    engine_ = std::make_unique<PushEngine>(std::move(config));
  }

  void run() {
    for (int i = 0; i < kMostSteps && script_.remaining() > 0; ++i) {
      objected_ = false;
      step(script_.u8());
      check();
    }
    finish();
  }

 private:
  static std::unique_ptr<SessionAuthenticator> authenticator(const std::string& host) {
    return std::make_unique<SessionAuthenticator>(
        auth::SchemeNegotiation(
            {host, "user", "password"}, std::nullopt,
            {auth::Scheme::Negotiate, auth::Scheme::Digest, auth::Scheme::Basic}, make_mechanism),
        host);
  }

  void step(unsigned operation) {
    PushEngine& engine = *engine_;
    const unsigned argument = operation >> 4;
    switch (operation & 15) {
      case 0:
      case 1:
        return go_on(argument);
      case 2:
      case 3:
        return serve_wish();
      case 4:
        return send(1 + argument * 7);
      case 5:
      case 6:
        return answer(answers()[script_.u8() % answers().size()], argument);
      case 7:
        free_text_ = true;
        return answer(std::string(as_text(
                          script_.bytes(std::min<std::size_t>(argument * 4, script_.remaining())))),
                      0);
      case 8:
        return pass(engine.deadline());
      case 9:
        return pass(now_ + std::chrono::milliseconds(1 << argument));
      case 10:
        if (connected_) {
          connected_ = false;
          engine.peer_closed(now_, delivery(argument));
        }
        return;
      case 11:
        if (connected_) {
          connected_ = false;
          engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, 104, "reset"}, now_,
                                 delivery(argument));
          objected_ = true;
        }
        return;
      case 12:
        if (engine.wants() == Want::Connect)
          engine.connect_failed({Result::NS_E_PUSH_CANNOTCONNECT, 0, 111, "refused"}, now_);
        return;
      case 13:
        return engine.delivered(delivery(argument));
      case 14:
        return header();
      default:
        if (argument < 2) {
          hung_up_ = true;
          static_cast<void>(engine.disconnect());
        } else if (argument < 4) {
          engine.abandon({Result::NS_E_SHUTDOWN, 0, 0, "interrupted"}, delivery(argument));
        } else if (argument < 6) {
          end();
        } else if (engine.wants() == Want::Connect) {
          engine.take_route(engine.proxy(), server_.get(), proxy_.get());
        }
    }
  }

  /// What a program does next that pushes a stream.
  void go_on(unsigned argument) {
    PushEngine& engine = *engine_;
    if (engine.state() == State::Idle) return static_cast<void>(engine.start(now_));
    if (!engine.idle() && argument < 8) return serve_wish();
    if (engine.state() == State::Ready) return header();
    if (argument == 15) return end();
    // A packet is lent until the engine is idle: it lives in this object, in two parts.
    packet_.assign(kPacketSize - argument, std::byte{'d'});
    const Bytes packet(packet_);
    static_cast<void>(engine.packet(packet.first(11), packet.subspan(11), now_));
  }

  void header() {
    header_.assign(script_.u8() + 100u, std::byte{'h'});
    static_cast<void>(engine_->header(header_, {kPacketSize, 1'000'000}, now_));
    header_.assign(header_.size(), std::byte{'?'});  // it was copied
  }

  void end() { static_cast<void>(engine_->end(0, now_)); }

  /// As the owner of an engine does.
  void serve_wish() {
    PushEngine& engine = *engine_;
    switch (engine.wants()) {
      case Want::Connect:
        connected_ = true;
        wire_.begin();
        on_connection_ = 0;
        free_text_ = false;
        return engine.connected(now_);
      case Want::Send:
        return send(std::numeric_limits<std::size_t>::max());
      case Want::Close:
        connected_ = false;
        return engine.closed();
      case Want::Wait:
        connected_ = false;
        return;
      case Want::Consult: {
        const std::shared_ptr<wmhttp::Question> question = engine.question();
        require(question != nullptr, "who is to be asked is asked something");
        question->ask();
        return engine.answered(now_);
      }
      case Want::Receive:
      case Want::Nothing:
        break;
    }
  }

  void send(std::size_t most) {
    if (!connected_ || engine_->wants() != Want::Send) return;
    std::string sent;
    for (const Bytes part : engine_->outgoing()) {
      sent += as_text(part.first(std::min(part.size(), most - sent.size())));
      if (sent.size() == most) break;
    }
    wire_.take(sent);
    on_connection_ += sent.size();
    engine_->sent(sent.size(), now_);
  }

  void answer(std::string text, unsigned cut) {
    if (!connected_) return;
    // Whoever says anything but success objects; a proxy that was left waiting says 400 or 502.
    // What free text makes of an answer cannot be told.
    const std::string_view status = std::string_view(text).substr(0, 12);
    objected_ = !free_text_ && !status.starts_with("HTTP/1.1 1") &&
                !status.starts_with("HTTP/1.1 2") && status != "HTTP/1.1 400" &&
                status != "HTTP/1.1 502";
    const std::string_view all(text);
    const std::size_t first = cut == 0 ? all.size() : all.size() * cut / 16;
    engine_->received(as_bytes(all.substr(0, first)), now_, delivery(cut));
    // What is left of it is of a connection that may have been given up.
    if (connected_ && engine_->connected_now() && first < all.size())
      engine_->received(as_bytes(all.substr(first)), now_, delivery(cut));
  }

  void pass(Time to) {
    if (to == Time::max() || to < now_) to = now_;
    now_ = to;
    const Time deadline = engine_->deadline();
    const State before = engine_->state();
    engine_->tick(now_, delivery(0));
    if (now_ < deadline) {
      require(engine_->state() == before, "nothing happens before its time");
    } else {
      require(engine_->deadline() > now_ || engine_->state() != before,
              "a deadline that is reached is acted upon");
    }
  }

  /// How much of what was sent is confirmed.
  Delivery delivery(unsigned argument) const {
    Delivery delivery;
    delivery.unacknowledged = static_cast<std::size_t>(on_connection_ * (argument & 3) / 3);
    delivery.unread = (argument & 4) != 0 ? 0 : std::numeric_limits<std::size_t>::max();
    return delivery;
  }

  void check() {
    PushEngine& engine = *engine_;
    std::size_t queued = 0;
    for (const Bytes part : engine.outgoing()) {
      // Touched, so that what was lent and is gone shows; all of it would take most of the time.
      const unsigned ends =
          static_cast<unsigned>(part.front()) + static_cast<unsigned>(part.back());
      require(ends <= 2 * 255, "what is lent can be read");
      queued += part.size();
    }
    require(queued <= kMostQueued, "what is queued has a bound");
    require((engine.wants() == Want::Send) <= (queued > 0), "who wants to send has something");
    const auto notes = engine.take_notes();
    require(notes.size() <= 2 * wmhttp::kMaxResponses + 16, "the notes of a step have a bound");
    require(engine.push_id().size() <= wmhttp::kMaxPushId, "a push-id has a bound");
    require(!engine.collapsed(), "nothing throws");
    if (engine.wants() != Want::Connect && !engine.connected_now()) connected_ = false;

    const State state = engine.state();
    if (state == State::Failed) require(engine.error().message.size() > 3, "a failure is told");
    if (state == State::Ended && last_ == State::Ending && !hung_up_) {
      require(wire_.ended(), "the end is S_OK only when the $E left whole");
      require(!objected_, "the end is S_OK only when nobody objects");
    }
    last_ = state;
  }

  /// However it was left, a session that is served comes to an end within its deadlines.
  void finish() {
    objected_ = false;
    for (int i = 0; i < 200; ++i) {
      end();
      check();
      const Want want = engine_->wants();
      if (want == Want::Nothing) break;
      if (want == Want::Connect || want == Want::Close || want == Want::Consult) {
        serve_wish();
        continue;
      }
      const Time deadline = engine_->deadline();
      require(deadline != Time::max(), "whoever waits has a deadline");
      require(deadline <= now_ + 2h, "a deadline is near");
      pass(std::max(deadline, now_));
      check();
    }
    check();
  }

  ByteReader script_;
  std::unique_ptr<SessionAuthenticator> server_, proxy_;
  std::unique_ptr<PushEngine> engine_;
  Time now_{std::chrono::hours(1)};
  WireReader wire_;
  bool connected_ = false;
  bool objected_ = false;  // the peer, in this step
  bool free_text_ = false;
  bool hung_up_ = false;
  std::uint64_t on_connection_ = 0;
  State last_ = State::Idle;
  std::vector<std::byte> packet_, header_;
};

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  // A script: 0x00 goes on, 0x02 does what is wanted, 0x05 N has the N-th answer come.
  const std::string begin("\x00\x02\x02\x05\x00\x00\x10\x02\x00\x02\x00\x02\x00\x02", 14);
  const std::string end("\x4F\x02\x02", 3);
  std::vector<std::vector<std::byte>> seeds;
  const auto add = [&](char how, const std::string& script) {
    const std::string text = std::string(1, how) + script;
    const Bytes bytes = as_bytes(text);
    seeds.emplace_back(bytes.begin(), bytes.end());
  };
  const auto text = [](std::initializer_list<int> bytes) {
    std::string all;
    for (const int byte : bytes) all += static_cast<char>(byte);
    return all;
  };
  add(0, begin + end + text({0x05, 1, 0x02}));
  add(4, begin + text({0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 5, 1, 2, 0, 2, 0, 2}) + end + text({10, 2}));
  add(2, begin + text({0x0B, 8, 2, 2, 5, 0, 0, 2, 0, 2}) + end + text({8}));
  add(2, begin + text({0x0A, 8, 2, 2, 5, 14, 8, 2, 2, 5, 0, 2, 0, 2}) + end + text({0x1A}));
  add(64,
      text({0, 2, 2, 5, 10, 2, 2, 5, 0, 0, 16, 2, 0, 2, 5, 9, 2, 2, 0, 2}) + end + text({5, 1}));
  add(72, text({0, 2, 2, 5, 12, 2, 2, 5, 13, 2, 2, 5, 3, 0, 16, 2, 0, 2}) + end + text({5, 19}));
  add(16, text({0, 2, 2, 5, 6, 2, 2, 5, 7, 2, 2, 5, 8, 2, 2, 5, 0, 0, 16, 2}) + end + text({8}));
  add(0, begin + text({0x0E, 50, 2, 0, 2, 0x0E, 60, 2, 0, 2}) + end + text({0x0A}));
  return seeds;
}

}  // namespace wmpush::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wmpush::fuzz;
  if (size == 0) return 0;
  Conversation(input(data, size)).run();
  return 0;
}
