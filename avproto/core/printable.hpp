// What of a text may be shown to people as it is.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace wmpush {

/// Whether `character`, one UTF-8 sequence, does nothing to a terminal, to the end of the line or
/// to the order in which the rest of it is shown: no control character (U+0000 to U+001F, U+007F to
/// U+009F), no line or paragraph separator (U+2028, U+2029), no direction mark, embedding, override
/// or isolate (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
bool is_printable(std::string_view character);

/// `text` with every byte of what is not printable, or not UTF-8, as \xNN.
std::string printable(std::string_view text);

/// Whether `text` has a control character in it: U+0000 to U+001F, U+007F to U+009F in UTF-8, or a
/// byte from 0x80 to 0x9F that is not UTF-8.
bool has_control_character(std::string_view text);

}  // namespace wmpush
