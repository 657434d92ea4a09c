// Passwords that the program was given, and what stands for them where others can read.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace wmpush::preload {

/// Whether the value of this option of ffmpeg is text for a file or a filter: a URL in it is no
/// output, and stays as the user wrote it.
bool is_users_text(std::string_view option);

/// `text` with the password of every wmpush:// URL in it replaced by "***" (a further password by
/// "***2" and so on), whether it stands before the host, in the query or in the options in brackets
/// that a tee has before the URL. The scheme and the names of the options may be misspelt. Other
/// text is untouched.
std::string mask_passwords(std::string_view text);

/// The URL that mask_passwords() made `url` from; `url` itself if it did not.
std::string reveal_passwords(std::string_view url);

/// The password that `value`, a mask, stands for; `value` itself if it is none.
std::string reveal_password(std::string_view value);

/// Masks the passwords of pushes in the arguments of ffmpeg, before its main() sees them, and in
/// the memory that the process list is read from: those in URLs, the values of -password and
/// -http_proxy, and those in the value of a list of options such as -format_opts.
void mask_arguments(int argc, char** argv);

}  // namespace wmpush::preload
