// What a configuration file of the publishing point says.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pubpoint/config/document.hpp"
#include "pubpoint/server.hpp"

namespace wmpush::pubpoint {

/// Files are named and not read yet: a reload reads them again. An empty name is none.
struct Config {
  Settings settings{};
  std::string listen = "127.0.0.1:8080";
  std::string tls_listen{};     ///< empty: the host of `listen`, port 8443
  std::string tls_cert{};       ///< file of PEM; empty: no TLS
  std::string tls_key{};        ///< file of PEM; empty: it is in tls_cert
  std::string user{};           ///< one who needs no file
  std::string password_file{};  ///< the first line is that user's password
  std::string users{};          ///< file of users
  std::vector<std::string> grants{};
  /// Which point, by its number in settings.points, is relayed to which URL.
  std::vector<std::pair<std::size_t, std::string>> relays{};
  std::vector<std::pair<std::size_t, std::string>> origins{};  ///< the same, of where it comes from
  /// The same, of how browsers watch.
  std::vector<std::pair<std::size_t, HlsMode>> hls{};
  std::string push_from{};  ///< addresses with commas between
  std::string watch_from{};
  std::string status_from{};
  std::string clients_from{};
  std::string token_key{};   ///< file whose first line is the key
  std::string access_log{};  ///< file
  std::string fallback{};    ///< ASF file that is shown while nobody pushes
  /// Where a key stands, "live.toml: line 3, column 7", by its name "access.users".
  std::map<std::string, std::string, std::less<>> places{};

  /// What to call the value in an error: the place, or the flag that it came by.
  std::string source(std::string_view key, std::string_view flag) const;
};

/// A key that a file may have.
struct ConfigKey {
  std::string table;  ///< empty: at the top
  std::string name;
  std::string type;  ///< "a text", "a whole number from 1 to 1000"
  std::string help;  ///< half a line
  /// Puts a value into a Config. Returns an empty text, or what goes on behind the key's name:
  /// " needs …" or ": …".
  std::function<std::string(Config&, const Value&)> take;
  std::function<std::string(const Config&)> show;  ///< the value in TOML
};

/// All of them, table by table. [[point]] stands once for each publishing point.
std::span<const ConfigKey> config_keys();

/// Reads TOML into `config`, which keeps what the text does not say. `file` is what errors call it.
/// Returns an empty text, or one line that names the place, what is wrong and what would be right.
std::string read_config(std::string_view text, const std::string& file, Config& config);

/// A file with every key, its default and what it is for, that changes nothing as it stands.
std::string config_example();

}  // namespace wmpush::pubpoint
