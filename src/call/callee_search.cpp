// SPDX-License-Identifier: Apache-2.0
#include "call/callee_search.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "call/earliest.h"
#include "call/final_choice.h"
#include "call/own_names.h"
#include "call/status_map.h"
#include "sip/char_class.h"

namespace sallyport::call {
namespace {

constexpr int kDeclinedForAll = 600;      // RFC 3261 21.6
constexpr int kNotAcceptable = 488;       // RFC 3261 21.4.26: this offer, not the call
constexpr unsigned kMostRedirects = 3;    // that are followed for one call
constexpr std::size_t kMostContacts = 4;  // of one redirect

// What is said against the server or the way to it, rather than by who was called.
bool blamesServer(int status) { return status == 408 || status >= 500; }

// user@host, whoever writes it how.
std::string addressOf(const sip::Uri& uri) {
  std::string name{uri.user};
  name += '@';
  std::transform(uri.host.begin(), uri.host.end(), std::back_inserter(name), sip::lower);
  return name;
}

// Of what came to nothing on our side of the peer: the same may go well with another target.
bool isOurTrouble(int status) { return status == 408 || status == 500 || (status >= 502 && status <= 504); }

}  // namespace

CalleeSearch::CalleeSearch(Parts parts, TargetPlan plan) : parts_(std::move(parts)), plan_(std::move(plan)) {}
CalleeSearch::~CalleeSearch() = default;

// --- one group after the other -------------------------------------------------------------------------------

void CalleeSearch::start() {
  startNextGroup();
  conclude();
}

void CalleeSearch::startNextGroup() {
  auto& group = plan_.groups[next_group_++];
  if (group.size() > kMostForks) group.resize(kMostForks);
  group_begins_ = failures_.size();
  starting_ = true;  // an attempt may fail before it has begun
  for (const auto& target : group) {
    if (over_ || !startAttempt(target)) break;
  }
  starting_ = false;
  dropBranches();
}

Result<std::string> CalleeSearch::offerOn(MediaSession::Branch branch) {
  if (parts_.offer == Offer::joining) return parts_.media.joiningOffer(branch);
  parts_.media.choose(branch);
  return parts_.offer == Offer::opening ? parts_.media.openingOffer(side()) : parts_.media.offerTo(side());
}

MediaPlace CalleeSearch::placeOf(const Target& target) const {
  const auto facts = target.flow ? parts_.context.flows.facts(*target.flow) : nullptr;
  const auto& address = target.address ? target.address : target.peer->address;
  const auto family = address ? address->address.family() : parts_.family;
  return mediaPlaceOf(*parts_.policy->config, *target.peer, facts.get(), family);
}

// False: no attempt can be made any more.
bool CalleeSearch::startAttempt(const Target& target, std::size_t keying) {
  auto permits = parts_.owner.admit(target);
  if (!permits) {
    passOver(target, permits.error());
    return true;
  }
  auto branch = parts_.media.open(side(), *target.peer, placeOf(target), parts_.context.wall);
  Result<std::string> offer{std::string{}};
  if (branch) {
    if (keying > 0) parts_.media.offerFirst(*branch, target.peer->media.keyings[keying]);
    offer = offerOn(*branch);
    if (!offer) past_branches_.push_back(*branch);
  }
  if (!branch || !offer) {
    const auto& error = branch ? offer.error() : branch.error();
    const int status = statusTowardsPeer(error);
    failures_.push_back(
        {status, error, branch ? "caller" : "edge", status, isOurTrouble(status) ? Next::others : Next::none});
    return branch.ok();
  }
  const auto& now = parts_.context.now;
  auto& attempt = *attempts_.emplace_back(std::make_unique<Attempt>());
  attempt.leg = std::make_unique<Leg>(parts_.context, static_cast<LegEvents&>(*this), parts_.call, parts_.role,
                                      parts_.policy, target);
  attempt.leg->hold(*std::move(permits));
  attempt.branch = *branch;
  attempt.keying = keying;
  attempt.started = now;
  // The last to be tried may take as long as the call.
  if (next_group_ < plan_.groups.size()) attempt.ring_by = now + plan_.attempt_timeout;
  auto invite = parts_.owner.inviteTo(target);
  invite.sdp = *std::move(offer);
  attempt.leg->invite(std::move(invite));
  return true;
}

// Its trunk is full, or taken out of service: as if it had answered 503.
void CalleeSearch::passOver(const Target& target, const Error& error) {
  failures_.push_back({503, error, "edge", statusTowardsPeer(error), Next::others});
  logFailure(target, failures_.back());
  parts_.owner.onAttemptOver(target, {}, {target.label, 503, error.code, 0});
}

bool CalleeSearch::mayGoOn() const {
  if (early_given_ || next_group_ == plan_.groups.size()) return false;
  return std::all_of(failures_.begin() + static_cast<std::ptrdiff_t>(group_begins_), failures_.end(),
                     [](const Failure& failure) { return failure.next != Next::none; });
}

// Goes on once nothing of the group is under way.
void CalleeSearch::conclude() {
  while (!over_ && !starting_ && attempts_.empty()) {
    if (mayGoOn()) {
      startNextGroup();
      continue;
    }
    over_ = true;
    dropBranches();
    const auto& told = best();
    return parts_.owner.onNobody({told.error.code, told.error.detail, told.by, told.told});
  }
}

// A redirect that was followed is no answer where there is another.
const CalleeSearch::Failure& CalleeSearch::best() const {
  std::vector<const Failure*> candidates;
  for (const auto& failure : failures_) {
    if (failure.next != Next::followed) candidates.push_back(&failure);
  }
  if (candidates.empty()) return failures_.back();
  std::vector<int> statuses;
  for (const auto* failure : candidates) statuses.push_back(failure->status);
  return *candidates[bestFinal(statuses)];
}

// --- what an attempt hears --------------------------------------------------------------------------------------

CalleeSearch::Attempt* CalleeSearch::of(const Leg& leg) {
  const auto found =
      std::find_if(attempts_.begin(), attempts_.end(), [&](const auto& attempt) { return attempt->leg.get() == &leg; });
  return found == attempts_.end() ? nullptr : found->get();
}

void CalleeSearch::onProgress(Leg& leg, int status, std::string_view sdp) {
  auto* attempt = of(leg);
  if (attempt == nullptr) return;
  attempt->ring_by.reset();
  if (!sdp.empty()) attempt->early_sdp = sdp;
  const bool heard = !sdp.empty() && parts_.offer == Offer::onward && (early_ == nullptr || early_ == &leg);
  if (heard) return useEarlyMedia(*attempt, status);
  if (isNews(status)) parts_.owner.onRinging(leg, status);
}

// 180 to 183 are passed on; from a single target each time they come, from several each of them once.
bool CalleeSearch::isNews(int status) {
  if (status < 180 || status > 183) return false;
  const unsigned bit = 1u << (status - 180);
  const bool told = (told_ & bit) != 0;
  told_ |= bit;
  return !told || plan_.groups[next_group_ - 1].size() == 1;
}

Status CalleeSearch::readDescription(Attempt& attempt, std::string_view sdp) {
  if (parts_.offer == Offer::joining) {
    return parts_.media.readJoiningAnswer(attempt.branch, sdp, parts_.context.now, parts_.context.wall);
  }
  const auto before = parts_.media.chosen(side());
  parts_.media.choose(attempt.branch);
  auto read = parts_.media.readAnswer(side(), sdp, parts_.context.now, parts_.context.wall);
  if (!read) parts_.media.choose(before);
  return read;
}

void CalleeSearch::useEarlyMedia(Attempt& attempt, int status) {
  if (const auto read = readDescription(attempt, attempt.early_sdp); !read) return refuseMedia(attempt, read.error());
  early_ = attempt.leg.get();
  early_given_ = true;
  (void)isNews(183);
  parts_.owner.onEarlyMedia(*attempt.leg, status);
}

void CalleeSearch::onAnswer(Leg& leg, std::string_view sdp) {
  auto* attempt = of(leg);
  if (attempt == nullptr) return;
  if (early_ != &leg || !sdp.empty()) {
    const std::string description{sdp.empty() ? std::string_view{attempt->early_sdp} : sdp};
    if (const auto read = readDescription(*attempt, description); !read) return refuseMedia(*attempt, read.error());
  }
  over_ = true;
  report(*attempt, 200, {});
  if (parts_.context.targets != nullptr) parts_.context.targets->onSuccess(leg.target());
  const auto branch = attempt->branch;
  auto found = take(*attempt);
  past_branches_.pop_back();  // its branch stays
  stopOthers({"call.answered_elsewhere", "", "callee", 200});
  dropBranches();
  parts_.owner.onFound(std::move(found), branch);
}

// A description that policy or the RFCs refuse, whoever answered with it.
void CalleeSearch::refuseMedia(Attempt& attempt, const Error& error) {
  parts_.log.event(telemetry::Severity::warning, "call.media_refused",
                   {{"call", parts_.call},
                    {"leg", nameOf(parts_.role)},
                    {"peer", attempt.leg->peer().name},
                    {"reason", error.code},
                    {"detail", error.detail}});
  const int status = statusTowardsPeer(error);
  fail(attempt, {status, error, nameOf(parts_.role), status});
}

// An offer in an early dialog, answered where it concerns nobody but that peer.
void CalleeSearch::onOffer(Leg& leg, std::string_view sdp) {
  if (early_ != &leg) return leg.reject(491);
  const auto answer = parts_.media.answerLocally(side(), sdp, parts_.context.now, parts_.context.wall);
  if (!answer) return leg.reject(statusTowardsPeer(answer.error()));
  leg.answer(*answer);
}

void CalleeSearch::onRejected(Leg& leg, const Rejection& why) {
  auto* attempt = of(leg);
  if (attempt == nullptr) return;
  if (mayOfferOtherwise(*attempt, why)) return offerOtherwise(*attempt, why);
  const auto& error = why.error;
  const bool from_peer = std::string_view{error.code} == "call.rejected";
  const bool broken = !from_peer && error.kind == ErrorKind::peerMisbehaved;  // its answer, not the caller's request
  const int told = from_peer ? statusTowardsPeer(why.status) : broken ? 502 : statusTowardsPeer(error);
  const bool others = from_peer ? leg.peer().failsOver(why.status) : isOurTrouble(why.status);
  Failure failure{why.status, error, from_peer ? nameOf(parts_.role) : "edge", told};
  failure.next = follow(leg, why) ? Next::followed : others ? Next::others : Next::none;
  failure.retry_after = why.retry_after;
  fail(*attempt, std::move(failure));
}

bool CalleeSearch::mayOfferOtherwise(const Attempt& attempt, const Rejection& why) const {
  const auto& media = attempt.leg->peer().media;
  return why.status == kNotAcceptable && std::string_view{why.error.code} == "call.rejected" && early_ == nullptr &&
         sdp::isKeyed(media.protection) && attempt.keying + 1 < media.keyings.size();
}

// The same place is asked again, in a dialog of its own.
void CalleeSearch::offerOtherwise(Attempt& attempt, const Rejection& why) {
  const auto target = attempt.leg->target();
  const auto next = attempt.keying + 1;
  parts_.log.event(telemetry::Severity::notice, "call.attempt.keyed_otherwise",
                   {{"call", parts_.call},
                    {"target", target.label},
                    {"peer", target.peer->name},
                    {"refused", sdp::toString(target.peer->media.keyings[attempt.keying])},
                    {"offered", sdp::toString(target.peer->media.keyings[next])}});
  report(attempt, why.status, why.error.code);
  auto refused = take(attempt);
  refused->giveBack();
  refused->end({why.error.code, why.error.detail, nameOf(parts_.role), why.status});
  parts_.leaving.add(std::move(refused));
  const bool starting = std::exchange(starting_, true);
  (void)startAttempt(target, next);
  starting_ = starting;
  dropBranches();
  conclude();
}

// RFC 3261 8.1.3.4: each contact is tried once, in its order, and only where a new call of the caller's might go. True
// when there is one.
bool CalleeSearch::follow(const Leg& leg, const Rejection& why) {
  if (why.status < 300 || why.status > 302 || !leg.peer().follow_redirects) return false;
  if (early_given_ || parts_.offer == Offer::joining || redirects_ == kMostRedirects) return false;
  ++redirects_;
  auto next = plan_.groups.begin() + static_cast<std::ptrdiff_t>(next_group_);
  bool any = false;
  for (std::size_t i = 0; i < std::min(why.contacts.size(), kMostContacts); ++i) {
    const auto& contact = why.contacts[i];
    const auto uri = sip::Uri::parse(contact);
    if (!uri || !followed_.insert(addressOf(*uri)).second) continue;
    auto groups = parts_.owner.redirect(leg.peer(), contact);
    parts_.log.event(groups ? telemetry::Severity::notice : telemetry::Severity::warning,
                     groups ? "call.redirect.followed" : "call.redirect.refused",
                     {{"call", parts_.call},
                      {"peer", leg.peer().name},
                      {"status", why.status},
                      {"contact", contact},
                      {"reason", groups ? "" : groups.error().code},
                      {"detail", groups ? "" : groups.error().detail}});
    if (!groups) continue;
    any = true;
    const auto count = static_cast<std::ptrdiff_t>(groups->size());
    next = plan_.groups.insert(next, std::make_move_iterator(groups->begin()), std::make_move_iterator(groups->end())) +
           count;
  }
  return any;
}

void CalleeSearch::onBye(Leg& leg, std::string_view reason) {
  const Error error{ErrorKind::unavailable, "call.bye", std::string{reason}};
  if (auto* attempt = of(leg)) fail(*attempt, {480, error, nameOf(parts_.role), 480});
}

void CalleeSearch::onLost(Leg& leg, const Error& error) {
  if (auto* attempt = of(leg)) fail(*attempt, {480, error, nameOf(parts_.role), statusTowardsPeer(error)});
}

// --- an attempt ends ----------------------------------------------------------------------------------------------

void CalleeSearch::fail(Attempt& attempt, Failure failure) {
  const auto& leg = *attempt.leg;
  logFailure(leg.target(), failure);
  tellObserver(leg.target(), failure);
  report(attempt, failure.status, failure.error.code);
  const bool for_all = failure.status >= kDeclinedForAll;
  const bool was_heard = early_ == &leg;
  const EndCause cause{failure.error.code, failure.error.detail, failure.by, failure.told};
  failures_.push_back(std::move(failure));
  auto failed = take(attempt);
  failed->end(cause);
  parts_.leaving.add(std::move(failed));
  if (for_all) {
    next_group_ = plan_.groups.size();
    stopOthers(cause);
  }
  if (was_heard) {
    early_ = nullptr;
    // Another that describes itself takes over what the caller hears.
    const auto next =
        std::find_if(attempts_.begin(), attempts_.end(), [](const auto& other) { return !other->early_sdp.empty(); });
    if (next != attempts_.end()) return useEarlyMedia(**next, 183);
  }
  conclude();
}

void CalleeSearch::logFailure(const Target& target, const Failure& failure) {
  parts_.log.event(telemetry::Severity::notice, "call.attempt.failed",
                   {{"call", parts_.call},
                    {"target", target.label},
                    {"peer", target.peer->name},
                    {"status", failure.status},
                    {"reason", failure.error.code},
                    {"detail", failure.error.detail}});
}

void CalleeSearch::tellObserver(const Target& target, const Failure& failure) {
  auto* observer = parts_.context.targets;
  if (observer == nullptr) return;
  // A server that asks for what we can not prove is there all the same.
  const bool answered = isChallengeRefusal(failure.error);
  if (answered || !blamesServer(failure.status) || failure.status >= kDeclinedForAll)
    return observer->onSuccess(target);
  observer->onFailure(target, failure.error, failure.retry_after);
}

void CalleeSearch::report(const Attempt& attempt, int status, const std::string& code) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(parts_.context.now - attempt.started);
  const auto& leg = *attempt.leg;
  parts_.owner.onAttemptOver(
      leg.target(), leg.callId(),
      {leg.target().label, static_cast<unsigned>(status), code, static_cast<std::uint64_t>(took.count())});
}

