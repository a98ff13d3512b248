// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/phone_session.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "crypto/password.h"
#include "phone/audio/sound_card.h"
#include "phone/cli/command_line.h"
#include "phone/cli/report.h"
#include "sip/header_values.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;

constexpr auto kFarewell = 2s;  // for the BYE to be answered and the connections to close
constexpr auto kFinishCheck = 20ms;

std::string numbered(const std::string& path, unsigned number) {
  if (number == 1) return path;
  const auto dot = path.rfind('.');
  const bool has_suffix = dot != std::string::npos && path.find('/', dot) == std::string::npos;
  const std::string suffix = has_suffix ? path.substr(dot) : "";
  return path.substr(0, path.size() - suffix.size()) + "-" + std::to_string(number) + suffix;
}

// The password or the token, read from where the options say, and whose it is.
Result<std::shared_ptr<Account>> accountOf(const AccountOptions& options, const std::string& uri) {
  if (!options.token_file.empty()) {
    SP_ASSIGN(auto token, crypto::tokenFromFile(options.token_file));
    return std::make_shared<Account>(Account::Token{std::move(token)});
  }
  SP_ASSIGN(const auto own, sip::Uri::parse(uri));
  Account::Password account;
  account.user = options.user.empty() ? std::string{own.user} : options.user;
  account.realm = options.realm.empty() ? std::string{own.host} : options.realm;
  account.scheme = options.scheme;
  if (options.password_file == "-") {
    SP_ASSIGN(account.password, crypto::passwordFrom(STDIN_FILENO, {"Password of " + account.user, {}}));
  } else {
    SP_ASSIGN(account.password, crypto::passwordFromFile(options.password_file));
  }
  return std::make_shared<Account>(std::move(account));
}

}  // namespace

int explain(const Error& error) {
  std::fprintf(stderr, "sallyport-phone: %s\n", describe(error).c_str());
  return error.kind == ErrorKind::misconfigured ? kExitUsage : kExitFailed;
}

Result<std::unique_ptr<PhoneSession>> PhoneSession::create(const PhoneOptions& options, PhoneObserver& observer) {
  std::unique_ptr<PhoneSession> session{new PhoneSession(options)};
  SP_ASSIGN(session->loop_, net::Loop::create(session->clock_));
  auto expected = options.expect_san;
  const auto from = sip::Uri::parse(options.uri);
  if (!expected && options.tls.certificate.empty() && from)
    expected = crypto::SubjectAltName{crypto::SanKind::dns, std::string{from->host}};
  SP_ASSIGN(auto tls, TlsSetup::load(options.tls, std::move(expected), session->clock_));
  if (!options.play.empty()) {
    SP_ASSIGN(auto pcm, loadWav(options.play));
    session->recording_ = std::make_shared<const Pcm>(std::move(pcm));
  }
  PhoneConfig config;
  config.uri = options.uri.empty() ? tls.ownUri() : options.uri;
  if (config.uri.empty()) {
    return Error{ErrorKind::misconfigured, "phone.uri.needed",
                 "our certificate names no sip: URI, so say who we are: --from sip:me@example.com"};
  }
  if (options.account) {
    SP_ASSIGN(config.account, accountOf(*options.account, config.uri));
  }
  config.media.suites = options.suites;
  config.media.keyings = options.keyings;
  config.media.ice = options.ice;
  config.media.ice_mode = sdp::IceMode::full;
  config.stun_server = options.stun_server;
  config.media.codecs = options.codecs;
  config.media.codecs.push_back(sdp::Codec::telephoneEvent);
  if (options.zrtp) {
    config.media.protection = sdp::MediaProtection::endToEnd;
    config.media.zrtp = sdp::ZrtpUse::relayed;
    config.zrtp.sas = options.zrtp->sas;
    if (!options.zrtp->cache.empty()) {
      SP_ASSIGN(config.zrtp.cache, ZrtpCache::open(options.zrtp->cache));
    }
    if (options.zrtp->compare) {
      const auto replied = [self = session.get()](Conversation& about, SasReply reply) {
        self->onSasReply(about, reply);
      };
      session->sas_prompt_.emplace(*session->loop_, STDIN_FILENO, replied);
    }
  }
  session->phone_ = std::make_unique<Phone>(*session->loop_, std::move(config), std::move(tls), observer);
  auto* self = session.get();
  SP_ASSIGN(session->signals_, net::Signals::take(*session->loop_, {SIGINT, SIGTERM}, [self](int) { self->finish(); }));
  return session;
}

