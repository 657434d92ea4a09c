#include "roff.hpp"

#include <cctype>
#include <sstream>

namespace wmpush::tool {
namespace {

constexpr std::size_t kColumns = 79;

bool is_capital(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool is_option_letter(char c) {
  return std::islower(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

/// The length of a name of a value at the beginning of `text`: capitals, with : between them.
std::size_t value_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() &&
         (is_capital(text[length]) ||
          (text[length] == ':' && length + 1 < text.size() && is_capital(text[length + 1]))))
    ++length;
  return length > 1 ? length : 0;
}

std::size_t option_length(std::string_view text) {
  if (text.size() < 2 || text[0] != '-' || !is_option_letter(text[1])) return 0;
  std::size_t length = 1;
  while (length < text.size() && is_option_letter(text[length])) ++length;
  return length;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == line.npos; }

}  // namespace

std::string roff_text(std::string_view text) {
  std::string out;
  bool begins = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    begins = c == '\n';
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '~':
        out += "\\(ti";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '-': {
        // Between letters it is a hyphen, elsewhere what a shell takes.
        const bool inside = i > 0 && std::isalpha(static_cast<unsigned char>(text[i - 1])) != 0 &&
                            i + 1 < text.size() &&
                            std::isalpha(static_cast<unsigned char>(text[i + 1])) != 0;
        out += inside ? "-" : "\\-";
        break;
      }
      default:
        out += c;
    }
  }
  return out;
}

std::string roff_filled(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string out;
  std::string line;
  for (std::string word; words >> word;) {
    const std::string escaped = roff_text(word);
    if (!line.empty() && line.size() + 1 + escaped.size() > kColumns) {
      out += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + escaped;
  }
  return line.empty() ? out : out + line + "\n";
}

std::string roff_usage(std::string_view text) {
  std::string out;
  std::string plain;
  const auto end_plain = [&] {
    out += roff_text(plain);
    plain.clear();
  };
  while (!text.empty()) {
    const std::size_t option = option_length(text);
    const std::size_t length = option > 0 ? option : value_length(text);
    if (length == 0) {
      plain += text.front();
      text.remove_prefix(1);
      continue;
    }
    end_plain();
    out += (option > 0 ? "\\fB" : "\\fI") + roff_text(text.substr(0, length)) + "\\fR";
    text.remove_prefix(length);
  }
  end_plain();
  return out;
}

std::string roff_paragraphs(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string out;
  std::string paragraph;
  std::string exact;
  const auto end_paragraph = [&] {
    if (paragraph.empty() && exact.empty()) return;
    if (!out.empty()) out += ".PP\n";
    out += roff_filled(paragraph);
    if (!exact.empty()) out += ".RS\n" + roff_lines(exact) + ".RE\n";
    paragraph.clear();
    exact.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    if (is_blank(line)) {
      end_paragraph();
    } else if (line.front() == ' ') {
      exact += line + "\n";
    } else {
      if (!exact.empty()) end_paragraph();
      paragraph += line + "\n";
    }
  }
  end_paragraph();
  return out;
}

std::string roff_lines(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string out = ".nf\n";
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin != line.npos) out += roff_text(line.substr(begin)) + "\n";
  }
  return out + ".fi\n";
}

}  // namespace wmpush::tool
