#include "interop/tinyproxy.hpp"

#include <unistd.h>

#include <stdexcept>

#include "interop/program.hpp"
#include "support/clip.hpp"

namespace wmpush::test {

std::string Tinyproxy::missing() {
  return find_program("tinyproxy").empty() ? "tinyproxy" : std::string();
}

std::string Tinyproxy::basic(const std::string& user, const std::string& password) {
  return "BasicAuth " + user + " " + password + "\n";
}

Tinyproxy::Tinyproxy(const std::filesystem::path& folder, const std::string& directives)
    : folder_(folder), port_(free_port()) {
  const std::string at = folder.string();
  std::string config = "Listen 127.0.0.1\nPort " + std::to_string(port_) +
                       "\nTimeout 3600\nLogFile \"" + at + "/tinyproxy.log\"\nLogLevel Info\n" +
                       directives;
  if (geteuid() == 0) config += "User nobody\nGroup nogroup\n";
  write_file(folder / "tinyproxy.conf", config);
  daemon_ = std::make_unique<Daemon>(std::vector<std::string>{find_program("tinyproxy").string(),
                                                              "-d", "-c", at + "/tinyproxy.conf"});
  if (!daemon_->listens(port_)) throw std::runtime_error("tinyproxy does not listen: " + log());
}

std::string Tinyproxy::log() const {
  return daemon_->said() + read_file(folder_ / "tinyproxy.log");
}

}  // namespace wmpush::test
