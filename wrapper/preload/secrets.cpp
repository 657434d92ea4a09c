#include "secrets.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "core/edit_distance.hpp"
#include "core/secret_text.hpp"
#include "protocols.hpp"

namespace wmpush::preload {
namespace {

constexpr std::string_view kAuthority = "://";
/// A scheme this near to ours is ours misspelt: no protocol of FFmpeg's is.
constexpr std::size_t kMisspelt = 2;
constexpr std::string_view kMask = "***";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kEscapes = "\\'";
constexpr auto npos = std::string_view::npos;

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

/// Where a password, or a part of one, stands in a text.
struct Place {
  std::size_t begin;
  std::size_t length;
};

/// Adds the password in [begin, end). Escapes and quotes stay outside of what is masked: FFmpeg
/// takes them away later, as often as its lists are nested, and the rest comes back unchanged.
void add_escaped(std::vector<Place>& places, std::string_view text, std::size_t begin,
                 std::size_t end) {
  while (begin < end) {
    const std::size_t stop = std::min(text.find_first_of(kEscapes, begin), end);
    if (stop > begin) places.push_back({begin, stop - begin});
    begin = stop + 1;
  }
}

/// The length of "name=" at the beginning of `text` when it is that of a secret option, or looks
/// like it; else 0. A proxy's address is secret because it may have a password in it.
std::size_t secret_name(std::string_view text) {
  const auto name_end = std::find_if_not(text.begin(), text.end(), is_name_character);
  const auto length = static_cast<std::size_t>(name_end - text.begin());
  if (length == text.size() || text[length] != '=') return 0;
  return names_secret(text.substr(0, length)) ? length + 1 : 0;
}

/// "name=...", the next option of a list.
bool starts_option(std::string_view text) {
  const auto name_end = std::find_if_not(text.begin(), text.end(), is_name_character);
  return name_end != text.begin() && name_end != text.end() && *name_end == '=';
}

/// Where the value at `at` in "name=value:name=value" ends. In a list within a list even the ':'
/// between two options is escaped.
std::size_t end_of_value(std::string_view list, std::size_t at) {
  bool is_quoted = false;
  for (; at < list.size(); ++at) {
    const std::size_t escaped = std::min(list.find_first_not_of('\\', at), list.size());
    const bool is_escaped = escaped != at;
    if (escaped == list.size()) break;
    if (list[escaped] == '\'' && !is_escaped) is_quoted = !is_quoted;
    if (list[escaped] == ':' &&
        ((!is_escaped && !is_quoted) || starts_option(list.substr(escaped + 1))))
      return at;
    at = escaped;
  }
  return list.size();
}

/// Adds the values of the secret options in the list of options in [begin, end).
void add_from_list(std::vector<Place>& places, std::string_view text, std::size_t begin,
                   std::size_t end) {
  const std::string_view list = text.substr(0, end);
  for (std::size_t at = begin; at < list.size();) {
    const bool is_whole_name = at == begin || !is_name_character(list[at - 1]);
    const std::size_t name = is_whole_name ? secret_name(list.substr(at)) : 0;
    if (name == 0) {
      ++at;
      continue;
    }
    const std::size_t value_end = end_of_value(list, at + name);
    add_escaped(places, text, at + name, value_end);
    at = value_end;
  }
}

/// Where the next URL of a push begins at or behind `from`, also when its scheme is misspelt;
/// `authority` is then where its authority does.
std::size_t find_push(std::string_view text, std::size_t from, std::size_t& authority) {
  for (std::size_t at = from; (at = text.find(kAuthority, at)) != npos; at = authority) {
    authority = at + kAuthority.size();
    std::string scheme;
    std::size_t begin = at;
    for (; begin > from && is_name_character(text[begin - 1]); --begin)
      scheme += static_cast<char>(std::tolower(static_cast<unsigned char>(text[begin - 1])));
    std::ranges::reverse(scheme);
    for (const std::string_view each : kProtocols) {
      if (scheme.ends_with(each)) return at - each.size();
      if (edit_distance(scheme, each) <= kMisspelt) return begin;
    }
  }
  return npos;
}

/// Whether another output of a tee follows the '|' at `at`: "[options]..." or a URL.
bool starts_output(std::string_view text, std::size_t at) {
  at = text.find_first_not_of(kBlank, at + 1);
  if (at == npos) return false;
  if (text[at] == '[') return true;
  const auto scheme_end =
      std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(),
                       [](char c) { return is_name_character(c) || c == '+' || c == '.'; });
  const auto rest = static_cast<std::size_t>(scheme_end - text.begin());
  return rest > at && text.substr(rest).starts_with("://");
}

std::size_t end_of_url(std::string_view text, std::size_t at) {
  for (; (at = text.find('|', at)) != npos; ++at)
    if (starts_output(text, at)) return at;
  return text.size();
}

/// Where the '[' of the options before a URL in [from, url) is: "[f=asf:auto_destroy=1]".
std::size_t start_of_options(std::string_view text, std::size_t from, std::size_t url) {
  if (url == 0 || text[url - 1] != ']') return npos;
  std::size_t last = npos;
  for (std::size_t at = from; (at = text.find('[', at)) < url; ++at) {
    const std::size_t before = at == 0 ? npos : text.find_last_not_of(kBlank, at - 1);
    if (before == npos || text[before] == '|') last = at;
  }
  return last;
}

/// The passwords in `text`, which may hold several URLs with options, as the output of ffmpeg's tee
/// does.
std::vector<Place> passwords_in(std::string_view text) {
  std::vector<Place> places;
  std::size_t from = 0;
  std::size_t authority = 0;
  for (std::size_t at = 0; (at = find_push(text, at, authority)) != npos;) {
    const std::size_t open = start_of_options(text, from, at);
    if (open != npos) add_from_list(places, text, open + 1, at - 1);

    const std::size_t end = end_of_url(text, at);
    const bool is_in_tee = at > 0 || end < text.size();
    const auto add = [&](std::size_t first, std::size_t last) {
      if (is_in_tee)
        add_escaped(places, text, first, last);
      else if (last > first)
        places.push_back({first, last - first});
    };
    const std::string_view url = text.substr(0, end);
    const UrlPassword password = find_url_password(url, authority);
    if (password.found()) add(password.begin, password.end);
    std::size_t query = url.find('?', password.authority_end);
    while (query != npos) {
      const std::size_t name = query + 1;
      query = url.find('&', name);
      const std::size_t length = secret_name(url.substr(name));
      if (length == 0) continue;
      // Behind a tee's '|' there may be a file, too.
      const std::size_t file = is_in_tee ? url.find('|', name) : npos;
      add(name + length, std::min({query, file, end}));
    }
    from = at = end;
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

std::string mask_of(std::string_view text) {
  const std::string password = reveal_password(text);
  const std::lock_guard lock(mutex());
  for (const auto& [secret, mask] : known())
    if (secret == password) return mask;
  std::string mask(kMask);
  if (!known().empty()) mask += std::to_string(known().size() + 1);
  return known().emplace_back(password, mask).second;
}

std::string password_of(std::string_view mask) {
  const std::lock_guard lock(mutex());
  for (const auto& [secret, its_mask] : known())
    if (its_mask == mask) return secret;
  return std::string(mask);
}

template <typename Replacement>
std::string replaced(std::string_view text, const std::vector<Place>& places,
                     Replacement replacement) {
  std::string out;
  std::size_t copied = 0;
  for (const auto& [begin, length] : places) {
    out += text.substr(copied, begin - copied);
    out += replacement(text.substr(begin, length));
    copied = begin + length;
  }
  out += text.substr(copied);
  return out;
}

/// Who an option of ffmpeg's is for: its options stand before the file that they are for.
enum class Owner { Push, Nobody, Other };

/// Who the option before `arguments` is for. Where it is another's, nobody would take the mask for
/// the password. Nobody's it is when all that could use it has been left out.
Owner owner_of_option(std::span<char* const> arguments) {
  Owner owner = Owner::Nobody;
  std::size_t authority = 0;
  for (const std::string_view argument : arguments) {
    if (argument == "-i" || argument.starts_with("icecast://")) return Owner::Other;
    if (find_push(argument, 0, authority) != npos) return Owner::Push;
    if (argument.find(kAuthority) != npos) owner = Owner::Other;
  }
  return owner;
}

/// The passwords in the argument at `i`.
std::vector<Place> passwords_in_argument(std::span<char* const> arguments, std::size_t i) {
  const std::string_view argument = arguments[i];
  const std::string_view option = arguments[i - 1];
  if (is_users_text(option)) return {};
  const bool is_password = option == "-password" || option == "-http_proxy";
  const bool is_list =
      option.starts_with('-') && (option.ends_with("_opts") || option.ends_with("_options"));
  if (!is_password && !is_list) return passwords_in(argument);
  const Owner owner = owner_of_option(arguments.subspan(i + 1));
  // A list of options may be a muxer's that writes into a file.
  if (owner == Owner::Other || (is_list && owner == Owner::Nobody)) return passwords_in(argument);

  std::vector<Place> places;
  if (is_list)
    add_from_list(places, argument, 0, argument.size());
  else if (!argument.empty())
    places.push_back({0, argument.size()});
  return places;
}

}  // namespace

bool is_users_text(std::string_view option) {
  constexpr std::string_view kTexts[] = {"-metadata", "-program", "-vf",
                                         "-af",       "-filter",  "-lavfi"};
  return std::ranges::any_of(kTexts,
                             [&](std::string_view each) { return option.starts_with(each); });
}

std::string mask_passwords(std::string_view text) {
  return replaced(text, passwords_in(text), mask_of);
}

std::string reveal_passwords(std::string_view url) {
  return replaced(url, passwords_in(url), reveal_password);
}

std::string reveal_password(std::string_view value) {
  std::vector<Place> masks;
  for (std::size_t at = 0; (at = value.find(kMask, at)) != npos;) {
    const std::size_t end =
        std::min(value.find_first_not_of(kDigits, at + kMask.size()), value.size());
    masks.push_back({at, end - at});
    at = end;
  }
  return replaced(value, masks, password_of);
}

void mask_arguments(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    char* const original = arguments[i];
    const std::vector<Place> places = passwords_in_argument(arguments, i);
    if (places.empty()) continue;

    // The program gets a copy, which lives as long as it does.
    arguments[i] = strdup(replaced(original, places, mask_of).c_str());
    for (const auto& [begin, length] : places) std::memset(original + begin, '*', length);
  }
}

}  // namespace wmpush::preload
