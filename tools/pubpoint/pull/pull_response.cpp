#include "pubpoint/pull/pull_response.hpp"

#include <cstdio>

#include "pubpoint/web/html.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kCounted = 8;  // bytes of a frame's head that its length counts
constexpr std::size_t kMostPayload = 65535 - kCounted;
constexpr std::byte kFirstPiece{4};
constexpr std::byte kLastPiece{8};
constexpr unsigned kFirstWithSupported = 9;  // version of a player that knows the field

std::array<std::byte, kPullFrameHead> frame_head(char id, std::size_t payload,
                                                 std::uint32_t location, std::byte flags) {
  std::array<std::byte, kPullFrameHead> head{};
  const auto length = static_cast<std::uint16_t>(payload + kCounted);
  head[0] = std::byte{'$'};
  head[1] = static_cast<std::byte>(id);
  store_le(MutableBytes(head), 2, length);
  store_le(MutableBytes(head), 4, location);
  head[9] = flags;
  store_le(MutableBytes(head), 10, length);
  return head;
}

/// What both responses to a player have.
std::string player_head(const PullRequest& request, std::string_view server, std::string_view type,
                        std::uint32_t client_id, bool new_session) {
  std::string head = request.version == 10 ? "HTTP/1.0 200 OK\r\n" : "HTTP/1.1 200 OK\r\n";
  head += "Server: " + player_server(server) + "\r\nContent-Type: " + std::string(type) + "\r\n";
  head += "Cache-Control: no-cache, x-wms-stream-type=\"broadcast\"\r\n";
  head += "Pragma: no-cache, client-id=" + std::to_string(client_id) +
          ", features=\"broadcast,playlist\", timeout=60000";
  head += std::string(new_session ? ", xResetStrm=1" : "") + "\r\n";
  if (request.agent_version >= kFirstWithSupported)
    head += "Supported: com.microsoft.wm.sswitch, com.microsoft.wm.predstrm\r\n";
  return head;
}

}  // namespace

std::array<std::byte, kPullFrameHead> data_frame_head(std::size_t payload, std::uint32_t location,
                                                      std::uint8_t sequence) {
  return frame_head('D', payload, location, std::byte{sequence});
}

std::string header_frames(Bytes header) {
  std::string frames;
  for (std::uint32_t piece = 0; piece == 0 || !header.empty(); ++piece) {
    const Bytes part = header.first(std::min(header.size(), kMostPayload));
    header = header.subspan(part.size());
    const std::byte flags =
        (piece == 0 ? kFirstPiece : std::byte{0}) | (header.empty() ? kLastPiece : std::byte{0});
    frames += as_text(frame_head('H', part.size(), piece, flags));
    frames += as_text(part);
  }
  return frames;
}

std::string reason_frame(char id, std::uint32_t reason) {
  std::array<std::byte, 8> frame{std::byte{'$'}, static_cast<std::byte>(id), std::byte{4}};
  store_le(MutableBytes(frame), 4, reason);
  return std::string(as_text(frame));
}

std::string player_server(std::string_view server) {
  constexpr std::string_view kCougar = "Cougar/";
  if (!server.starts_with(kCougar)) return std::string(server);
  return "Rex/" + std::string(server.substr(kCougar.size()));
}

std::string describe_head(const PullRequest& request, std::string_view server,
                          std::uint32_t client_id, bool new_session, std::size_t length) {
  return player_head(request, server, "application/vnd.ms.wms-hdr.asfv1", client_id, new_session) +
         "Content-Length: " + std::to_string(length) +
         (request.keep_alive ? "\r\nConnection: Keep-Alive\r\n\r\n"
                             : "\r\nConnection: close\r\n\r\n");
}

std::string play_head(const PullRequest& request, std::string_view server, std::uint32_t client_id,
                      bool new_session) {
  return player_head(request, server, "application/x-mms-framed", client_id, new_session) +
         "Connection: close\r\n\r\n";
}

std::string plain_head(std::string_view server) {
  return "HTTP/1.0 200 OK\r\nServer: " + std::string(server) +
         "\r\nContent-Type: video/x-ms-asf\r\nCache-Control: no-cache\r\nAccept-Ranges: none\r\n"
         "Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n";
}

std::string whole_response(std::string_view status, std::string_view server, std::string_view type,
                           std::string_view body, bool head_only) {
  std::string text =
      "HTTP/1.1 " + std::string(status) + "\r\nServer: " + std::string(server) +
      "\r\nCache-Control: no-cache\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (!type.empty()) text += "Content-Type: " + std::string(type) + "\r\n";
  text += "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
  if (!head_only) text += body;
  return text;
}

std::vector<std::string> player_urls(bool secure, std::string_view host, std::string_view path,
                                     std::string_view query) {
  const std::string rest = "://" + std::string(host) + std::string(path) +
                           (query.empty() ? "" : "?" + std::string(query));
  if (secure) return {"https" + rest};  // none speaks MS-WMSP over TLS
  return {"mmsh" + rest, "http" + rest};
}

std::string asx_body(bool secure, std::string_view host, std::string_view path,
                     std::string_view query) {
  std::string text = "<asx version=\"3.0\">\r\n  <entry>\r\n";
  for (const std::string& url : player_urls(secure, host, path, query))
    text += "    <ref href=\"" + html_escaped(url) + "\"/>\r\n";
  return text + "  </entry>\r\n</asx>\r\n";
}

std::string m3u_body(bool secure, std::string_view host, std::string_view path,
                     std::string_view query) {
  return "#EXTM3U\r\n" + player_urls(secure, host, path, query).back() + "\r\n";
}

}  // namespace wmpush::pubpoint