Result<std::unique_ptr<AudioSink>> PhoneSession::sink() {
  if (options_.record.empty()) return recordNothing();
  unsigned rate = 0;
  for (const auto codec : options_.codecs) rate = std::max(rate, audioRate(codec));
  return recordTo(numbered(options_.record, ++recorded_), rate);
}

Result<MediaSession::Audio> PhoneSession::audio() {
  MediaSession::Audio audio;
  SP_ASSIGN(audio.sink, sink());
  if (options_.device) {
    SP_ASSIGN(auto card, openSoundCard(*options_.device));
    return MediaSession::Audio{std::move(card.source), recordBoth(std::move(card.sink), std::move(audio.sink))};
  }
  if (recording_) {
    audio.source = playRecording(recording_, Repetition::once);
  } else if (options_.tone) {
    audio.source = playTone(*options_.tone, 48'000);
  } else {
    audio.source = playNothing();
  }
  return audio;
}

Result<MediaSession::Audio> PhoneSession::echoAudio() {
  auto echo = makeEcho(48'000);
  if (options_.record.empty()) return MediaSession::Audio{std::move(echo.source), std::move(echo.sink)};
  SP_ASSIGN(auto file, sink());
  return MediaSession::Audio{std::move(echo.source), recordBoth(std::move(echo.sink), std::move(file))};
}

void PhoneSession::showSas(Conversation& conversation, const ZrtpFacts& facts) {
  print(json() ? jsonSas(facts) : textSas(facts));
  if (!sas_prompt_ || facts.verified) return;
  if (!json()) print(kSasQuestion);
  sas_prompt_->ask(conversation);
}

void PhoneSession::onSasReply(Conversation& conversation, SasReply reply) {
  print(json() ? jsonSasReply(reply) : textSasReply(reply));
  if (reply == SasReply::same) conversation.setSas(MediaSession::Comparison::same);
  if (reply == SasReply::different) conversation.setSas(MediaSession::Comparison::different);
}

void PhoneSession::onAnswered(Conversation& conversation) {
  if (!options_.digits) return;
  digits_[&conversation] = loop_->schedule(options_.digits->after, [this, &conversation] {
    if (const auto sent = conversation.sendDigits(options_.digits->keys); !sent) explain(sent.error());
  });
}

void PhoneSession::forget(const Conversation& conversation) {
  digits_.erase(&conversation);
  if (sas_prompt_) sas_prompt_->forget(conversation);
}

void PhoneSession::run() { loop_->run(); }

void PhoneSession::finish() {
  if (give_up_ != TimePoint{}) return loop_->stop();  // asked twice: at once
  give_up_ = loop_->now() + kFarewell;
  phone_->shutDown();
  checkFinished();
}

void PhoneSession::checkFinished() {
  const bool quiet = phone_->conversations() == 0 && phone_->links() == 0;
  if (quiet || loop_->now() >= give_up_) return loop_->stop();
  finish_timer_ = loop_->schedule(kFinishCheck, [this] { checkFinished(); });
}

void PhoneSession::print(std::string_view line) const {
  std::fwrite(line.data(), 1, line.size(), stdout);
  if (!line.ends_with('\n')) std::fputc('\n', stdout);
  std::fflush(stdout);
}

}  // namespace sallyport::phone
