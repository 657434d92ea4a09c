#include "pubpoint/picture/picture_handler.hpp"

#include <utility>

#include "core/percent.hpp"
#include "pubpoint/admission.hpp"
#include "pubpoint/http/request_target.hpp"
#include "pubpoint/picture/key_frame.hpp"
#include "pubpoint/web/web_response.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::string_view kExtension = ".jpg";

WebResponse none(std::string status, const std::string& why) {
  return {.status = std::move(status), .body = why + "\n"};
}

}  // namespace

std::string PictureHandler::point_of(const RequestHead& head) const {
  std::string path = percent_decoded_leniently(path_of(head.target));
  const Registry& registry = service_.registry();
  if (!path.ends_with(kExtension) || registry.has(path)) return {};
  path.resize(path.size() - kExtension.size());
  return registry.has(path) ? path : std::string();
}

bool PictureHandler::takes(const RequestHead& head) const {
  return (head.method == "GET" || head.method == "HEAD") && !point_of(head).empty();
}

Reading PictureHandler::on_request(const RequestHead& head) {
  const std::string point = point_of(head);
  if (!let_in({.right = Right::Watch,
               .method = head.method,
               .target = head.target,
               .authorization = head.first("Authorization"),
               .address = connection_.address(),
               .point = point},
              connection_, service_, AfterRefusal::Closes))
    return Reading::Nothing;
  const KeyFrame* key_frame = service_.watching().key_frame(point);
  if (!service_.pictures().are_made()) {
    send_response(connection_, head,
                  none("404 Not Found",
                       "this server makes no pictures: wmpush-picture is not "
                       "installed, or switched off"));
  } else if (key_frame == nullptr || key_frame->number() == 0) {
    send_response(connection_, head,
                  none("404 Not Found", "there is no picture on air at " + point));
  } else {
    return ask(head, point, *key_frame);
  }
  return Reading::Request;
}

Reading PictureHandler::ask(const RequestHead& head, const std::string& point,
                            const KeyFrame& key_frame) {
  const std::weak_ptr<void> alive = connection_.keep();
  const auto picture = service_.pictures().ask(point, key_frame, service_.now(),
                                               [this, alive, head](const auto& made) {
                                                 const auto connection = alive.lock();
                                                 if (!connection || !connection_.is_open()) return;
                                                 answer(head, *made);
                                                 connection_.go_on();
                                               });
  // What comes meanwhile waits.
  if (picture)
    answer(head, *picture);
  else
    connection_.hold();
  return Reading::Request;
}

void PictureHandler::answer(const RequestHead& head, const Picture& picture) {
  switch (picture.what) {
    case Picture::What::Jpeg:
      return send_response(
          connection_, head,
          {.type = "image/jpeg", .body = picture.jpeg, .cache = "no-cache", .etag = picture.etag});
    case Picture::What::None:
      return send_response(connection_, head, none("404 Not Found", picture.why));
    case Picture::What::Unavailable:
      break;
  }
  WebResponse response = none("503 Service Unavailable", picture.why);
  response.more = "Retry-After: " + std::to_string(Pictures::kRest.count()) + "\r\n";
  send_response(connection_, head, std::move(response));
}

}  // namespace wmpush::pubpoint
