// The tables of a page: in the page as it is loaded, and in the events that keep it up to date.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pubpoint/web/clients.hpp"
#include "pubpoint/web/html.hpp"
#include "pubpoint/web/json.hpp"
#include "pubpoint/web/snapshot.hpp"

namespace wmpush::pubpoint {

struct Table {
  struct Column {
    std::string_view label;
    bool words = false;  ///< its cells may go over several lines
  };
  std::string_view name;  ///< in the page's data-table, and in events
  std::string_view heading;
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  ///< a text for each column; the first names the row
  std::string_view empty{};  ///< is said in place of no rows; empty: nothing is shown then
  std::string more{};        ///< is said behind the rows; empty: nothing
};

Table encoder_table(const PointClients& clients);
Table viewers_table(const PointClients& clients);
Table pushes_table(const PointClients& clients);
Table recordings_table(const PointClients& clients);
Table relays_table(const PointNumbers& point);
Table origin_table(const PointNumbers& point);

/// All of a point, in the order of the page. `clients`: null for those who may not see who watches
/// and pushes.
std::vector<Table> tables_of(const PointNumbers& point, const PointClients* clients);

/// A section of its own. `add_more` adds what stands in a row beside its name, in a column without
/// a label, where it is seen on a narrow screen as well; empty: there is none.
void add_table(Html& html, const Table& table,
               const std::function<void(Html&, std::size_t row)>& add_more = {});

/// What an event has of it.
JsonObject table_json(const Table& table);

}  // namespace wmpush::pubpoint
