#include "interop/haproxy.hpp"

#include <stdexcept>

#include "interop/program.hpp"

namespace wmpush::test {

std::string Haproxy::missing() {
  return find_program("haproxy").empty() ? "haproxy" : std::string();
}

Haproxy::Haproxy(const std::filesystem::path& folder, std::uint16_t origin, bool tls)
    : folder_(folder), port_(free_port()) {
  write_file(folder / "haproxy.cfg",
             "defaults\n"
             " mode http\n"
             " option http-no-delay\n"
             " option http-keep-alive\n"
             " option forwardfor\n"
             " http-reuse never\n"
             " timeout connect 5s\n"
             " timeout client 1h\n"
             " timeout server 1h\n"
             "frontend push\n"
             " http-response add-header Via \"1.1 haproxy\"\n"
             " bind 127.0.0.1:" +
                 std::to_string(port_) + (tls ? " ssl crt " + (folder / "tls.pem").string() : "") +
                 "\n default_backend points\n"
                 "backend points\n server origin 127.0.0.1:" +
                 std::to_string(origin) + "\n");
  daemon_ = std::make_unique<Daemon>(std::vector<std::string>{
      find_program("haproxy").string(), "-db", "-f", (folder / "haproxy.cfg").string()});
  if (!daemon_->listens(port_)) throw std::runtime_error("haproxy does not listen: " + log());
}

std::string Haproxy::log() const { return daemon_->said(); }

}  // namespace wmpush::test
