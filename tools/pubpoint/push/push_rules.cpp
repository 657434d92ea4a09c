#include "pubpoint/push/push_rules.hpp"

#include <array>

namespace wmpush::pubpoint {
namespace {

using Of = PushRule::Of;

constexpr std::array kRules{
    PushRule{"C01",
             "A request is a POST for the path of the publishing point, as the user wrote it.",
             Of::Request},
    PushRule{"C02",
             "The content type tells PushSetup (x-wms-pushsetup) from PushStart (x-wms-pushstart).",
             Of::Request},
    PushRule{
        "C03",
        "The user agent begins with an encoder of a version that servers know; our name follows.",
        Of::Request},
    PushRule{
        "C04",
        "One Cookie field has the push-id, 0 for a new session, and whatever else the server set.",
        Of::Request},
    PushRule{"C05", "There is always a Content-Length, and never a chunked body or an expectation.",
             Of::Request},
    PushRule{"C06", "The authentication schemes that can be done are offered, but for Basic.",
             Of::Request},
    PushRule{"C07", "Host, Cache-Control and Connection are there; fields of responses are not.",
             Of::Request},
    PushRule{"C08",
             "A PushSetup has no body, or one that names the template and always AutoDestroy.",
             Of::Request},
    PushRule{"C09",
             "A PushStart is as long as it can be, or about a minute behind a proxy; never too "
             "short for a frame.",
             Of::Request},
    PushRule{"F01",
             "A frame has mark, id and the length of what follows; a reason only in `$C` and `$E`.",
             Of::Stream},
    PushRule{
        "F02",
        "`$H` has the header and the head of the Data Object, at most 65531 bytes, once and first.",
        Of::Stream},
    PushRule{"F03", "`$D` has one data packet, with its padding left out where that is safe.",
             Of::Stream},
    PushRule{"F04",
             "`$E` has a reason and nothing else: 0 at the end, 1 between entries, or why the "
             "stream broke off.",
             Of::Stream},
    PushRule{"F05",
             "`$C` has the header of the next entry, at most 65527 bytes, and follows `$E` with "
             "reason 1.",
             Of::Stream},
    PushRule{"F06", "`$F` has zeros, and makes a body as long as was said.", Of::Stream},
    PushRule{"F07",
             "No frame is cut by the end of a length: what does not fit waits, and filler takes "
             "its place.",
             Of::Stream},
    PushRule{"F08", "Frames come in an order in which headers, packets and ends make sense.",
             Of::Stream},
    PushRule{"S01", "Who is no encoder of a known version gets no session.", Of::Point},
    PushRule{"S02", "A request that breaks a rule is refused, and the rule named in the log.",
             Of::Point},
    PushRule{
        "S03",
        "A new session has an id nobody can guess; unknown ids and second pushers are refused.",
        Of::Point},
    PushRule{"S05",
             "A point that is not there is made from the template that is named, and goes away "
             "when asked to.",
             Of::Point},
};

}  // namespace

std::span<const PushRule> push_rules() { return kRules; }

}  // namespace wmpush::pubpoint
