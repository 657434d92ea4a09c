#include "interop/packet_filter.hpp"

#include "interop/program.hpp"

namespace wmpush::test {

std::string PacketFilter::missing() {
  if (find_program("nft").empty()) return "nftables";
  return find_program("ss").empty() ? "iproute2" : std::string();
}

PacketFilter::PacketFilter(std::uint16_t server_port) : port_(std::to_string(server_port)) {
  run({find_program("nft").string(),
       "add table inet wmpush; "
       "add chain inet wmpush out { type filter hook output priority 0; }"});
}

PacketFilter::~PacketFilter() {
  try {
    run({find_program("nft").string(), "delete table inet wmpush"});
  } catch (const std::exception&) {  // the namespace goes away with the process
  }
}

void PacketFilter::rule(const std::string& text) {
  run({find_program("nft").string(), "add rule inet wmpush out " + text});
}

void PacketFilter::reset_clients() { rule("tcp dport " + port_ + " reject with tcp reset"); }

void PacketFilter::drop_to_server() { rule("tcp dport " + port_ + " drop"); }

void PacketFilter::drop_all() {
  rule("tcp dport " + port_ + " drop; add rule inet wmpush out tcp sport " + port_ + " drop");
}

void PacketFilter::heal() { run({find_program("nft").string(), "flush chain inet wmpush out"}); }

void PacketFilter::kill_connections() {
  run({find_program("ss").string(), "-K", "-t",
       "( dport = :" + port_ + " or sport = :" + port_ + " )"});
}

}  // namespace wmpush::test
