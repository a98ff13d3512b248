// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/answer_command.h"

#include "phone/cli/command_line.h"
#include "phone/cli/json_line.h"
#include "phone/cli/report.h"

namespace sallyport::phone {

int AnswerCommand::run() {
  auto session = PhoneSession::create(options_.phone, *this);
  if (!session) return explain(session.error());
  session_ = *std::move(session);
  if (options_.listen) {
    const auto listening = session_->phone().listen(*options_.listen);
    if (!listening) return explain(listening.error());
    const auto address = listening->toString();
    session_->print(
        session_->json()
            ? JsonLine{}.text("event", "ready").text("address", address).integer("port", listening->port).str()
            : "listening on " + address);
  }
  if (options_.registration) {
    const auto begun = session_->phone().registerAt(*options_.registration);
    if (!begun) return explain(begun.error());
  }
  session_->run();
  timers_.clear();
  return status_;
}

void AnswerCommand::onRegistered(const Registered& registered) {
  session_->print(session_->json() ? jsonRegistered(registered) : textRegistered(registered));
}

// Without an answer it is tried again; a refusal leaves nobody who could call us, unless we listen too.
void AnswerCommand::onRegistrationFailed(const Error& error, int status) {
  session_->print(session_->json() ? jsonRegistrationFailed(error, status) : textRegistrationFailed(error, status));
  if (status == 0 || options_.listen) return;
  status_ = kExitFailed;
  session_->finish();
}

void AnswerCommand::onIncoming(Conversation& conversation) {
  const auto from = conversation.peerUri();
  session_->print(session_->json() ? JsonLine{}.text("event", "incoming").text("from", from).str()
                                   : "call from " + from);
  if (options_.reject) return conversation.reject(*options_.reject);
  conversation.ring();
  if (options_.answer_after.count() == 0) return answer(conversation);
  timers_[&conversation] =
      session_->loop().schedule(options_.answer_after, [this, &conversation] { answer(conversation); });
}

void AnswerCommand::answer(Conversation& conversation) {
  if (const auto answered = conversation.answer(); !answered) explain(answered.error());
}

void AnswerCommand::onAnswered(Conversation& conversation) {
  session_->onAnswered(conversation);
  if (session_->json())
    session_->print(JsonLine{}.text("event", "answered").text("call_id", conversation.callId()).str());
  if (!options_.hang_up_after) return;
  timers_[&conversation] =
      session_->loop().schedule(*options_.hang_up_after, [&conversation] { conversation.hangUp(); });
}

void AnswerCommand::onEnded(Conversation& conversation, const CallReport& report) {
  timers_.erase(&conversation);
  session_->forget(conversation);
  session_->print(session_->json() ? jsonReport(report) : textReport(report));
  if (options_.calls != 0 && ++ended_ >= options_.calls) session_->finish();
}

void AnswerCommand::onStranger(const Endpoint& source, const Error& error) {
  session_->print(session_->json() ? JsonLine{}
                                         .text("event", "refused")
                                         .text("source", source.toString())
                                         .text("code", error.code)
                                         .text("detail", error.detail)
                                         .str()
                                   : "refused " + source.toString() + ": " + describe(error));
}

}  // namespace sallyport::phone
