// SPDX-License-Identifier: Apache-2.0
// Packets in and out. Reports (RTCP): media_session_rtcp.cpp.
#include "phone/media_session.h"

#include <algorithm>
#include <array>

#include "crypto/random.h"

namespace sallyport::phone {
namespace {

enum Token : std::uint32_t { rtpToken, rtcpToken };

constexpr std::chrono::milliseconds kZrtpStep{10};
constexpr std::chrono::seconds kFirstReport{1};  // soon enough that a short call has one

media::AudioCodec ratedAs(sdp::Codec codec) {
  switch (codec) {
    case sdp::Codec::opus: return media::AudioCodec::opus;
    case sdp::Codec::pcmu: return media::AudioCodec::pcmu;
    case sdp::Codec::pcma: return media::AudioCodec::pcma;
    case sdp::Codec::telephoneEvent:
    case sdp::Codec::comfortNoise: break;
  }
  return media::AudioCodec::other;
}

VoiceSender::Numbering randomNumbering() {
  const auto random = crypto::randomNumber();
  // RFC 3711 3.3.1: a start below 2^15 keeps the peer's first guess at the rollover counter right.
  return {static_cast<std::uint32_t>(random), static_cast<std::uint16_t>((random >> 32) & 0x7FFF),
          static_cast<std::uint32_t>(random >> 17)};
}

}  // namespace

Result<std::unique_ptr<MediaSession>> MediaSession::open(net::Loop& loop, net::MediaSockets& sockets,
                                                         const net::PortPool& pool, const IpAddress& local,
                                                         Audio audio) {
  SP_ASSIGN(auto pair, pool.takePair(local));
  std::unique_ptr<MediaSession> session{new MediaSession(loop, std::move(audio))};
  SP_ASSIGN(session->rtp_, sockets.open(std::move(pair.rtp), *session, rtpToken));
  SP_ASSIGN(session->rtcp_, sockets.open(std::move(pair.rtcp), *session, rtcpToken));
  session->rtcp_port_ = session->rtcp_->local().port;
  return session;
}

MediaSession::MediaSession(net::Loop& loop, Audio audio)
    : loop_(loop), audio_(std::move(audio)), numbering_(randomNumbering()) {}

MediaSession::~MediaSession() = default;

Status MediaSession::openPath(PathSettings settings, std::function<void(const Error&)> failed) {
  MediaPath::Events events;
  events.send = [this](const Endpoint& to, Bytes datagram) { rtp_->send(to, datagram); };
  events.keys = [this](const media::DtlsSrtpKeys& keys) { useKeys(keys); };
  events.failed = [this, failed = std::move(failed)](const Error& error) {
    failed_ = loop_.schedule({}, [failed, error] { failed(error); });
  };
  SP_ASSIGN(path_, MediaPath::create(loop_, std::move(settings), std::move(events)));
  return success();
}

void MediaSession::whenGathered(std::function<void()> then) {
  if (!isGathering()) return then();
  path_->whenGathered(std::move(then));
}

std::optional<sdp::IceDescription> MediaSession::iceDescription() const {
  const auto* ice = path_ ? path_->ice() : nullptr;
  return ice != nullptr ? std::optional{ice->clone()} : std::nullopt;
}

// Where voice goes just now.
std::optional<Endpoint> MediaSession::destination() const {
  if (path_) return path_->destination();
  const auto& signalled = plan_->remote_rtp;
  const bool somewhere = !signalled.address.isUnspecified() && signalled.port != 0;
  return somewhere ? std::optional{signalled} : std::nullopt;
}

void MediaSession::useKeys(const media::DtlsSrtpKeys& keys) {
  auto receiver = media::SrtpReceiver::create(keys.receive());
  auto sender = media::SrtpSender::create(keys.send());
  if (!receiver || !sender) return;  // no suite that DTLS can agree is refused here
  previous_ = std::move(receive_);
  receive_.emplace(*std::move(receiver));
  send_.emplace(*std::move(sender));
  figures_.suite = keys.send().suite;
  figures_.dtls = DtlsFacts{plan_->dtls->role, plan_->dtls->theirs.fingerprints};
}

Status MediaSession::agreeKeys(const ZrtpSettings& settings, std::function<void(const ZrtpFacts&)> told) {
  ZrtpSession::Events events;
  events.send = [this](Bytes packet) {
    if (rtp_ && plan_) rtp_->send(plan_->remote_rtp, packet);
  };
  events.receive_key = [this](const media::SrtpKeying& key) {
    if (auto receiver = media::SrtpReceiver::create(key)) receive_.emplace(*std::move(receiver));
  };
  events.send_key = [this](const media::SrtpKeying& key) {
    auto sender = media::SrtpSender::create(key);
    if (!sender) return;
    send_.emplace(*std::move(sender));
    figures_.suite = key.suite;
  };
  events.agreed = [this, told = std::move(told)](const ZrtpFacts& facts) {
    figures_.zrtp = facts;
    told(facts);
  };
  events.failed = [this](const std::string&) { ++figures_.zrtp_failures; };
  SP_ASSIGN(zrtp_, ZrtpSession::create(settings, numbering_.ssrc, std::move(events)));
  return success();
}

std::optional<crypto::Sha256Digest> MediaSession::helloHash() const {
  return zrtp_ ? std::optional{zrtp_->helloHash()} : std::nullopt;
}

void MediaSession::setSas(Comparison comparison) {
  if (!zrtp_ || !figures_.zrtp) return;
  figures_.zrtp->verified = comparison == Comparison::same;
  return comparison == Comparison::same ? zrtp_->setVerified() : zrtp_->setMismatched();
}

// Its own timers count in steps of tens of milliseconds (RFC 6189 6).
void MediaSession::runZrtp() {
  zrtp_->onTime(loop_.now());
  zrtp_timer_ = loop_.schedule(kZrtpStep, [this] { runZrtp(); });
}

Status MediaSession::apply(MediaPlanPtr plan) {
  if (!rtp_) return Error{ErrorKind::internal, "phone.media.stopped", ""};
  SP_TRY(applyReceive(*plan));
  SP_TRY(applySend(*plan));
  if (plan->mux == sdp::RtcpMux::muxed) rtcp_.reset();
  figures_.codec = plan->voice.codec;
  figures_.keying = plan->keying;
  if (plan->keying == sdp::Keying::sdes) figures_.suite = plan->send_key.suite;
  const bool first = plan_ == nullptr;
  plan_ = std::move(plan);
  if (path_) SP_TRY(path_->agree(*plan_));
  if (first) {
    pacer_.emplace(loop_.now());
    timer_ = loop_.scheduleAt(pacer_->next(), [this] { tick(); });
    rtcp_timer_ = loop_.schedule(kFirstReport, [this] { sendRtcp(Occasion::report); });
    if (!zrtp_) return success();
    if (plan_->peer_hello_hash) zrtp_->expect(*plan_->peer_hello_hash);
    zrtp_->start();
    runZrtp();
  }
  return success();
}

Status MediaSession::applyReceive(const MediaPlan& plan) {
  std::unique_ptr<VoiceReceiver> receiver;
  if (!receiver_ || receiver_->codec() != plan.voice.codec) {
    SP_ASSIGN(receiver, VoiceReceiver::create(plan.voice.codec, *audio_.sink));
  }
  const bool signalled = plan.keying == sdp::Keying::sdes;
  if (signalled && (!plan_ || !(plan_->receive_key == plan.receive_key))) {
    SP_ASSIGN(auto fresh, media::SrtpReceiver::create(plan.receive_key));
    previous_ = std::move(receive_);
    receive_.emplace(std::move(fresh));
  }
  if (receiver) receiver_ = std::move(receiver);
  return success();
}

Status MediaSession::applySend(const MediaPlan& plan) {
  std::unique_ptr<VoiceSender> sender;
  if (!sender_ || sender_->codec() != plan.voice.codec) {
    if (sender_) numbering_ = sender_->numbering();
    SP_ASSIGN(sender, VoiceSender::create(plan.voice, *audio_.source, numbering_));
  }
  const bool signalled = plan.keying == sdp::Keying::sdes;
  if (signalled && (!plan_ || !(plan_->send_key == plan.send_key))) {
    SP_ASSIGN(auto fresh, media::SrtpSender::create(plan.send_key));
    send_.emplace(std::move(fresh));
  }
  if (sender) sender_ = std::move(sender);
  sender_->setPayloadType(plan.voice.payload_type);
  return success();
}

Status MediaSession::stop() {
  if (!rtp_) return success();
  if (plan_ && figures_.packets_sent > 0) sendRtcp(Occasion::goodbye);
  timer_.cancel();
  rtcp_timer_.cancel();
  zrtp_timer_.cancel();
  failed_.cancel();
  if (path_) figures_.ice = path_->iceFacts();
  path_.reset();
  rtp_.reset();
  rtcp_.reset();
  return audio_.sink->finish();
}

// --- in ------------------------------------------------------------------------------------------------

void MediaSession::onDatagram(std::uint32_t token, const Endpoint& source, MutableBytes buffer, std::size_t length) {
  // Who sent voice does not matter: only the holder of the key can make one that verifies.
  const MutableBytes packet = buffer.first(length);
  const auto drop = [&](media::DropReason reason) { figures_.drops.count(reason); };
  const auto kind = media::classify(packet);
  const bool of_the_path = kind == media::DatagramKind::dtls || kind == media::DatagramKind::stun;
  if (of_the_path && path_ && token == rtpToken) {
    const auto heard = path_->onDatagram(source, kind, packet);
    if (heard == media::LegTransport::Heard::dropped) drop(media::DropReason::notMedia);
    return;
  }
  if (!plan_) return drop(media::DropReason::notReady);
  if (kind == media::DatagramKind::zrtp && zrtp_ && token == rtpToken) return zrtp_->onPacket(packet);
  if (!receive_) return drop(media::DropReason::beforeAgreement);
  switch (kind) {
    case media::DatagramKind::rtp: return token == rtpToken ? onRtp(packet) : drop(media::DropReason::wrongChannel);
    case media::DatagramKind::rtcp: {
      const bool expected = token == rtcpToken || plan_->mux == sdp::RtcpMux::muxed;
      return expected ? onRtcp(packet) : drop(media::DropReason::wrongChannel);
    }
    default: return drop(media::DropReason::notMedia);
  }
}

media::Unprotected MediaSession::unprotect(MutableBytes packet, media::Channel channel) {
  const auto with = [&](media::SrtpReceiver& receiver) {
    return channel == media::Channel::rtp ? receiver.unprotectRtp(packet) : receiver.unprotectRtcp(packet);
  };
  auto result = with(*receive_);
  const auto* reason = std::get_if<media::DropReason>(&result);
  if (reason == nullptr) previous_.reset();
  const bool older_key = reason != nullptr && *reason == media::DropReason::badTag && previous_;
  return older_key ? with(*previous_) : std::move(result);
}

void MediaSession::onRtp(MutableBytes datagram) {
  const auto result = unprotect(datagram, media::Channel::rtp);
  if (const auto* reason = std::get_if<media::DropReason>(&result)) return figures_.drops.count(*reason);
  const auto& packet = std::get<media::AuthenticatedPacket>(result);
  const auto& header = packet.header();

  const auto& agreed = plan_->receive;
  const auto format =
      std::find_if(agreed.begin(), agreed.end(), [&](const auto& f) { return f.payload_type == header.payload_type; });
  if (format == agreed.end()) return figures_.drops.count(media::DropReason::payloadTypeRefused);
  if (!sdp::receives(plan_->direction)) return figures_.drops.count(media::DropReason::directionClosed);
  const auto payload = media::payloadOf(packet.bytes(), header);
  if (!payload) return figures_.drops.count(media::DropReason::badPadding);
  remote_ssrc_ = header.ssrc;
  highest_sequence_ = static_cast<std::uint32_t>(packet.index());
  quality_.onPacket(header, {header.payload_type, ratedAs(format->codec), format->clock_rate}, loop_.now());
  if (!sdp::carriesVoice(format->codec)) {
    ++figures_.events_received;
    return digits_.push(header, *payload);
  }
  ++figures_.packets_received;
  receiver_->push(header, *payload, loop_.now());
}

// --- out -----------------------------------------------------------------------------------------------

void MediaSession::tick() {
  const auto due = pacer_->due(loop_.now());
  timer_ = loop_.scheduleAt(pacer_->next(), [this] { tick(); });
  sendFrames(due);
  playFrames(due.skipped + due.frames);
}

void MediaSession::sendFrames(SendPacer::Due due) {
  const auto to = destination();
  if (!sdp::sends(plan_->direction) || !to || !send_) return sender_->skipFrames(due.skipped + due.frames);
  sender_->skipFrames(due.skipped);
  for (std::uint64_t i = 0; i < due.frames; ++i) {
    std::array<std::uint8_t, media::kLongestPacket + media::kSrtpTailroom> buffer;
    const auto length = sender_->nextPacket(MutableBytes{buffer}.first(media::kLongestPacket));
    if (!length) {
      ++figures_.send_failures;
      continue;
    }
    const auto packet = MutableBytes{buffer}.first(*length);
    if (events_.pass(packet, *media::parseRtpHeader(packet), loop_.now())) send(*to, buffer, *length);
  }
  sendEvents(*to);
}

void MediaSession::sendEvents(const Endpoint& to) {
  std::array<std::uint8_t, media::EventInserter::kPacketBytes + media::kSrtpTailroom> buffer;
  const auto length = events_.next(buffer, loop_.now());
  if (length != 0) send(to, buffer, length);
}

// In clear, and encrypted here.
void MediaSession::send(const Endpoint& to, MutableBytes buffer, std::size_t length) {
  const auto sealed = send_->protectRtp(buffer, length);
  const auto* size = std::get_if<std::size_t>(&sealed);
  if (size == nullptr) {
    ++figures_.send_failures;
    return;
  }
  rtp_->send(to, buffer.first(*size));
  ++figures_.packets_sent;
  octets_sent_ += length - media::kRtpFixedHeaderBytes;
}

Status MediaSession::sendDigits(std::string_view keys) {
  if (!plan_ || !plan_->events)
    return Error{ErrorKind::unavailable, "phone.dtmf.not_agreed", "the other end takes no keys"};
  for (const char key : keys) {
    const auto event = eventOf(key);
    if (!event) return Error{ErrorKind::misconfigured, "phone.dtmf.key", std::string{key}};
    const auto& numbering = sender_->numbering();
    SP_TRY(events_.play({.code = *event}, *plan_->events, numbering.ssrc, numbering.timestamp, loop_.now()));
  }
  return success();
}

void MediaSession::playFrames(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto played = receiver_->play(loop_.now());
    if (!played && !figures_.audio_error) figures_.audio_error = played.error();
  }
}

MediaFigures MediaSession::figures() const {
  MediaFigures figures = figures_;
  figures.quality = quality_.figures();
  figures.digits = digits_.keys();
  if (path_) figures.ice = path_->iceFacts();
  if (figures.codec) figures.rating = media::rate(figures.quality, ratedAs(*figures.codec), figures.round_trip);
  if (receiver_) {
    figures.jitter_buffer = receiver_->counters();
    figures.recovered = receiver_->recovered();
    figures.undecodable = receiver_->undecodable();
  }
  return figures;
}

}  // namespace sallyport::phone
