#include "auth/challenge.hpp"

#include <algorithm>

namespace wmpush::auth {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_token(char c) {
  return is_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token68(char c) {
  return is_alphanumeric(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
}

/// Reads a field from its beginning to its end; every call moves on or says that it cannot.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool at(char c) const { return !rest_.empty() && rest_.front() == c; }

  void skip_blanks() {
    while (at(' ') || at('\t')) rest_.remove_prefix(1);
  }
  void skip_commas() {
    while (at(' ') || at('\t') || at(',')) rest_.remove_prefix(1);
  }
  /// To the next comma that is not within quotes.
  void skip_element() {
    while (!rest_.empty() && !at(',')) {
      if (at('"'))
        read_quoted();
      else
        rest_.remove_prefix(1);
    }
  }

  std::string_view read_token() { return read_while(is_token); }

  /// token68, when that is all there is up to the next comma; otherwise reads nothing.
  std::string_view read_token68() {
    const std::string_view before = rest_;
    std::string_view token = read_while(is_token68);
    if (!token.empty()) {
      while (at('=')) rest_.remove_prefix(1);
      token = before.substr(0, before.size() - rest_.size());
      skip_blanks();
      if (at_end() || at(',')) return token;
    }
    rest_ = before;
    return {};
  }

  /// "=" and what follows it; false when there is no "=".
  bool read_value(std::string& value) {
    const std::string_view before = rest_;
    skip_blanks();
    if (!at('=')) {
      rest_ = before;
      return false;
    }
    rest_.remove_prefix(1);
    skip_blanks();
    // Values that should have been quoted, and were not, are taken as they stand.
    value = at('"')
                ? read_quoted()
                : std::string(read_while([](char c) { return c != ',' && c != ' ' && c != '\t'; }));
    return true;
  }

 private:
  template <typename Predicate>
  std::string_view read_while(Predicate good) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), good);
    const auto size = static_cast<std::size_t>(end - rest_.begin());
    const std::string_view read = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return read;
  }

  /// At an opening quote. One that is never closed ends with the field.
  std::string read_quoted() {
    std::string text;
    rest_.remove_prefix(1);
    while (!rest_.empty() && !at('"')) {
      if (at('\\') && rest_.size() > 1) rest_.remove_prefix(1);
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
    return text;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::string_view> Challenge::parameter(std::string_view name) const {
  for (const auto& [known, value] : parameters)
    if (known == name) return value;
  return std::nullopt;
}

std::vector<Challenge> parse_challenges(std::string_view field) {
  std::vector<Challenge> challenges;
  FieldReader reader(field);
  while (true) {
    reader.skip_commas();
    if (reader.at_end()) return challenges;
    const std::string_view word = reader.read_token();
    std::string value;
    if (word.empty()) {
      reader.skip_element();
    } else if (reader.read_value(value)) {
      if (!challenges.empty()) {
        std::string name(word);
        std::transform(name.begin(), name.end(), name.begin(), lower);
        challenges.back().parameters.emplace_back(std::move(name), std::move(value));
      }
    } else {
      if (challenges.size() == kMaxChallenges) return challenges;
      reader.skip_blanks();
      challenges.push_back({std::string(word), std::string(reader.read_token68()), {}});
    }
  }
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace wmpush::auth
