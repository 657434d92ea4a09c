// The publishing point judges any request the same, however it is cut, and takes nothing from it
// that a file name, a log line or an answer could not carry.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <string>

#include "fuzz/target.hpp"
#include "pubpoint/http/messages.hpp"
#include "pubpoint/push/request_rules.hpp"
#include "pubpoint/record/recording_name.hpp"

namespace wmpush::fuzz {
namespace {

using pubpoint::HeadReader;
using pubpoint::RequestHead;
using pubpoint::Verdict;

bool is_one_line(std::string_view text) {
  return text.find_first_of("\r\n") == std::string_view::npos;
}

void check_name(const std::string& path, const std::string& push_id) {
  const std::string name = pubpoint::recording_name("{point}" + push_id, path, {}, 1);
  require(!name.empty() && name.front() != '.' && name.front() != '-' && name.size() < 256,
          "a recording has a name that is not hidden");
  require(name.find('/') == std::string::npos && name.find('\0') == std::string::npos,
          "a recording's name is no path");
}

std::string text_of(const Verdict& verdict) {
  const pubpoint::PushRequest& request = verdict.request;
  std::string text = std::to_string(verdict.status) + "|" + request.path + "|" + request.push_id +
                     "|" + request.user_agent + "|" + std::to_string(request.content_length) + "|" +
                     std::to_string(request.version);
  for (const pubpoint::Breach& breach : verdict.breaches)
    text += "|" + breach.rule + ": " + breach.text;
  return text;
}

void check(const Verdict& verdict) {
  const pubpoint::PushRequest& request = verdict.request;
  for (const pubpoint::Breach& breach : verdict.breaches) {
    require(breach.rule.size() == 3 && !breach.text.empty(), "a breach has a rule and a text");
    require(is_one_line(breach.rule), "a rule is a word");
  }
  require(verdict.status == 0 || (verdict.status >= 400 && verdict.status <= 599),
          "what is not in order has the status of an error");
  require(verdict.status != 0 || verdict.breaches.empty() || !verdict.breaches.front().text.empty(),
          "a breach is told");
  if (verdict.status != 0) return;
  require(request.path.starts_with('/'), "a request that is in order has a path");
  require(request.push_id.size() <= pubpoint::kMaxPushId, "a push-id is within its limit");
  const bool setup = request.kind == pubpoint::PushRequest::Kind::Setup;
  require(
      request.content_length <= (setup ? pubpoint::kMaxSetupBody : pubpoint::kMaxPushStartLength),
      "a body is within its limit");
  check_name(request.path, request.push_id);
}

template <typename Piece>
std::string read(Bytes bytes, Piece piece) {
  HeadReader reader;
  std::string all;
  while (!bytes.empty()) {
    Bytes input = bytes.first(std::min<std::size_t>(piece(), bytes.size()));
    bytes = bytes.subspan(input.size());
    while (!input.empty()) {
      RequestHead head;
      const auto status = reader.next(input, head);
      if (status == HeadReader::Status::NeedMore) {
        require(input.empty(), "NeedMore means that the input is used up");
        break;
      }
      if (status == HeadReader::Status::TooLarge) return all + "\ntoo large";
      if (status == HeadReader::Status::NotHttp) return all + "\nnot HTTP";
      require(reader.idle(), "a head that is complete leaves nothing behind");
      const Verdict verdict = pubpoint::judge(head);
      check(verdict);
      all += "\n" + text_of(verdict);
    }
  }
  return all;
}

void check_setup_body(std::string_view text) {
  pubpoint::SetupDirectives directives;
  const auto breach = pubpoint::parse_setup_body(text, directives);
  if (breach) {
    require(breach->rule == "C08" && !breach->text.empty(), "a bad body breaks C08");
    return;
  }
  require(directives.template_path.empty() || directives.template_path.front() == '/',
          "a template is a path");
  check_name(directives.template_path, "1");
}

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  std::vector<std::vector<std::byte>> seeds;
  for (const std::string_view text :
       {"\x01POST /live HTTP/1.1\r\nContent-Type: application/x-wms-pushsetup\r\n"
        "User-Agent: WMEncoder/12.0.7601.17514 test/1\r\nX-Accept-Authentication: Negotiate, "
        "Digest\r\nHost: localhost:8080\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n"
        "Cache-Control: no-cache\r\nCookie: push-id=0\r\n\r\n",
        "\x02POST http://h/a%20b?x=1 HTTP/1.1\r\nContent-Type: application/x-wms-pushstart\r\n"
        "User-Agent: WMEncoder/12.0.7601.17514\r\nHost: h\r\nContent-Length: 2147483647\r\n"
        "Connection: Keep-Alive\r\nCache-Control: no-cache\r\nCookie: push-id=12; a=b\r\n\r\n$H",
        "\x03Template-URL: \"/template%20x\"\r\nAutoDestroy: 1\r\n",
        "\x04GET /live HTTP/1.0\r\n\r\nPOST * HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"}) {
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
  if (size > 0) check_setup_body(wmpush::as_text(input(data, size).subspan(1)));
  return 0;
}
