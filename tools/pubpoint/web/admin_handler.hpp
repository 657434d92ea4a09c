// Serves the requests of those who administer: pages with forms, and what these send.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "pubpoint/http/request_handler.hpp"
#include "pubpoint/service.hpp"
#include "pubpoint/web/admin_page.hpp"
#include "pubpoint/web/administration.hpp"
#include "pubpoint/web/web_response.hpp"

namespace wmpush::pubpoint {

class AdminHandler final : public RequestHandler {
 public:
  /// The largest form, in bytes.
  static constexpr std::size_t kMostForm = 4096;

  AdminHandler(ClientConnection& connection, Service& service)
      : connection_(connection), service_(service) {}

  bool takes(const RequestHead& head) const override;
  Reading on_request(const RequestHead& head) override;
  Reading on_bytes(Bytes& input) override;

 private:
  Reading begin_form();
  void show();
  void act();
  AdminAct act_of(const std::string& point) const;
  /// A form of another site, or one that is too old, is refused with a line that says so; empty:
  /// it is one of ours.
  std::string wrong_origin() const;
  std::string wrong_token(const std::string& user) const;
  void tell(const AdminOutcome& outcome, const std::string& user, const std::string& point);
  /// The user, when he may administer the point, or any where it is empty; otherwise the request
  /// was answered.
  std::optional<std::string> admit(const std::string& point);
  /// The page of a point, or the overview.
  WebResponse view(const std::string& user, const std::string& point, std::string notice);
  WebResponse overview(const AdminView& view);
  void send(WebResponse response);
  bool form_was_read() const;

  ClientConnection& connection_;
  Service& service_;
  RequestHead head_;
  std::string form_;           // as much of it as has come
  std::size_t form_size_ = 0;  // all of it
};

}  // namespace wmpush::pubpoint
