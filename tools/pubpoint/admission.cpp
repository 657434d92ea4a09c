#include "pubpoint/admission.hpp"

namespace wmpush::pubpoint {
namespace {

void refuse(const AccessDecision& decision, ClientConnection& connection, AfterRefusal after) {
  if (decision.status != 401) return connection.refuse(decision.status, {});
  Fields fields{{"WWW-Authenticate", decision.challenge}};
  const bool closes = after == AfterRefusal::Closes;
  if (closes) fields.emplace_back("Connection", "close");
  connection.answer(401, std::move(fields));
  if (closes) connection.close_politely();
}

}  // namespace

std::optional<std::string> let_in(const AccessRequest& request, ClientConnection& connection,
                                  Service& service, AfterRefusal after) {
  const AccessDecision decision = service.admit(request, connection.peer());
  if (RequestRecord* record = connection.record())
    record->user = decision.attempted ? decision.attempt.user : decision.user;
  if (decision.granted) return decision.user;
  if (decision.delay.count() == 0)
    refuse(decision, connection, after);
  else
    connection.pause(decision.delay,
                     [&connection, decision, after] { refuse(decision, connection, after); });
  return std::nullopt;
}

}  // namespace wmpush::pubpoint
