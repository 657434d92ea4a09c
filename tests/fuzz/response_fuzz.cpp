// However a server's bytes are cut, the reader gives the same responses, and never more than the
// limits allow.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>

#include "fuzz/target.hpp"
#include "wmhttp/message.hpp"

namespace wmpush::fuzz {
namespace {

using wmhttp::Response;
using wmhttp::ResponseReader;

struct Outcome {
  std::vector<std::string> responses;
  std::string malformed;
  bool operator==(const Outcome&) const = default;
};

std::string text_of(const Response& response) {
  std::string text = response.status_text() + "|" + response.server + "|" + response.supported +
                     "|" + response.location + "|" + response.push_id.value_or("(none)");
  for (const auto& [name, value] : response.cookies) text += "|" + name + "=" + value;
  for (const std::string& challenge : response.challenges) text += "|" + challenge;
  if (response.timeout) text += "|" + std::to_string(response.timeout->count());
  return text + (response.via ? "|via" : "") + (response.keep_alive ? "|kept" : "");
}

void check(const Response& response) {
  require(response.status >= 200 && response.status <= 999, "an answer has a status");
  require(!response.timeout ||
              (response.timeout->count() > 0 && *response.timeout <= wmhttp::kMaxIdleTimeout),
          "a timeout is within its limit");
  require(response.cookies.size() + response.challenges.size() <= wmhttp::kMaxHeaderFields,
          "there are not more fields than the limit");
  for (const auto& [name, value] : response.cookies) {
    require(!name.empty(), "a cookie has a name");
    for (const std::string* part : {&name, &value})
      require(part->find_first_of("\r\n;") == std::string::npos,
              "a cookie can be sent back in one field");
  }
}

template <typename Piece>
Outcome read(Bytes bytes, Piece piece) {
  Outcome outcome;
  ResponseReader reader;
  while (!bytes.empty()) {
    Bytes input = bytes.first(std::min<std::size_t>(piece(), bytes.size()));
    bytes = bytes.subspan(input.size());
    while (true) {
      Response response;
      const std::size_t before = input.size();
      const auto status = reader.next(input, response);
      require(input.size() <= before, "nothing is given back");
      if (status == ResponseReader::Status::NeedMore) {
        require(input.empty(), "NeedMore means that the input is used up");
        break;
      }
      if (status != ResponseReader::Status::Response) {
        require(!reader.malformed().empty(), "who refuses says why");
        // How much of a head was seen when it was refused hangs on the cuts; that it was does not.
        outcome.malformed = status == ResponseReader::Status::Malformed ? "malformed" : "excessive";
        return outcome;
      }
      check(response);
      outcome.responses.push_back(text_of(response));
    }
  }
  return outcome;
}

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  std::vector<std::vector<std::byte>> seeds;
  for (const std::string_view text :
       {"\x01HTTP/1.1 204 No Content\r\nServer: Cougar/9.6.7600.16564\r\nContent-Length: 0\r\n"
        "Set-Cookie: push-id=4124758405\r\nSupported: com.microsoft.wm.srvppair\r\n"
        "Pragma: no-cache, timeout=60000\r\n\r\n",
        "\x02HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
        "\x03HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Digest "
        "realm=\"r\", nonce=\"n\"\r\nVia: 1.1 proxy\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;x=y\r\n12345\r\n0\r\nTrailer: x\r\n\r\nHTTP/1.1 204 x\r\n\r\n",
        "\x04HTTP/1.1 302 Found\r\nLocation: http://other/live\r\nSet-Cookie: a=b; path=/\r\n"
        "Proxy-Authenticate: Basic\r\n\r\n"}) {
    const Bytes bytes = as_bytes(text);
    seeds.emplace_back(bytes.begin(), bytes.end());
  }
  return seeds;
}

}  // namespace wmpush::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wmpush::fuzz;
  require_same_however_cut(input(data, size),
                           [](wmpush::Bytes bytes, auto piece) { return read(bytes, piece); });
  return 0;
}
