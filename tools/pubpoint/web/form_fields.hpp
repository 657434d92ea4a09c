// Names and values in the query of a URL and in the body of a form.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace wmpush::pubpoint {

/// What stands behind `name=` in "a=1&b=2", as it stands there; the first of that name. Nothing:
/// the name is not there.
std::optional<std::string_view> value_of(std::string_view query, std::string_view name);

/// The same, percent-decoded; empty when it is not there.
std::string decoded_value_of(std::string_view query, std::string_view name);

/// The same of a form, where a '+' is a space (application/x-www-form-urlencoded).
std::string form_value_of(std::string_view form, std::string_view name);

/// Of "page=2"; 1 where nothing is said, or nothing that makes sense.
std::size_t page_in(std::string_view query);

/// `text` as a value in a query.
std::string encoded_for_query(std::string_view text);

}  // namespace wmpush::pubpoint
