// Text as a page of the manual has it, in the macros of man(7).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace wmpush::tool {

/// `text` as it stands, whatever roff would make of its characters and beginnings of lines.
std::string roff_text(std::string_view text);

/// The same in lines of less than 80 columns, with the end of the last one.
std::string roff_filled(std::string_view text);

/// A line of usage: options in bold, what stands for a value ("FILE", "HOST:PORT") in italics.
std::string roff_usage(std::string_view text);

/// Paragraphs with an empty line between them; lines that are indented stay as they are.
std::string roff_paragraphs(std::string_view text);

/// Lines to type, as they are.
std::string roff_lines(std::string_view text);

}  // namespace wmpush::tool
