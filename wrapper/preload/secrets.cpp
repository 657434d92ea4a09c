#include "secrets.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

namespace wmpush::preload {
namespace {

constexpr std::string_view kScheme = "wmpush://";
constexpr std::string_view kQueryPassword = "password=";

/// Where a password stands in a text.
struct Place {
  std::size_t begin;
  std::size_t length;
};

/// The passwords in `text`, which may hold several URLs, as the output of ffmpeg's tee does.
std::vector<Place> passwords_in(std::string_view text) {
  std::vector<Place> places;
  std::size_t at = 0;
  while ((at = text.find(kScheme, at)) != std::string_view::npos) {
    at += kScheme.size();
    const std::size_t end = std::min(text.find('|', at), text.size());
    const std::size_t authority_end = std::min(text.find_first_of("/?#", at), end);
    const std::size_t host = text.substr(0, authority_end).rfind('@');
    if (host != std::string_view::npos && host > at) {
      const std::size_t colon = text.find(':', at);
      if (colon < host) places.push_back({colon + 1, host - colon - 1});
    }
    for (std::size_t start = authority_end;
         (start = text.substr(0, end).find_first_of("?&", start)) != std::string_view::npos;) {
      ++start;
      if (!text.substr(start).starts_with(kQueryPassword)) continue;
      start += kQueryPassword.size();
      places.push_back({start, std::min(text.find_first_of("&#", start), end) - start});
    }
    at = end;
  }
  return places;
}

std::mutex& mutex() {
  static auto& instance = *new std::mutex;
  return instance;
}

/// Password and mask, in the order in which they came.
std::vector<std::pair<std::string, std::string>>& known() {
  static auto& instance = *new std::vector<std::pair<std::string, std::string>>;
  return instance;
}

std::string mask_of(std::string_view password) {
  const std::lock_guard lock(mutex());
  for (const auto& [secret, mask] : known())
    if (secret == password || mask == password) return mask;
  const std::string mask = known().empty() ? "***" : "***" + std::to_string(known().size() + 1);
  return known().emplace_back(password, mask).second;
}

std::string password_of(std::string_view mask) {
  const std::lock_guard lock(mutex());
  for (const auto& [secret, its_mask] : known())
    if (its_mask == mask) return secret;
  return std::string(mask);
}

template <typename Replacement>
std::string replace_passwords(std::string_view text, Replacement replacement) {
  std::string out;
  std::size_t copied = 0;
  for (const auto& [begin, length] : passwords_in(text)) {
    out += text.substr(copied, begin - copied);
    out += replacement(text.substr(begin, length));
    copied = begin + length;
  }
  out += text.substr(copied);
  return out;
}

}  // namespace

std::string mask_passwords(std::string_view text) { return replace_passwords(text, mask_of); }

std::string reveal_passwords(std::string_view url) { return replace_passwords(url, password_of); }

void mask_arguments(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const auto places = passwords_in(argv[i]);
    const bool is_value = std::strcmp(argv[i - 1], "-password") == 0;
    if (places.empty() && !is_value) continue;

    // The program gets a copy, which lives as long as it does. The value of -password is the
    // program's to hand on; where it prints it is beyond us.
    char* const original = argv[i];
    argv[i] = strdup(is_value ? original : mask_passwords(original).c_str());
    if (is_value)
      std::memset(original, '*', std::strlen(original));
    else
      for (const auto& [begin, length] : places) std::memset(original + begin, '*', length);
  }
}

}  // namespace wmpush::preload
