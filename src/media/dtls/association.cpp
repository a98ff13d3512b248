// SPDX-License-Identifier: Apache-2.0
#include "media/dtls/association.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/check.h"
#include "media/dtls/record.h"

namespace sallyport::media {
namespace {

using std::chrono::microseconds;

constexpr microseconds kLongestTimeout = std::chrono::seconds{60};  // RFC 6347 4.2.4.1
constexpr unsigned kMostAnsweredRepetitions = 8;

std::size_t bytesOf(const std::vector<crypto::Datagram>& flight) {
  std::size_t bytes = 0;
  for (const auto& datagram : flight) bytes += datagram.size();
  return bytes;
}

}  // namespace

DtlsAssociation::DtlsAssociation(std::unique_ptr<crypto::DtlsSession> session, crypto::DtlsSessionSettings settings)
    : session_(std::move(session)), settings_(std::move(settings)) {}

Result<DtlsAssociation> DtlsAssociation::create(crypto::DtlsSessionSettings settings) {
  SP_ASSIGN(auto session, crypto::DtlsSession::create(settings));
  return DtlsAssociation{std::move(session), std::move(settings)};
}

void DtlsAssociation::start(TimePoint now) {
  if (state_ != DtlsState::idle || settings_.role != crypto::DtlsRole::client) return;
  onProgress(session_->start(), now);
}

void DtlsAssociation::onDatagram(Bytes datagram, TimePoint now) {
  const bool not_started = state_ == DtlsState::idle && settings_.role == crypto::DtlsRole::client;
  if (over() || not_started) return;
  ++counters_.datagrams;
  if (!withinBudget(datagram.size(), now)) {
    ++counters_.over_budget;
    return;
  }
  bytes_heard_ += datagram.size();
  const bool was_complete = session_->complete();
  const auto to_say = outgoing_.size();
  const auto heard = sift(datagram, now);
  if (!heard.records.empty()) onProgress(session_->receive(heard.records), now);
  if (was_complete && heard.last_flight_in_clear && !over()) answerRepetition(datagram.size());
  const bool of_no_use = was_complete ? !over() && outgoing_.size() == to_say : heard.records.empty();
  if (of_no_use) ++counters_.malformed;
}

bool DtlsAssociation::withinBudget(std::size_t bytes, TimePoint now) {
  if (now - second_began_ >= std::chrono::seconds{1}) {
    second_began_ = now;
    datagrams_this_second_ = 0;
    bytes_this_second_ = 0;
  }
  ++datagrams_this_second_;
  bytes_this_second_ += bytes;
  return datagrams_this_second_ <= kDatagramsPerSecond && bytes_this_second_ <= kBytesPerSecond;
}

// After the handshake nothing in clear has a meaning; before it an alert in clear is only remembered, and a server that
// has heard no hello is shown nothing else, which would lie in wait for what comes after the hello. What the peer can
// not have said in its role is shown to nobody.
DtlsAssociation::Heard DtlsAssociation::sift(Bytes datagram, TimePoint now) {
  Heard heard;
  const auto peer = settings_.role == crypto::DtlsRole::server ? crypto::DtlsRole::client : crypto::DtlsRole::server;
  ByteReader reader{datagram};
  while (const auto record = nextDtlsRecord(reader)) {
    const bool handshake = isHandshakeOf(peer, *record);
    if (handshake && !isClientHello(*record)) heard.last_flight_in_clear = true;
    if (const auto alert = endingAlert(*record); alert && state_ == DtlsState::handshaking && !alert_) {
      alert_ = Alert{*alert, now + kAlertGrace};
    }
    bool wanted = !record->inClear() || (handshake && !session_->complete());
    if (state_ == DtlsState::idle) wanted = handshake && isClientHello(*record);
    if (wanted) heard.records.insert(heard.records.end(), record->whole.begin(), record->whole.end());
  }
  return heard;
}

void DtlsAssociation::onProgress(const Status& outcome, TimePoint now) {
  if (forgets(outcome)) return;
  const bool opening = state_ == DtlsState::idle || state_ == DtlsState::handshaking;
  auto flight = session_->takeOutgoing();
  if (!outcome) {
    queue(std::move(flight));
    return fail(outcome.error());
  }
  if (opening && !flight.empty()) {
    state_ = DtlsState::handshaking;
    if (!give_up_at_) give_up_at_ = now + kHandshakeLimit;
    timeout_ = settings_.first_timeout;
    repeat_at_ = now + timeout_;
    alert_.reset();
  }
  queue(std::move(flight));
  if (opening && session_->complete()) prove();
  if (session_->closedByPeer() && !over()) end(DtlsState::closed);
}

// Before the first hello that makes sense there is nothing that nonsense could end: a server begins anew, in silence.
bool DtlsAssociation::forgets(const Status& outcome) {
  if (outcome || state_ != DtlsState::idle || outcome.error().kind != ErrorKind::peerMisbehaved) return false;
  auto fresh = crypto::DtlsSession::create(settings_);
  if (!fresh) return false;
  session_ = *std::move(fresh);
  session_->announce(announced_);
  ++counters_.malformed;
  return true;
}

void DtlsAssociation::queue(std::vector<crypto::Datagram> flight) {
  const auto bytes = bytesOf(flight);
  const bool answering = settings_.role == crypto::DtlsRole::server && !session_->complete();
  if (answering && bytes_sent_ > 0 && bytes_sent_ + bytes > kAmplification * bytes_heard_) return;
  bytes_sent_ += bytes;
  std::move(flight.begin(), flight.end(), std::back_inserter(outgoing_));
}

std::optional<TimePoint> DtlsAssociation::deadline() const {
  std::optional<TimePoint> next;
  const auto sooner = [&next](std::optional<TimePoint> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  sooner(repeat_at_);
  sooner(give_up_at_);
  if (alert_) sooner(alert_->believed_at);
  return next;
}

void DtlsAssociation::onTime(TimePoint now) {
  if (alert_ && alert_->believed_at <= now) {
    return fail({ErrorKind::unavailable, "dtls.alert", "alert " + std::to_string(alert_->description)});
  }
  if (give_up_at_ && *give_up_at_ <= now) return fail({ErrorKind::unavailable, "dtls.timeout", ""});
  if (repeat_at_ && *repeat_at_ <= now) repeat(now);
}

void DtlsAssociation::repeat(TimePoint now) {
  timeout_ = std::min(2 * timeout_, kLongestTimeout);
  repeat_at_ = now + timeout_;
  ++counters_.repetitions;
  session_->repeatFlight();
  queue(session_->takeOutgoing());
}

// A client that repeats its last flight has not heard ours, which no timer repeats (RFC 6347 4.2.4). The session
// answers by itself where it finds a new Finished; where that was replayed or lost, this does, and never with
// more than was asked with.
void DtlsAssociation::answerRepetition(std::size_t bytes_asked_with) {
  if (settings_.role != crypto::DtlsRole::server || answered_repetitions_ == kMostAnsweredRepetitions) return;
  if (!outgoing_.empty()) return;
  session_->repeatFlight();
  auto flight = session_->takeOutgoing();
  if (bytesOf(flight) > bytes_asked_with) return;
  ++answered_repetitions_;
  ++counters_.repetitions;
  queue(std::move(flight));
}

Status DtlsAssociation::announce(std::vector<crypto::CertificateFingerprint> fingerprints) {
  SP_CHECK(!fingerprints.empty());
  if (!announced_.empty()) {
    const bool same =
        std::is_permutation(announced_.begin(), announced_.end(), fingerprints.begin(), fingerprints.end());
    if (same) return success();
    return Error{ErrorKind::peerMisbehaved, "dtls.fingerprint.changed", fingerprints.front().text()};
  }
  announced_ = fingerprints;
  session_->announce(std::move(fingerprints));
  if (over() || !session_->peer()) return success();
  if (session_->complete()) {
    prove();
  } else if (!shownIsAnnounced()) {
    fail({ErrorKind::peerDenied, "dtls.fingerprint.mismatch", shownFingerprint()->text()});
  }
  return success();
}

bool DtlsAssociation::shownIsAnnounced() const { return crypto::isAnnounced(*session_->peer(), announced_); }

// The one place where keys come to be.
void DtlsAssociation::prove() {
  repeat_at_.reset();
  give_up_at_.reset();
  alert_.reset();
  if (announced_.empty()) {
    state_ = DtlsState::unproven;
    return;
  }
  if (!shownIsAnnounced()) {
    return fail({ErrorKind::peerDenied, "dtls.fingerprint.mismatch", shownFingerprint()->text()});
  }
  auto material = session_->exportKeys();
  if (!material) return fail(std::move(material).error());
  const bool client = settings_.role == crypto::DtlsRole::client;
  SrtpKeying ours{material->suite, std::move(client ? material->client : material->server)};
  SrtpKeying theirs{material->suite, std::move(client ? material->server : material->client)};
  keys_ = DtlsSrtpKeys{std::move(ours), std::move(theirs)};
  state_ = DtlsState::established;
}

void DtlsAssociation::close() {
  if (over()) return;
  if (session_->complete()) {
    session_->close();
    queue(session_->takeOutgoing());
  }
  end(DtlsState::closed);
}

void DtlsAssociation::fail(Error error) {
  if (session_->complete()) {
    session_->close();
    queue(session_->takeOutgoing());
  }
  error_ = std::move(error);
  end(DtlsState::failed);
}

void DtlsAssociation::end(DtlsState state) {
  state_ = state;
  keys_.reset();
  repeat_at_.reset();
  give_up_at_.reset();
  alert_.reset();
}

std::optional<crypto::CertificateFingerprint> DtlsAssociation::shownFingerprint() const {
  if (!session_->peer()) return std::nullopt;
  return crypto::CertificateFingerprint::of(*session_->peer(), crypto::FingerprintHash::sha256);
}

}  // namespace sallyport::media
