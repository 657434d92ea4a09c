// Short pieces of real ASF, made by the ffmpeg on this machine and kept for the run of the test
// program. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "support/temporary_directory.hpp"

namespace wmpush::test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What ffmpeg writes to a pipe for these output arguments, from a test picture and a tone of two
/// seconds.
inline const std::string& clip(std::string_view arguments = "-f asf") {
  static std::map<std::string, std::string, std::less<>> clips;
  const auto known = clips.find(arguments);
  if (known != clips.end()) return known->second;
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "clip";
  const std::string command =
      "ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=160x120:rate=15:duration=2 "
      "-f lavfi -i sine=frequency=440:duration=2 -c:v wmv2 -b:v 200k -c:a wmav2 -b:a 64k "
      "-bitexact " +
      std::string(arguments) + " pipe:1 > '" + file.string() + "'";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  return clips.emplace(std::string(arguments), read_file(file)).first->second;
}

/// The arguments of a clip as the name of a test's parameter.
inline constexpr auto name_of_clip = [](const auto& arguments) {
  std::string name;
  for (const char letter : std::string_view(arguments.param))
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0)
      name += letter;
    else if (!name.empty() && name.back() != '_')
      name += '_';
  return name;
};

}  // namespace wmpush::test
