#include "pubpoint/web/admin_handler.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "pubpoint/admission.hpp"
#include "pubpoint/http/conditions.hpp"
#include "pubpoint/http/field_text.hpp"
#include "pubpoint/http/request_target.hpp"
#include "pubpoint/web/form_fields.hpp"
#include "pubpoint/web/layout.hpp"

namespace wmpush::pubpoint {
namespace {

/// The size of a body that is announced; nothing where it is not. What is no number has been
/// refused with the head.
std::optional<std::uint64_t> length_of(const RequestHead& head) {
  const auto values = head.values("Content-Length");
  if (values.size() != 1 || !head.values("Transfer-Encoding").empty()) return std::nullopt;
  const std::string_view text = trimmed(values.front());
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

bool is_form(const RequestHead& head) {
  const std::string_view type = head.first("Content-Type");
  return same(trimmed(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded");
}

/// "radio.example:8080" of "http://radio.example:8080"; empty of what is no origin of a page.
std::string_view host_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == origin.npos ? std::string_view() : origin.substr(scheme + 3);
}

/// A browser sends a password by itself with every request to a server that it has shown one to,
/// whichever site the request was made by: so its requests need a token that another site cannot
/// know. A script sends a password because it was told to, and has no page to take a token from.
/// No browser is without all of these: old ones have no Origin and no Sec-Fetch-Site, but all that
/// ever were have Mozilla in their name, and ask for HTML when a form is sent.
bool is_of_browser(const RequestHead& head) {
  for (const char* name : {"Origin", "Sec-Fetch-Site", "Referer", "Cookie"})
    if (!head.values(name).empty()) return true;
  const auto accepted = head.values("Accept");
  return head.first("User-Agent").find("Mozilla/") != std::string_view::npos ||
         std::ranges::any_of(accepted, [](std::string_view value) {
           return value.find("text/html") != value.npos;
         });
}

}  // namespace

bool AdminHandler::takes(const RequestHead& head) const {
  return path_of(head.target) == kAdminPath;
}

Reading AdminHandler::on_request(const RequestHead& head) {
  head_ = head;
  form_.clear();
  form_size_ = 0;
  if (head.method == "POST") return begin_form();
  if (head.method == "GET" || head.method == "HEAD")
    show();
  else
    send(method_not_allowed("GET, HEAD, POST"));
  return Reading::Request;
}

Reading AdminHandler::begin_form() {
  const auto length = length_of(head_);
  WebResponse refusal;
  if (!is_form(head_))
    refusal = {.status = "415 Unsupported Media Type",
               .body = "a form is application/x-www-form-urlencoded, as curl -d sends it\n"};
  else if (!length)
    refusal = {.status = "411 Length Required", .body = "a form needs a Content-Length\n"};
  else if (*length > kMostForm)
    refusal = {.status = "413 Content Too Large",
               .body = "a form has " + std::to_string(kMostForm) + " bytes at the most\n"};
  if (!refusal.body.empty()) {
    send_response(connection_, head_, refusal);
    connection_.close_politely();  // what is behind the head is not read
    return Reading::Nothing;
  }
  form_size_ = static_cast<std::size_t>(*length);
  return Reading::Body;
}

Reading AdminHandler::on_bytes(Bytes& input) {
  const std::size_t taken = std::min(form_size_ - form_.size(), input.size());
  form_ += as_text(input.first(taken));
  input = input.subspan(taken);
  if (form_.size() < form_size_) return Reading::Body;
  act();
  return Reading::Request;
}

void AdminHandler::send(WebResponse response) {
  response.page = PageKind::Administering;
  send_response(connection_, head_, response, form_was_read());
}

bool AdminHandler::form_was_read() const { return form_size_ > 0 && form_.size() == form_size_; }

std::optional<std::string> AdminHandler::admit(const std::string& point) {
  if (!service_.users().somebody_may(Right::Administer, {})) {
    send({.status = "403 Forbidden",
          .body = "nobody may administer here: it takes a user with the right admin, such as "
                  "--users FILE --grant admin:admin:*\n"});
    return std::nullopt;
  }
  return let_in({.right = Right::Administer,
                 .method = head_.method,
                 .target = head_.target,
                 .authorization = head_.first("Authorization"),
                 .address = connection_.address(),
                 .point = point},
                connection_, service_,
                closes_after(head_, form_was_read()) ? AfterRefusal::Closes : AfterRefusal::GoesOn);
}

void AdminHandler::show() {
  const std::string_view query = query_of(head_.target);
  const std::string point = decoded_value_of(query, "point");
  const auto user = admit(point);
  if (!user) return;
  send(view(*user, point,
            service_.administration().notice(value_of(query, "notice").value_or(""), *user)));
}

WebResponse AdminHandler::view(const std::string& user, const std::string& point,
                               std::string notice) {
  const AdminView view{.user = user,
                       .host = host_for_url(head_),
                       .token = service_.administration().tokens().make(user, service_.now()),
                       .notice = std::move(notice)};
  if (point.empty()) return overview(view);
  const Snapshot snapshot = take_snapshot(service_, {.only = point});
  if (snapshot.points.empty())
    return {.status = "404 Not Found", .body = "there is no publishing point " + point + "\n"};
  const auto session = service_.registry().pusher(point);
  RecordingState recording{.possible = service_.may_record(), .running = false, .error = {}};
  if (session) {
    recording.running = service_.is_recording(*session);
    recording.error = session->report().recording_error;
  }
  return {.type = std::string(kHtmlText),
          .body = admin_point_page(snapshot, snapshot.points.front(), take_clients(service_, point),
                                   recording, view)};
}

WebResponse AdminHandler::overview(const AdminView& view) {
  Snapshot snapshot = take_snapshot(service_, {.page = page_in(query_of(head_.target))});
  std::erase_if(snapshot.points, [&](const PointNumbers& point) {
    return !service_.users().may(view.user, Right::Administer, point.name);
  });
  return {.type = std::string(kHtmlText), .body = admin_overview_page(snapshot, view)};
}

std::string AdminHandler::wrong_origin() const {
  const std::string_view site = head_.first("Sec-Fetch-Site");
  const auto origins = head_.values("Origin");
  const std::string_view host = trimmed(head_.first("Host"));
  // What reaches the server through a proxy may be https there and http here: hosts are compared.
  const bool is_foreign = (!site.empty() && site != "same-origin" && site != "none") ||
                          (!origins.empty() && (origins.size() > 1 || host.empty() ||
                                                !same(host_of(origins[0]), host)));
  if (!is_foreign) return {};
  return "a form of another site does nothing here (a proxy in front of this server has to pass on "
         "the Host that browsers ask for)";
}

std::string AdminHandler::wrong_token(const std::string& user) const {
  if (!is_of_browser(head_)) return {};
  const std::string token = form_value_of(form_, "token");
  switch (service_.administration().tokens().check(token, user, service_.now())) {
    case TokenCheck::Ok:
      return {};
    case TokenCheck::Expired:
      return "Nothing was done: the form was loaded more than an hour ago. This one is new.";
    case TokenCheck::Wrong:
      break;
  }
  return "Nothing was done: the form was not one of this server since it was started, for this "
         "user. This one is.";
}

AdminAct AdminHandler::act_of(const std::string& point) const {
  return {.what = form_value_of(form_, "action"),
          .point = point,
          .viewer = form_value_of(form_, "viewer"),
          .encoder = form_value_of(form_, "encoder")};
}

void AdminHandler::act() {
  const std::string point = decoded_value_of(query_of(head_.target), "point");
  if (point.empty())
    return send({.status = "400 Bad Request",
                 .body = "which point? The path is " + std::string(kAdminPath) + "?point=/live\n"});
  // Before a password is asked for: the other site's visitor would be asked.
  if (const std::string wrong = wrong_origin(); !wrong.empty()) {
    service_.log_seldom(
        "foreign form " + connection_.address(),
        "a form to administer is refused: " + wrong + " (" + connection_.peer() + ")");
    return send({.status = "403 Forbidden", .body = wrong + "\n"});
  }
  const auto user = admit(point);
  if (!user) return;
  if (const std::string wrong = wrong_token(*user); !wrong.empty()) {
    service_.log_seldom("old form " + connection_.address(),
                        "a form of '" + *user + "' to administer " + point +
                            " is refused: its token is wrong or old (" + connection_.peer() + ")");
    WebResponse response = view(*user, point, wrong);
    if (response.status == "200 OK") response.status = "403 Forbidden";
    return send(std::move(response));
  }
  tell(perform(service_, act_of(point), {*user, connection_.peer()}), *user, point);
}

void AdminHandler::tell(const AdminOutcome& outcome, const std::string& user,
                        const std::string& point) {
  using Kind = AdminOutcome::Kind;
  if (is_of_browser(head_) && outcome.kind != Kind::NotUnderstood) {
    // What is loaded again then is the page, and not the form once more.
    const bool is_there = service_.registry().has(point);
    const std::string notice = service_.administration().keep_notice(user, outcome.text);
    const std::string page = is_there ? admin_link_to(point) + "&" : std::string(kAdminPath) + "?";
    return send({.status = "303 See Other",
                 .body = outcome.text + "\n",
                 .more = "Location: " + page + "notice=" + notice + "\r\n"});
  }
  const char* const status = outcome.kind == Kind::Done          ? "200 OK"
                             : outcome.kind == Kind::NothingToDo ? "409 Conflict"
                                                                 : "400 Bad Request";
  send({.status = status, .body = outcome.text + "\n"});
}

}  // namespace wmpush::pubpoint
