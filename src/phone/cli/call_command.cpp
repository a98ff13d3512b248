// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/call_command.h"

#include <cstdio>

#include "phone/cli/command_line.h"
#include "phone/cli/json_line.h"
#include "phone/cli/report.h"

namespace sallyport::phone {

int CallCommand::run() {
  auto session = PhoneSession::create(options_.phone, *this);
  if (!session) return explain(session.error());
  session_ = *std::move(session);
  auto placed = session_->phone().call({options_.via, options_.server_name, options_.target});
  if (!placed) return explain(placed.error());
  conversation_ = *placed;
  const auto patience = options_.cancel_after.value_or(options_.answer_within);
  patience_ = session_->loop().schedule(patience, [this] { conversation_->hangUp(); });
  session_->run();
  return status_;
}

void CallCommand::onProgress(Conversation&, int status) {
  if (session_->json()) {
    session_->print(JsonLine{}.text("event", "progress").integer("status", status).str());
  } else {
    session_->print(status == 180 ? "ringing" : "progress: " + std::to_string(status));
  }
}

void CallCommand::onAnswered(Conversation& conversation) {
  patience_.cancel();
  session_->onAnswered(conversation);
  hang_up_ = session_->loop().schedule(options_.duration, [this] { conversation_->hangUp(); });
  if (options_.hold_after) hold_ = session_->loop().schedule(*options_.hold_after, [this] { hold(); });
  if (session_->json()) {
    session_->print(JsonLine{}.text("event", "answered").text("call_id", conversation.callId()).str());
  } else {
    session_->print("answered");
  }
}

void CallCommand::hold() {
  if (const auto held = conversation_->hold(); !held) explain(held.error());
  hold_ = session_->loop().schedule(options_.hold_for, [this] { resume(); });
}

void CallCommand::resume() {
  if (const auto resumed = conversation_->resume(); !resumed) explain(resumed.error());
}

// A call that was to be cancelled succeeds by being cancelled; any other by having been answered and ended by BYE.
bool CallCommand::succeeded(const CallReport& report) const {
  if (options_.cancel_after && !report.answered) return report.end.code == "phone.call.cancelled";
  const bool ended_well = report.end.code == "phone.call.hung_up" || report.end.code == "phone.call.bye";
  return report.answered && ended_well && !report.media.audio_error;
}

void CallCommand::onEnded(Conversation& conversation, const CallReport& report) {
  session_->forget(conversation);
  patience_.cancel();
  hang_up_.cancel();
  hold_.cancel();
  status_ = succeeded(report) ? kExitOk : kExitFailed;
  session_->print(session_->json() ? jsonReport(report) : textReport(report));
  if (status_ != kExitOk && !session_->json()) {
    std::fprintf(stderr, "sallyport-phone: the call failed: %s%s%s\n",
                 report.end.status != 0 ? std::to_string(report.end.status).append(" ").c_str() : "",
                 report.end.reason.empty() ? report.end.code.c_str() : report.end.reason.c_str(),
                 report.end.detail.empty() ? "" : (" (" + report.end.detail + ")").c_str());
  }
  session_->finish();
}

}  // namespace sallyport::phone
