#include "interop/nginx.hpp"

#include <unistd.h>

#include <stdexcept>

#include "interop/program.hpp"
#include "support/clip.hpp"

namespace wmpush::test {

std::string Nginx::missing() {
  return find_program("nginx").empty() ? "nginx-light" : std::string();
}

Nginx::Nginx(const std::filesystem::path& folder, std::uint16_t origin, const Habits& habits)
    : folder_(folder), port_(free_port()) {
  const std::string at = folder.string();
  std::string config = "daemon off;\npid " + at + "/nginx.pid;\nerror_log " + at +
                       "/nginx.log info;\nevents {}\nhttp {\naccess_log off;\n";
  for (const char* name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    config += std::string(name) + "_temp_path " + at + "/" + name + ";\n";
  config +=
      "server {\nlisten 127.0.0.1:" + std::to_string(port_) + (habits.tls ? " ssl" : "") + ";\n" +
      (habits.tls ? "ssl_certificate " + at + "/tls.pem;\nssl_certificate_key " + at + "/tls.pem;\n"
                  : "") +
      (habits.wants_certificate
           ? "ssl_verify_client on;\nssl_client_certificate " + at + "/authority.pem;\n"
           : "") +
      "location / {\n"
      "proxy_pass http://127.0.0.1:" +
      std::to_string(origin) +
      ";\n"
      "proxy_http_version 1.1;\n"
      "proxy_request_buffering off;\n"
      "client_max_body_size 0;\n"
      "client_body_timeout 1h;\n"
      "proxy_send_timeout 1h;\n"
      "proxy_read_timeout 1h;\n"
      "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
      "proxy_pass_header Server;\n" +
      std::string(habits.shows_itself ? "add_header Via \"1.1 nginx\" always;\n" : "") +
      "}\n}\n}\n";
  if (geteuid() == 0) config = "user www-data;\n" + config;
  write_file(folder / "nginx.conf", config);
  daemon_ = std::make_unique<Daemon>(std::vector<std::string>{
      find_program("nginx").string(), "-p", at, "-e", at + "/nginx.log", "-c", at + "/nginx.conf"});
  if (!daemon_->listens(port_)) throw std::runtime_error("nginx does not listen: " + log());
}

std::string Nginx::log() const { return daemon_->said() + read_file(folder_ / "nginx.log"); }

}  // namespace wmpush::test
