// SPDX-License-Identifier: Apache-2.0
#include "media/ice/stun_outcome.h"

namespace sallyport::media::ice {

std::string_view toString(StunOutcome outcome) {
  switch (outcome) {
    case StunOutcome::answered: return "answered";
    case StunOutcome::refused: return "refused";
    case StunOutcome::taken: return "taken";
    case StunOutcome::malformed: return "malformed";
    case StunOutcome::notACheck: return "not_a_check";
    case StunOutcome::forbiddenSource: return "forbidden_source";
    case StunOutcome::unknownUser: return "unknown_user";
    case StunOutcome::throttled: return "throttled";
    case StunOutcome::wrongIntegrity: return "wrong_integrity";
    case StunOutcome::replayed: return "replayed";
    case StunOutcome::formerSession: return "former_session";
    case StunOutcome::unexpectedResponse: return "unexpected_response";
  }
  return "";
}

}  // namespace sallyport::media::ice
