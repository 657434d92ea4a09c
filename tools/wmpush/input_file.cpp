#include "input_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace wmpush::tool {
namespace {

constexpr std::size_t kMaxSize = 1024 * 1024;

struct Close {
  void operator()(std::FILE* stream) const { std::fclose(stream); }
};
using Stream = std::unique_ptr<std::FILE, Close>;

std::string open(const std::string& what, const std::string& file, Stream& stream) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return what + " " + file + " is a directory";
  stream.reset(std::fopen(file.c_str(), "re"));
  if (!stream) return what + " " + file + " cannot be opened: " + std::strerror(errno);
  return {};
}

}  // namespace

std::string read_all(const std::string& what, const std::string& file, std::string& text) {
  Stream stream;
  if (std::string wrong = open(what, file, stream); !wrong.empty()) return wrong;
  text.assign(kMaxSize + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) return what + " " + file + " cannot be read";
  if (text.size() > kMaxSize) return what + " " + file + " is longer than 1 MiB";
  return {};
}

}  // namespace wmpush::tool
