// HTML, put together so that what comes from others stays text.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace wmpush::pubpoint {

/// `text` as it may stand in HTML and XML, between tags and in the value of an attribute that is in
/// quotes. U+FFFD stands for what is not UTF-8, and for what would change the order in which the
/// rest is shown or is otherwise not printable (core/printable.hpp), but for a line feed.
std::string html_escaped(std::string_view text);

class Html {
 public:
  /// Our own: as it stands.
  Html& markup(std::string_view text) {
    html_ += text;
    return *this;
  }
  /// Anybody's.
  Html& text(std::string_view text) { return markup(html_escaped(text)); }
  /// ` name="value"`; the value is anybody's.
  Html& attribute(std::string_view name, std::string_view value);
  /// <name>text</name>; the text is anybody's.
  Html& element(std::string_view name, std::string_view text);

  const std::string& str() const { return html_; }

 private:
  std::string html_;
};

}  // namespace wmpush::pubpoint