// The attempt is no longer under way.
std::unique_ptr<Leg> CalleeSearch::take(Attempt& attempt) {
  auto leg = std::move(attempt.leg);
  past_branches_.push_back(attempt.branch);
  std::erase_if(attempts_, [&](const auto& each) { return each.get() == &attempt; });
  return leg;
}

void CalleeSearch::stopOthers(const EndCause& cause) {
  while (!attempts_.empty()) {
    auto& attempt = *attempts_.back();
    report(attempt, 0, cause.code);
    auto leg = take(attempt);
    leg->end(cause);
    parts_.leaving.add(std::move(leg));
  }
}

// All but the one that the side stands on at the moment.
void CalleeSearch::dropBranches() {
  if (past_branches_.empty()) return;  // nothing was tried: the side has no branch yet
  const auto kept = parts_.media.chosen(side());
  std::erase_if(past_branches_, [&](MediaSession::Branch branch) {
    if (branch == kept) return false;
    parts_.media.drop(branch, parts_.context.wall);
    return true;
  });
}

void CalleeSearch::abandon(const EndCause& cause) {
  if (std::exchange(over_, true)) return;
  stopOthers(cause);
  dropBranches();
}

// --- time ----------------------------------------------------------------------------------------------------------

std::optional<TimePoint> CalleeSearch::deadline() const {
  std::optional<TimePoint> first;
  for (const auto& attempt : attempts_) {
    first = earliest(first, earliest(attempt->ring_by, attempt->leg->deadline()));
  }
  return first;
}

void CalleeSearch::advance() {
  std::vector<Leg*> legs;
  for (const auto& attempt : attempts_) legs.push_back(attempt->leg.get());
  for (auto* leg : legs) {
    auto* attempt = of(*leg);
    if (attempt == nullptr) continue;  // ended by what another one met
    if (attempt->ring_by && parts_.context.now >= *attempt->ring_by) {
      const Error error{ErrorKind::unavailable, "call.attempt.timeout", "nothing but 100 in time"};
      fail(*attempt, {408, error, "edge", 408, Next::others});
    } else {
      leg->advance();
    }
  }
}

bool CalleeSearch::isLast(const Leg& leg) const {
  return attempts_.size() == 1 && attempts_.front()->leg.get() == &leg;
}

void CalleeSearch::peers(std::vector<std::string_view>& names) const {
  for (const auto& attempt : attempts_) names.push_back(attempt->leg->peer().name);
}

}  // namespace sallyport::call
