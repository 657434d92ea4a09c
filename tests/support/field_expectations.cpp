#include "support/field_expectations.hpp"

namespace wmpush::test {

const char* text_of(FieldEvent event) {
  switch (event) {
    case FieldEvent::End:
      return "the end";
    case FieldEvent::Restart:
      return "a restart of the receiver";
    case FieldEvent::Cut:
      return "a lost TCP connection";
    case FieldEvent::NextEntry:
      return "a second ASF header";
    case FieldEvent::LargeHeader:
      return "a header above 8192 bytes";
    case FieldEvent::Silence:
      return "a minute of silence";
    case FieldEvent::SecondPush:
      return "a second encoder";
    case FieldEvent::SetupAlone:
      return "a PushSetup by someone else";
  }
  return "";
}

const std::vector<FieldExpectation>& field_expectations() {
  using enum FieldEvent;
  constexpr Result kOk = Result::S_OK;
  constexpr Result kLost = Result::NS_E_CONNECTION_FAILURE;
  constexpr const char* kEndedWell = "ends well, confirmed";
  constexpr const char* kUnconfirmed = "ends well, unconfirmed";
  constexpr const char* kLostLine = "connection";
  constexpr const char* kLostTold = "ends: the connection was lost";
  constexpr const char* kAnew = "goes on in a new session, nothing lost";
  constexpr const char* kFine = "goes on";
  constexpr const char* k422 =
      "422 Unprocessable Entity: the server does not accept the request: "
      "its log has the reason; everything in front of the end was "
      "delivered, and strict_end=0 makes this a warning";
  constexpr const char* k422Told =
      "goes on; the end is answered by 422: a failure, or with `strict_end=0` a warning";
  static const std::vector<FieldExpectation> kExpectations{
      {'A', End, false, kOk, "", true, kEndedWell},
      {'B', End, false, kOk, "", true, kEndedWell},
      {'C', End, false, kLost, k422, true,
       "is answered by 422: a failure, or with `strict_end=0` a warning"},
      {'D', End, false, kOk, "", true, kUnconfirmed},
      {'E', End, false, kOk, "", true, kUnconfirmed},
      {'A', Restart, false, kLost, kLostLine, false, kLostTold},
      {'B', Restart, false, kLost, kLostLine, false, kLostTold},
      {'C', Restart, false, kLost, kLostLine, false, kLostTold},
      {'D', Restart, false, kLost, kLostLine, false, kLostTold},
      {'E', Restart, false, kLost, kLostLine, false, kLostTold},
      {'A', Restart, true, kOk, "", true, kAnew},
      {'B', Restart, true, kOk, "", true, kAnew},
      {'C', Restart, true, kLost, k422, true, kAnew},
      {'D', Restart, true, kOk, "", true, kAnew},
      {'E', Restart, true, kOk, "", true, kAnew},
      {'A', Cut, false, kLost, kLostLine, false, kLostTold},
      {'B', Cut, false, kLost, kLostLine, false, kLostTold},
      {'C', Cut, false, kLost, kLostLine, false, kLostTold},
      {'D', Cut, false, kLost, kLostLine, false, kLostTold},
      {'E', Cut, false, kLost, kLostLine, false, kLostTold},
      {'A', Cut, true, kOk, "", true, kAnew},
      {'B', Cut, true, kOk, "", true,
       "is refused by 404 until the receiver lets go of the old connection, then goes on in a new "
       "session, nothing lost"},
      {'C', Cut, true, kLost, k422, true,
       "goes on in the same session without a header, which its players may not take: use "
       "`resume=never`"},
      {'D', Cut, true, kOk, "", true, kAnew},
      {'E', Cut, true, kOk, "", true, kAnew},
      {'A', NextEntry, false, kLost, "takes no playlists", false,
       "ends: it takes no playlists, join the inputs"},
      {'B', NextEntry, false, kOk, "", true, kFine},
      {'C', NextEntry, false, Result::E_FAIL, "takes no playlists", false,
       "ends: it takes no playlists, join the inputs"},
      {'D', NextEntry, false, kOk, "", true, kFine},
      {'E', NextEntry, false, kOk, "", true, kFine},
      {'A', NextEntry, true, kOk, "", true, kAnew},
      {'B', NextEntry, true, kOk, "", true, kFine},
      {'C', NextEntry, true, Result::E_FAIL, "takes no playlists", false,
       "ends: it takes no playlists, join the inputs"},
      {'D', NextEntry, true, kOk, "", true, kFine},
      {'E', NextEntry, true, kOk, "", true, kFine},
      {'A', LargeHeader, false, kLost, "max_header=8192 makes it fit", false,
       "ends: use `max_header=8192`"},
      {'B', LargeHeader, false, kOk, "", true, kFine},
      {'C', LargeHeader, false, kLost, k422, true, k422Told},
      {'D', LargeHeader, false, kOk, "", true, kFine},
      {'E', LargeHeader, false, kOk, "", true, kFine},
      {'A', LargeHeader, true, kLost, "max_header=8192 makes it fit", false,
       "ends when the tries are used up: use `max_header=8192`"},
      {'B', LargeHeader, true, kOk, "", true, kFine},
      {'C', LargeHeader, true, kLost, k422, true, k422Told},
      {'D', LargeHeader, true, kOk, "", true, kFine},
      {'E', LargeHeader, true, kOk, "", true, kFine},
      {'A', Silence, false, kOk, "", true, kFine},
      {'B', Silence, false, kLost, kLostLine, false, kLostTold},
      {'C', Silence, false, kLost, k422, true, k422Told},
      {'D', Silence, false, kOk, "", true, kFine},
      {'E', Silence, false, kOk, "", true, kFine},
      {'A', Silence, true, kOk, "", true, kFine},
      {'B', Silence, true, kOk, "", true, kAnew},
      {'C', Silence, true, kLost, k422, true, k422Told},
      {'D', Silence, true, kOk, "", true, kFine},
      {'E', Silence, true, kOk, "", true, kFine},
      {'A', SecondPush, false, kOk, "", true, "goes on; the second has a channel of its own"},
      {'B', SecondPush, false, kOk, "", true, "goes on; the second is refused by 404"},
      {'C', SecondPush, false, kLost, k422, true, "goes on; the second gets the players"},
      {'D', SecondPush, false, kLost, kLostLine, false, "ends: the second takes its place"},
      {'E', SecondPush, false, kOk, "", true, "goes on; the second gets no connection"},
      {'A', SecondPush, true, kOk, "", true, "goes on; the second has a channel of its own"},
      {'B', SecondPush, true, kOk, "", true, "goes on; the second is refused by 404"},
      {'C', SecondPush, true, kLost, k422, true, "goes on; the second gets the players"},
      {'D', SecondPush, true, kOk, "", true,
       "takes its place back: two encoders with `reconnect=1` drop each other without end"},
      {'E', SecondPush, true, kOk, "", true, "goes on; the second gets no connection"},
      {'A', SetupAlone, false, kOk, "", true, kFine},
      {'B', SetupAlone, false, kOk, "", true, kFine},
      {'C', SetupAlone, false, kLost, k422, true, k422Told},
      {'D', SetupAlone, false, kLost, kLostLine, false, "ends: do not probe while someone pushes"},
      {'E', SetupAlone, false, kOk, "", true,
       "goes on; without a running push, the receiver then waits for ever: do not probe it"},
      {'A', SetupAlone, true, kOk, "", true, kFine},
      {'B', SetupAlone, true, kOk, "", true, kFine},
      {'C', SetupAlone, true, kLost, k422, true, k422Told},
      {'D', SetupAlone, true, kOk, "", true, kAnew},
      {'E', SetupAlone, true, kOk, "", true, "goes on"},
  };
  return kExpectations;
}

void PrintTo(const FieldExpectation& expectation, std::ostream* out) {
  *out << expectation.receiver << ", " << text_of(expectation.event)
       << ", reconnect=" << expectation.reconnect;
}

}  // namespace wmpush::test
