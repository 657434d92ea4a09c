// Passwords that the program was given, and what stands for them where others can read.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace wmpush::preload {

/// `text` with the password of every wmpush:// URL in it replaced by "***" (a further password by
/// "***2" and so on), whether it stands before the host or in the query. Other text is untouched.
std::string mask_passwords(std::string_view text);

/// The URL that mask_passwords() made `url` from; `url` itself if it did not.
std::string reveal_passwords(std::string_view url);

/// Masks the passwords in the arguments of the program, before its main() sees them, and those in
/// the memory that the process list is read from.
void mask_arguments(int argc, char** argv);

}  // namespace wmpush::preload
