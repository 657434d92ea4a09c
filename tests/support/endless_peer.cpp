#include "support/endless_peer.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace wmpush::test {
namespace {

constexpr std::string_view kSuccess =
    "HTTP/1.1 204 No Content\r\nServer: Cougar/9.6.7600.16564\r\nContent-Length: 0\r\n";

std::string repeated(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

std::string cookies() {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += std::string(kSuccess) + "Set-Cookie: c" + std::to_string(i) + "=" +
            std::string(1000, 'x') + "\r\n\r\n";
  return text;
}

}  // namespace

void PrintTo(const Torrent& torrent, std::ostream* out) { *out << torrent.name; }

std::vector<Torrent> torrents() {
  const std::string head(kSuccess);
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  return {{"Interim", "", repeated(interim, 1000)},
          {"Successes", "", repeated(head + "\r\n", 1000)},
          {"HeaderFields", head, repeated("a: b\r\n", 1000)},
          {"Cookies", "", cookies()},
          {"OneLine", head + "A: ", repeated("x", 65536)},
          {"Body", "HTTP/1.1 200 OK\r\nServer: Cougar/9.6\r\nContent-Length: 9000000000000\r\n\r\n",
           repeated("b", 65536)},
          {"DripOfInterim", "", interim, true},
          {"DripOfALine", head + "A: ", "x", true}};
}

EndlessPeer::EndlessPeer(Torrent torrent, When when)
    : torrent_(std::move(torrent)),
      when_(when),
      server_([this](RawServer::Connection& connection) { serve(connection); }) {}

void EndlessPeer::serve(RawServer::Connection& connection) {
  if (connection.read_head().empty()) return;
  if (when_ == When::InTheStream) {
    connection.send(std::string(kSuccess) + "Set-Cookie: push-id=7\r\n\r\n");
    if (connection.read_head().empty()) return;
  }
  bool taken = connection.send(torrent_.first);
  sending_ = true;
  while (taken) {
    if (!torrent_.slow) {
      taken = connection.send(torrent_.again);
      continue;
    }
    for (std::size_t i = 0; taken && i < torrent_.again.size(); ++i) {
      taken = connection.send(std::string_view(torrent_.again).substr(i, 1));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the pace of the drip
    }
  }
}

bool EndlessPeer::wait_until_sending() const {
  constexpr int kTries = 10'000;
  for (int i = 0; i < kTries && !sending_; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return sending_;
}

}  // namespace wmpush::test
